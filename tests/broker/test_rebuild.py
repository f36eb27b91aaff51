"""The regional database folded anew beside the live one: the same, or what differs; and nothing else is touched."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from interfocal.commands.main import build_app, run
from interfocal.installation.installation import Installation
from interfocal.rebuild.comparing import KEYS
from interfocal.servers.databases import has_database
from interfocal.stack import Stack, create_database, database_url, drop_database
from small_records import ASKED, ASKER
from small_region import SmallRegion, member_parts, region_parts, settle, settled_region


@pytest.fixture
def small(settled: SmallRegion, tmp_path: Path) -> Iterator[SmallRegion]:
    with settled.copy(tmp_path) as copied:
        yield copied


def rebuilt(small: SmallRegion, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and what is told as JSON."""
    words = ["rebuild", *options, "--json", "--var", str(small.installation.var)]
    told = CliRunner().invoke(build_app(), words, catch_exceptions=False)
    return told.exit_code, json.loads(told.stdout)


def code_of(small: SmallRegion, *options: str) -> int:
    """The exit code of the whole program."""
    return run(["rebuild", *options, "--var", str(small.installation.var)])


def live_name(small: SmallRegion) -> str:
    return small.installation.region_url.rsplit("/", 1)[1]


@pytest.mark.parametrize("processes", ["1", "2", "4"])
def test_what_is_folded_anew_equals_what_was_folded_live(small: SmallRegion, processes: str) -> None:
    code, told = rebuilt(small, "--verify", "--processes", processes)
    assert (code, told["equal"], told["gaps"]) == (0, True, [])
    counts = {table: (t["live"], t["rebuilt"]) for table, t in told["tables"].items()}
    assert all(live == anew > 0 for live, anew in counts.values())
    assert told["records"] == sum(next_offset for (next_offset,) in positions(small))
    assert sum(told["quarantined"].values()) == len(quarantine(small)) > 0
    assert not has_database(small.installation.postgres_url, f"{live_name(small)}_rebuild")


def positions(small: SmallRegion) -> list[tuple[Any, ...]]:
    return small.rows(small.installation.region_url, "select next_offset from topic_position")


def quarantine(small: SmallRegion) -> list[tuple[Any, ...]]:
    return small.rows(small.installation.region_url, "select reason from quarantine")


CHANGES = {
    "item_revision": "update item_revision set kind = 'component'",
    "seizure_revision": "delete from seizure_revision",
    "mark_key": "insert into mark_key select stream, member, record_id, revision, sha256, place, 99, kind, value"
    " from mark_key limit 1",
    "trace": "update trace set state = 'closed'",
    "decision": 'update decision set body = body || \'{"subject": "another"}\'',
}


COLUMNS = {"item_revision": ["kind"], "trace": ["state"], "decision": ["body"]}


@pytest.mark.parametrize("table", CHANGES)
def test_a_difference_is_told_by_its_table_with_what_each_database_says(small: SmallRegion, table: str) -> None:
    small.change(small.installation.region_url, CHANGES[table])
    code, told = rebuilt(small, "--verify")
    assert (code, told["equal"]) == (1, False)
    differing = {name: t["differing"] for name, t in told["tables"].items() if t["differing"]}
    assert set(differing) == {table}
    for first in told["tables"][table]["first"]:
        assert first.get("live") != first.get("rebuilt")
        assert all(json.loads(line)[0] == table for name, line in first.items() if name != "columns")
        assert first["columns"] == COLUMNS.get(table, [])


def test_every_table_of_a_dump_is_compared() -> None:
    assert list(KEYS) == [
        *("seizure_revision", "item_revision", "missing_revision", "mark_key"),
        *("trace", "trace_hop", "trace_act", "decision"),
    ]


def test_a_rebuild_touches_nothing_of_the_live_database(small: SmallRegion) -> None:
    before = positions(small), quarantine(small)
    assert rebuilt(small, "--verify")[0] == 0
    assert (positions(small), quarantine(small)) == before


def test_without_verify_the_database_is_kept_and_the_next_rebuild_replaces_it(small: SmallRegion) -> None:
    name = f"{live_name(small)}_kept"
    server = small.installation.postgres_url
    try:
        for _ in range(2):
            code, told = rebuilt(small, "--into", name)
            assert (code, told["equal"], told["database"]) == (0, None, name)
        assert has_database(server, name)
        assert rebuilt(small, "--verify", "--into", name)[0] == 0
        assert not has_database(server, name)
    finally:
        drop_database(server, name)


def test_keep_leaves_the_proved_database(small: SmallRegion) -> None:
    server, name = small.installation.postgres_url, f"{live_name(small)}_proved"
    try:
        assert rebuilt(small, "--verify", "--keep", "--into", name)[1]["database"] == name
        assert has_database(server, name)
    finally:
        drop_database(server, name)


def test_a_database_that_no_rebuild_made_is_left_alone(small: SmallRegion, capsys: pytest.CaptureFixture[str]) -> None:
    server, name = small.installation.postgres_url, f"{live_name(small)}_other"
    create_database(server, name)
    try:
        assert code_of(small, "--verify", "--into", name) == 2
        assert "name another" in capsys.readouterr().err
        assert has_database(server, name)
    finally:
        drop_database(server, name)


@pytest.mark.parametrize("wrong", ["{live}", "{desk}", "No-Name", "x; drop"])
def test_no_database_at_work_and_no_odd_name_is_taken(small: SmallRegion, wrong: str) -> None:
    desk = next(iter(small.installation.desk_urls.values())).rsplit("/", 1)[1]
    assert code_of(small, "--into", wrong.format(live=live_name(small), desk=desk)) == 2
    assert has_database(small.installation.postgres_url, live_name(small))


def test_what_persons_released_and_discarded_is_the_same_in_a_rebuild(stack: Stack, tmp_path: Path) -> None:
    """A release asks to try again, which a rebuild does by reading; what is discarded is never used, in any order."""
    with settled_region(stack, tmp_path, f"t{secrets.token_hex(6)}.") as settled:
        var, numbers = str(settled.installation.var), [str(n) for n in range(1, 3)]
        decide = ["--because", "program_mended", "--by", "officer-1", "--var", var]
        assert run(["quarantine", "retry", numbers[0], *decide]) == 0
        assert run(["quarantine", "discard", numbers[1], *decide]) == 0
        bring_to_rest(settled.installation)
        query = "select topic, log_offset, settled is null from quarantine order by 1, 2"
        live = settled.rows(settled.installation.region_url, query)
        assert {row[2] for row in live} == {True, False}
        name = f"{live_name(settled)}_door"
        for processes in ("1", "3"):
            code, told = rebuilt(settled, "--verify", "--keep", "--into", name, "--processes", processes)
            try:
                assert (code, told["equal"]) == (0, True)
                assert settled.rows(database_url(settled.installation.postgres_url, name), query) == live
            finally:
                drop_database(settled.installation.postgres_url, name)


def bring_to_rest(installation: Installation) -> None:
    """Run every part by hand until nothing is under way."""
    members = {code: member_parts(installation, code) for code in (ASKER, ASKED)}
    parts = region_parts(installation, members)
    try:
        settle(installation, members, parts)
    finally:
        parts.close()
        for member in members.values():
            member.close()
