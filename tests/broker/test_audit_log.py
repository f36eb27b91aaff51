"""The audit logs on the real PostgreSQL: what is logged, that it is only ever added to, and that a forgery is found."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from consumers.audit.log import Acting, Deed, Head, Kind, append, audit_head
from consumers.store.connection import connector
from consumers.store.migrate import migrate
from consumers.store.session import Session
from interfocal.audit.logs import AuditLog
from interfocal.commands.main import build_app
from interfocal.installation.installation import Installation
from small_records import ASKED, ASKER
from small_region import SmallRegion

ME = Acting("op-1", "REGION", "operation", "none")
READ = Deed(Kind.CONSULTATION, {"list": "seizures"}, ("AA",))


@pytest.fixture
def here(settled: SmallRegion, tmp_path: Path) -> Iterator[Installation]:
    with settled.copy(tmp_path) as copied:
        yield copied.installation


def run(installation: Installation, *arguments: str) -> Result:
    return CliRunner().invoke(build_app(), [*arguments, "--var", str(installation.var)])


def logged(installation: Installation, *options: str) -> list[dict[str, Any]]:
    result = run(installation, "audit", "list", "--json", *options)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)["rows"]
    return rows


def last(installation: Installation, *options: str) -> tuple[str, str, str, dict[str, Any]]:
    row = logged(installation, *options)[-1]
    return row["kind"], row["person"], row["member"], json.loads(row["what"])


def forge(url: str, *statements: str) -> None:
    """What somebody does who owns the database."""
    with psycopg.connect(url) as connection:
        connection.execute("alter table audit_entry disable trigger audit_kept")
        for statement in statements:
            connection.execute(statement.encode())
        connection.execute("alter table audit_entry enable always trigger audit_kept")


def verdict(installation: Installation, *options: str) -> tuple[int, list[str]]:
    result = run(installation, "audit", "verify", "--json", *options)
    told = json.loads(result.stdout)
    assert told["holds"] == (result.exit_code == 0)
    return result.exit_code, [found["flaw"] for found in told["found"]]


def test_what_was_delivered_is_logged_as_disclosed_to_each_addressee(here: Installation, settled: SmallRegion) -> None:
    row = logged(here, "--kind", "disclosure")[0]
    assert (row["person"], row["purpose"]) == ("router", "tracing")
    assert set(row["recipients"].split(", ")) == {ASKER, ASKED}
    assert json.loads(row["what"])["event"] == settled.events["request"]
    assert verdict(here) == (0, [])


@pytest.mark.parametrize(
    ("command", "desk", "what"),
    [
        (["view", "seizures"], None, "list"),
        (["view", "summary"], None, "list"),
        (["trace", "list"], None, "list"),
        (["trace", "show", "{trace}"], None, "trace"),
        (["trace", "explain", "{trace}"], None, "explained"),
        (["quarantine", "show", "1"], None, "quarantined"),
        (["quarantine", "diff", "1"], None, "quarantined"),
        (["tail", "aa.seizure", "--count", "1"], None, "topic"),
        (["inbox", "--as", ASKED], ASKED, "list"),
        (["trace", "list", "--as", ASKER], ASKER, "list"),
        (["trace", "show", "{trace}", "--as", ASKER], ASKER, "trace"),
        (["trace", "explain", "{trace}", "--as", ASKER], ASKER, "explained"),
    ],
)
def test_every_command_that_shows_a_record_is_logged_with_who_and_why(
    here: Installation, command: list[str], desk: str | None, what: str
) -> None:
    with psycopg.connect(here.region_url) as region:
        row = region.execute("select trace_id from trace").fetchone()
    assert row is not None
    words = [word.format(trace=row[0]) for word in command]
    result = run(here, *words, "--person", "mark-7", "--purpose", "tracing", "--case", "C-77")
    assert result.exit_code == 0, result.output
    options = ("--desk", desk) if desk else ()
    found = logged(here, *options)[-1]
    assert (found["kind"], found["person"], found["member"]) == ("consultation", "mark-7", desk or "REGION")
    assert (found["purpose"], found["case"]) == ("tracing", "C-77")
    assert what in json.loads(found["what"])
    assert verdict(here, *options) == (0, [])


def test_what_is_taken_along_is_an_export(here: Installation) -> None:
    assert run(here, "view", "items", "--csv").exit_code == 0
    assert last(here)[0] == "export"
    assert run(here, "inbox", "--as", ASKED, "--csv").exit_code == 0
    assert last(here, "--desk", ASKED)[0] == "export"


@pytest.mark.parametrize(("words", "desk"), [((), ()), (("--as", ASKED), ("--desk", ASKED))])
def test_a_backup_is_an_export(
    here: Installation, tmp_path: Path, words: tuple[str, ...], desk: tuple[str, ...]
) -> None:
    result = run(here, "backup", str(tmp_path / "kept"), *words, "--person", "op-3")
    assert result.exit_code == 0, result.output
    assert last(here, *desk) == ("export", "op-3", desk[1] if desk else "REGION", {"backup": "data"})


def test_a_number_that_was_asked_for_is_not_in_the_log(here: Installation) -> None:
    assert run(here, "view", "items", "--serial", "SECRET77", "--make", "Nobody").exit_code == 0
    kind, _, _, what = last(here)
    assert (kind, what["narrowed_by"], what["records"]) == ("consultation", ["make", "serial"], [])
    with psycopg.connect(here.region_url) as region:
        assert (
            region.execute("select 1 from audit_entry where entry like '%SECRET%' or entry like '%Nobody%'").rowcount
            == 0
        )


def test_what_is_shown_is_named_by_its_records_ids(here: Installation, settled: SmallRegion) -> None:
    del settled
    told = json.loads(run(here, "view", "seizures", "--json").stdout)
    assert last(here)[3]["records"] == sorted(row["record_id"] for row in told["rows"])


def test_settling_an_entry_of_the_quarantine_is_an_alteration(here: Installation) -> None:
    result = run(here, "quarantine", "discard", "1", "--because", "test_bytes", "--by", "op-9")
    assert result.exit_code == 0, result.output
    kind, person, _, what = last(here)
    assert (kind, person) == ("alteration", "op-9")
    assert "discard" in what


def test_whoever_cannot_log_reads_nothing(here: Installation) -> None:
    with psycopg.connect(here.region_url) as region:
        region.execute("drop function audit_append")
    result = run(here, "view", "seizures")
    assert result.exit_code != 0
    assert "C-1" not in result.stdout


@pytest.mark.parametrize(
    "statement", ["update audit_entry set entry = ''", "delete from audit_entry", "truncate audit_entry"]
)
def test_the_log_is_only_ever_added_to(here: Installation, statement: str) -> None:
    refused = pytest.raises(psycopg.errors.RaiseException, match="only ever added")
    with psycopg.connect(here.region_url, options="-c session_replication_role=replica") as region, refused:
        region.execute(statement.encode())


FORGERIES: dict[str, tuple[str, str]] = {
    "a change": ("update audit_entry set entry = replace(entry, '\"kind\"', '\"sort\"') where number = 2", "altered"),
    "one taken out": ("delete from audit_entry where number = 2", "gap"),
    "the end cut off": ("delete from audit_entry where number > 2", "cut_off"),
    "all of it gone": ("delete from audit_entry", "cut_off"),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_what_the_owner_of_the_database_forges_is_found(here: Installation, how: str) -> None:
    for _ in range(3):
        assert run(here, "view", "seizures").exit_code == 0
    assert verdict(here) == (0, [])
    statement, flaw = FORGERIES[how]
    forge(here.region_url, statement)
    code, flaws = verdict(here)
    assert code == 1
    assert flaw in flaws


def test_a_log_that_was_written_anew_disagrees_with_its_anchors(here: Installation) -> None:
    for _ in range(3):
        assert run(here, "view", "seizures").exit_code == 0
    entries = len(logged(here))
    forge(here.region_url, "delete from audit_entry where number > 1")
    with psycopg.connect(here.region_url) as region:
        for _ in range(entries):
            append(region, ME, Deed(Kind.CONSULTATION, {"list": "nothing"}))
    assert set(verdict(here)[1]) == {"rewritten"}


def test_entries_of_many_at_once_are_numbered_without_a_gap(database: str) -> None:
    migrate(database, "region")

    def add() -> None:
        with closing(Session(connector(database, "test"))) as session:
            for _ in range(10):
                session.transact(lambda transaction: append(transaction, ME, READ))

    threads = [Thread(target=add) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*), max(number) from audit_entry").fetchone() == (50, 50)


def test_an_entry_is_there_exactly_if_what_it_tells_of_is(database: str) -> None:
    migrate(database, "desk")
    with psycopg.connect(database) as connection:
        append(connection, ME, READ)
        connection.rollback()
        assert audit_head(connection) is None
        first = append(connection, ME, READ)
        connection.commit()
        assert audit_head(connection) == first == Head(1, first.hash)


def test_whoever_has_no_right_adds_nothing(database: str) -> None:
    migrate(database, "region")
    with psycopg.connect(database) as connection:
        connection.execute("create role nobody_of_this_test")
        try:
            connection.execute("set local role nobody_of_this_test")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                append(connection, ME, READ)
        finally:
            connection.rollback()


def test_the_heads_of_a_running_process_are_kept_apart(here: Installation) -> None:
    log = AuditLog(here)
    with closing(Session(connector(log.url, "test"))) as session:
        log.anchor(session)
        assert log.anchor(session) is False
        session.transact(lambda transaction: append(transaction, ME, READ))
        assert log.anchor(session) is True
        head = session.transact(audit_head)
    assert log.anchors.read()[-1].head == head
