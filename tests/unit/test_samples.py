"""The samples of the default region: what is in them, and what becomes of them."""

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from producers.intake.intake import Intake
from producers.intake.judging import Judged
from producers.intake.submission import Entrance
from producers.mapping.mapping import NationalMapping
from producers.outbox import OutboxFile
from producers.ways_in.files import read_rows
from samples import AT, CODE_LISTS, choose, judge_file, region
from schemas.events.envelope import MemberEvent
from schemas.events.firearm import Firearm, Item
from schemas.events.missing import Missing
from schemas.events.seizure import Seizure
from schemas.events.trace import TraceAct
from schemas.marks.keys import visual_key

REGION = region()
SAMPLES = REGION.folder / "samples"
EXPECTED = tomllib.loads((SAMPLES / "expected.toml").read_text(encoding="utf-8"))
MEMBERS = tuple(member.code for member in REGION.directory.members if not member.observer)
FROM, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
EXERCISE_MARK = re.compile(r"(VJ|ВЕЖ|USHT|USH|EX)\b")  # "exercise", in each member's own script
PLAYED_BY_THE_DEMO = re.compile(r"C41.377")


def file_id(listed: dict[str, Any]) -> str:
    return f"{listed['member']}/{listed['file']}"


def path_of(member: str, file: str) -> Path:
    return SAMPLES / member.lower() / file


@cache
def judged() -> tuple[tuple[str, NationalMapping, Judged], ...]:
    """Every record of every sample, with its member and mapping."""
    return tuple(
        (listed["member"], mapping, one)
        for listed in EXPECTED["files"]
        for mapping in REGION.mappings.for_file(listed["member"], listed["file"])
        for one in judge_file(REGION, listed["member"], mapping, path_of(listed["member"], listed["file"]))
    )


def events() -> Iterator[MemberEvent]:
    yield from (one.event for _, _, one in judged() if one.event is not None and not one.problems)


def seizures() -> list[Seizure]:
    return [event for event in events() if isinstance(event, Seizure)]


def firearms() -> list[Firearm]:
    return [item.firearm for seizure in seizures() for item in seizure.items if item.firearm]


def missing() -> list[Missing]:
    return [event for event in events() if isinstance(event, Missing)]


def requests() -> list[TraceAct]:
    return [event for event in events() if isinstance(event, TraceAct)]


