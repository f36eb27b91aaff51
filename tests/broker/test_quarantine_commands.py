"""``interfocal quarantine`` as a person uses it: what it shows, what it tries, what it decides."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from consumers.desk.told import ToldHandler
from consumers.quarantine.handler import SettlingHandler
from consumers.quarantine.telling import Teller
from consumers.store.migrate import migrate
from consumers.view.handler import ViewHandler
from interfocal.commands import quarantine, quarantine_acts
from interfocal.commands.main import build_app
from interfocal.installation.installation import Places
from interfocal.installation.settings import Settings
from interfocal.stack import Stack, create_database, drop_database
from looping import OWNERS, Bench, bench
from records import Station, a_seizure, changed, signing_key
from schemas.directory import Directory
from schemas.errors import NotInForce
from schemas.record import SEAL_HEADER
from schemas.topics import DECISION_TOPIC, quarantine_topic
from schemas.trust.chain import Expectation
from schemas.wire.codec import decode
from sealing import AUD, SEALED_AT, expecting
from twins import TwinLog

TOPICS = ["rs.seizure", DECISION_TOPIC]
TOLD = quarantine_topic("rs")
DIRECTORY = Directory.model_validate(
    {
        "region": AUD,
        "title": "Test",
        "version": 1,
        "exercise": True,
        "issued_at": SEALED_AT,
        "expires_at": SEALED_AT.replace(year=2100),
        "members": [{"code": "RS", "name": "RS", "footnote": "* a note"}, {"code": "AL", "name": "AL"}],
    }
)


@dataclass(frozen=True, slots=True)
class OpenedInstallation:
    """What the commands read of an installation."""

    region_url: str
    own_desk_url: str = ""
    places: Places = field(default_factory=lambda: Places(Path(mkdtemp())))
    directory: Directory = DIRECTORY
    settings: Settings = field(default_factory=Settings)
    seals: Expectation = field(default_factory=lambda: expecting(*(signing_key(owner) for owner in OWNERS)))

    def desk_url(self, _: str) -> str:
        return self.own_desk_url


@pytest.fixture
def at(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    handler = ViewHandler()
    opened = bench(database, TOPICS, handler=handler, also=(SettlingHandler((handler,), 100),))
    for command in (quarantine, quarantine_acts):
        monkeypatch.setattr(command, "open_installation", lambda _: OpenedInstallation(database))
    station = Station("rs.seizure")
    whole = a_seizure("case-1")
    station.put(opened.log, whole, changed(whole, exercise=False, context="airport"))
    record = station.record(a_seizure("case-2"))
    opened.log.write(record.topic, record.key, record.value, ((SEAL_HEADER, b"no seal"),))
    station.put(opened.log, a_seizure("case-3", exercise=False))
    opened.drain(opened.loop())
    yield opened
    opened.close()


@pytest.fixture
def desk(stack: Stack) -> Iterator[Bench]:
    """The desk of RS, which folds what the region tells it."""
    name = f"test_{secrets.token_hex(8)}"
    url = create_database(stack.postgres_url, name)
    migrate(url, "desk")
    opened = Bench(url, TwinLog([TOLD]), handler=ToldHandler(), short_lived=frozenset({TOLD}))
    yield opened
    opened.close()
    drop_database(stack.postgres_url, name)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), ["quarantine", *arguments])


def told(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def decided(at: Bench) -> list[Any]:
    return [decode(value)[1] for (value,) in at.rows("select value from region_outbox order by row_id")]


def test_nobody_decides_by_a_directory_that_has_expired(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    expired = OpenedInstallation(at.url, directory=DIRECTORY.model_copy(update={"expires_at": SEALED_AT}))
    monkeypatch.setattr(quarantine_acts, "open_installation", lambda _: expired)
    refused = run("retry", "1", "--because", "mended", "--by", "o-7")
    assert isinstance(refused.exception, NotInForce)
    assert decided(at) == []


@pytest.mark.usefixtures("at")
def test_an_entry_shows_its_end_and_what_its_reason_means() -> None:
    shown = told("show", "1")
    assert (shown["reason"], shown["settled"], shown["released_by"]) == ("other_exercise", None, None)
    assert shown["meaning"].startswith("Exercise data and real records are never mixed")
    assert shown["footnotes"] == {"RS": "* a note"}
    assert "RS: * a note" in run("show", "1").stdout


@pytest.mark.usefixtures("at")
def test_a_difference_names_each_field_and_how_it_would_be_judged_now() -> None:
    found = told("diff", "1")
    assert (found["then"], found["now"]) == ("other_exercise", "other_exercise")
    assert found["compared_with"].startswith("revision 1")
    assert {(c["field"], c["quarantined"], c["applied"]) for c in found["changes"]} == {
        ("context", "airport", "border_crossing_point"),
        ("exercise", False, True),
    }
    assert "context: 'airport' here, 'border_crossing_point' applied" in run("diff", "1").stdout
    assert told("diff", "3")["compared_with"] is None
    assert "there is nothing to compare" in run("diff", "3").stdout


def test_a_dry_run_says_what_would_be_and_changes_nothing(at: Bench) -> None:
    result = run("retry", "1", "3", "--because", "program_mended", "--by", "o-7", "--dry-run")
    assert result.exit_code == 0
    assert "1: other_exercise" in result.stdout
    assert "0 of 2 would be used (dry run: nothing was changed)." in result.stdout
    result = run("discard", "--member", "-", "--because", "not_the_senders", "--by", "o-7", "--dry-run")
    assert "rs.seizure  bad_seal_form" in result.stdout
    assert decided(at) == []
    assert at.rows("select count(*) from quarantine where released_by is not null or settled is not null") == [(0,)]


def test_a_release_and_a_discard_are_decisions(at: Bench) -> None:
    assert run("retry", "1", "--because", "program_mended", "--by", "o-7").exit_code == 0
    assert run("discard", "2", "--because", "not_the_senders", "--by", "o-7").exit_code == 0
    assert [(d.kind, d.decided_by) for d in decided(at)] == [("release", "o-7"), ("discard", "o-7")]
    again = run("retry", "1", "--because", "program_mended", "--by", "o-7")
    assert again.exit_code != 0


def test_many_are_discarded_when_another_person_confirms(at: Bench) -> None:
    result = run("discard", "--stream", "seizure", "--because", "test_bytes", "--by", "o-7")
    assert "interfocal quarantine confirm 1 --by MARK" in result.stdout
    assert decided(at) == []
    assert run("confirm", "1", "--by", "o-7").exit_code != 0
    assert "3 entries are discarded." in run("confirm", "1", "--by", "o-9").stdout
    assert {(d.decided_by, d.confirmed_by) for d in decided(at)} == {("o-7", "o-9")}


@pytest.mark.usefixtures("at")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["retry", "--because", "other", "--by", "o"], "name entries by number"),
        (["retry", "99", "--because", "other", "--by", "o"], "there is no entry 99"),
        (["retry", "1", "--because", "whim", "--by", "o"], "is no reason to settle an entry"),
        (["discard", "--member", "ZZ", "--because", "other", "--by", "o"], "ZZ"),
        (["confirm", "5", "--by", "o"], "there is no proposal 5"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert said in f"{result.output} {result.exception}"


def test_a_member_reads_what_it_was_told(at: Bench, desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(at.url) as connection:
        Teller(AUD, exercise=True, now=lambda: SEALED_AT).tell(connection)
    Station(TOLD).put(desk.log, *decided(at))
    desk.drain(desk.loop())
    assert desk.reasons() == []
    monkeypatch.setattr(quarantine, "open_installation", lambda _: OpenedInstallation(at.url, desk.url))
    rows = told("list", "--as", "rs")["rows"]
    assert {(row["member"], row["offset"], row["reason"]) for row in rows} == {
        ("RS", 1, "other_exercise"),
        ("RS", 3, "other_exercise"),
    }
    assert told("list", "--as", "rs", "--reason", "no_seal")["rows"] == []