def places() -> dict[str, str]:
    """Place code -> jurisdiction, of every list of places of the region."""
    found: dict[str, str] = {}
    for file in sorted((REGION.folder / "codes").glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                assert row["code"] not in found
                assert all(row.values())
                found[row["code"]] = row["jurisdiction"]
    return found


@pytest.mark.parametrize("listed", EXPECTED["files"], ids=file_id)
def test_a_sample_is_read_by_one_mapping_with_the_expected_outcome(listed: dict[str, Any], tmp_path: Path) -> None:
    member, file = listed["member"], listed["file"]
    (mapping,) = REGION.mappings.for_file(member, file)
    assert mapping.name == listed["mapping"]
    outbox = OutboxFile.open(tmp_path / "outbox.sqlite", now=lambda: AT, bound_rows=1000, min_free_bytes=0)
    intake = Intake(
        member=member,
        directory=REGION.directory,
        id_key=b"k" * 32,
        code_lists=CODE_LISTS,
        outbox=outbox,
        now=lambda: AT,
        mappings=REGION.mappings,
    )
    results = intake.submit_rows(mapping.name, read_rows(path_of(member, file), mapping), Entrance("file", file))
    outcomes = Counter(result.outcome for result in results)
    assert outcomes == Counter({k: n for k in ("accepted", "rejected") if (n := listed[k])})
    assert all(problem.message for result in results for problem in result.problems)


def test_every_sample_file_and_every_mapping_is_expected() -> None:
    on_disk = {str(path.relative_to(SAMPLES)) for path in SAMPLES.glob("*/*")}
    assert on_disk == {f"{listed['member'].lower()}/{listed['file']}" for listed in EXPECTED["files"]}
    assert {mapping.name for mapping in REGION.mappings.mappings} == {listed["mapping"] for listed in EXPECTED["files"]}


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_has_enough_of_each_kind(member: str) -> None:
    good = Counter(mapping.stream for code, mapping, one in judged() if code == member and not one.problems)
    bad = sum(1 for code, _, one in judged() if code == member and one.problems)
    assert good.total() >= 40
    assert good["seizure"] > good["missing"] >= 5
    assert 1 <= good["trace"] <= 3
    assert bad >= 3


def test_rejections_are_of_many_kinds_and_each_names_its_field() -> None:
    problems = [found for _, _, one in judged() for found in one.problems]
    assert all(found.parameters["field"] for found in problems)
    assert {found.code for found in problems} >= {
        "unknown_code",
        "malformed_date",
        "malformed_number",
        "malformed_value",
        "missing_field",
        "in_the_future",
        "unknown_member",
        "not_yet_protected",
    }


def test_members_write_in_their_own_way() -> None:
    seizing = {m.member: m for m in REGION.mappings.mappings if m.stream == "seizure"}
    assert set(seizing) == set(MEMBERS)
    assert {m.format for m in seizing.values()} == {"csv", "json", "jsonl"}
    assert {m.encoding for m in seizing.values()} >= {"cp1250", "cp1251", "utf-8"}
    assert len({m.columns for m in seizing.values()}) == len(MEMBERS)
    agencies = [frozenset(m.fields["agency"].codes) for m in seizing.values()]
    assert len(set(agencies)) == len(MEMBERS)
    dates = {tuple(d.format for d in m.fields["occurred"].dates) for m in seizing.values()}
    assert len(dates) >= 5


def test_every_case_is_fictional_and_of_the_exercise_period() -> None:
    for event in events():
        assert event.own_reference
        assert EXERCISE_MARK.match(event.own_reference)
        assert event.exercise
    for seizure in seizures():
        assert seizure.occurred
        assert FROM <= seizure.occurred.at < UNTIL


def test_every_place_is_in_the_lists_of_the_region_and_lies_in_its_member() -> None:
    listed = places()
    for seizure in seizures():
        assert seizure.place
        named = [code for code in (seizure.place.border_point, seizure.place.area) if code]
        assert len(named) == 1
        assert listed[named[0]] == seizure.member
        assert (seizure.place.precision == "border_point") == (seizure.place.border_point is not None)


def test_the_oddities_of_the_field_are_there() -> None:
    numbers = [number for firearm in firearms() for number in firearm.marks.numbers]
    assert {number.state for number in numbers} >= {
        "legible",
        "partial",
        "obliterated",
        "restored",
        "altered",
        "none_ever",
        "not_examined",
    }
    assert any("?" in (number.as_read or "") for number in numbers)
    assert any("*" in (number.as_read or "") for number in numbers)
    assert any(re.search("[Ѐ-ӿ]", number.as_read or "") for number in numbers)
    pairs = [f.marks.numbers[:2] for f in firearms() if len(f.marks.numbers) > 1]
    assert any(first.as_read != second.as_read for first, second in pairs)
    modified = {firearm.modification for firearm in firearms()}
    assert modified >= {"converted_from_blank", "craft", "shortened"}
    assert any(len(firearm.marks.import_marks) > 1 for firearm in firearms())


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_seizes_more_than_single_firearms(member: str) -> None:
    own = [seizure for seizure in seizures() if seizure.member == member]
    items: list[Item] = [item for seizure in own for item in seizure.items]
    assert {item.kind for item in items} == {"firearm", "component", "ammunition", "explosive"}
    assert any(len(seizure.items) > 2 for seizure in own)
    kinds = {item.firearm.modification for item in items if item.firearm}
    assert kinds >= {"converted_from_blank", "craft"}


def test_a_request_repeats_the_marks_of_an_item_that_its_member_seized() -> None:
    seized = {
        (seizure.member, seizure.record_id, item.item_id): item.firearm
        for seizure in seizures()
        for item in seizure.items
    }
    for act in requests():
        assert act.request
        firearm = seized[act.member, act.request.seizure_record_id or "", act.request.item_id or ""]
        assert firearm
        assert firearm.weapon_class == act.request.weapon_class
        assert firearm.marks.make == act.request.marks.make
        assert firearm.marks.numbers[0].as_read == act.request.marks.numbers[0].as_read
        assert firearm.marks.import_marks == act.request.marks.import_marks


def test_requests_go_where_the_table_says_and_show_every_rule() -> None:
    chosen = {act.own_reference: (act.member, choose(REGION, act, missing())) for act in requests()}
    routed = {(member, reference, choice.rule, choice.accountable) for reference, (member, choice) in chosen.items()}
    expected = EXPECTED["requests"]
    assert routed == {(r["member"], r["own_reference"], r["rule"], r.get("accountable")) for r in expected}
    assert {rule for _, _, rule, _ in routed} == {
        "own_register",
        "missing_owner",
        "named_hop",
        "last_import",
        "manufacture",
        "no_channel",
        "handed_over",
        "duty_officer",
    }


def test_the_firearm_of_the_worked_example_is_missing_and_not_yet_seized() -> None:
    (record,) = [m for m in missing() if visual_key(m.marks.numbers[0].as_read or "") == "C416377"]
    assert (record.state, record.type, record.marks.model) == ("open", "lost", "M70AB2")
    assert record.since
    assert record.since.year == 1993
    seized = [visual_key(n.as_read) for firearm in firearms() for n in firearm.marks.numbers if n.as_read]
    assert seized
    assert not [key for key in seized if PLAYED_BY_THE_DEMO.fullmatch(key)]
