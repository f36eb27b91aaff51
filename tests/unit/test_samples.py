"""The samples of the default region: how many, where, and what becomes of them."""

import csv
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sample_files import (
    EXPECTED,
    MEMBERS,
    REGION,
    SAMPLES,
    events,
    files_of,
    firearms,
    judged,
    missing,
    requests,
    seizures,
    submit_files,
)
from samples import choose
from schemas.events.firearm import Item
from schemas.marks.keys import visual_key

FROM, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
EXERCISE_MARK = re.compile(r"(VJ|ВЈ|ВЕЖ|USHT|USH|EX)\b")  # noqa: RUF001  # "exercise", in each language and script
PLAYED_BY_THE_DEMO = re.compile(r"C41.377")


def file_id(listed: dict[str, Any]) -> str:
    return f"{listed['member']}/{listed['file']}"


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
    results = submit_files(member, [file], tmp_path)[file]
    outcomes = Counter(result.outcome for result in results)
    assert outcomes == Counter({k: n for k in ("accepted", "rejected") if (n := listed[k])})
    assert all(problem.message for result in results for problem in result.problems)


def test_every_sample_file_and_every_mapping_is_expected() -> None:
    on_disk = {str(path.relative_to(SAMPLES)) for path in SAMPLES.glob("*/*")}
    assert on_disk == {f"{listed['member'].lower()}/{listed['file']}" for listed in EXPECTED["files"]}
    assert {mapping.name for mapping in REGION.mappings.mappings} == {listed["mapping"] for listed in EXPECTED["files"]}


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_has_enough_of_each_kind(member: str) -> None:
    own = [(mapping.stream, one) for code, mapping, one in judged() if code == member]
    records = {(stream, one.record_id) for stream, one in own if not one.problems}
    good = Counter(stream for stream, _ in records)
    assert good.total() >= 60
    assert good["seizure"] > good["missing"] >= 5
    assert 1 <= good["trace"] <= 3
    assert sum(1 for _, one in own if one.problems) >= 5


@pytest.mark.parametrize("member", MEMBERS)
def test_later_exports_of_a_member_revise_what_earlier_ones_said(member: str, tmp_path: Path) -> None:
    results = submit_files(member, files_of(member), tmp_path)
    assert {result.outcome for file in results.values() for result in file} == {"accepted", "rejected"}
    told = Counter(r.record_id for file in results.values() for r in file if r.outcome == "accepted")
    last = {r.record_id: r.revision for file in results.values() for r in file if r.outcome == "accepted"}
    assert last == dict(told)


def test_what_is_revised_is_read_anew_found_again_or_cancelled() -> None:
    said: dict[str, list[Any]] = {}
    for event in events():
        said.setdefault(event.record_id, []).append(event)
    revised = [history for history in said.values() if len(history) > 1]
    assert len({history[0].member for history in revised}) >= 3
    assert any(history[-1].status == "retracted" for history in revised)
    assert any(getattr(history[-1], "state", None) == "recovered" for history in revised)
    assert any("restored" in number_states(history[-1]) - number_states(history[0]) for history in revised)


def number_states(event: Any) -> set[str]:
    """How well the numbers of a seizure's firearms could be read."""
    found = [item.firearm for item in getattr(event, "items", ()) if item.firearm]
    return {number.state for firearm in found for number in firearm.marks.numbers}


def test_rejections_are_of_many_kinds_and_each_says_where() -> None:
    problems = [found for _, _, one in judged() for found in one.problems]
    assert all(found.parameters.get("field") or found.code == "malformed_record" for found in problems)
    assert all(found.parameters["row"] for found in problems if found.code == "malformed_record")
    assert {found.code for found in problems} >= {
        "unknown_code",
        "malformed_date",
        "malformed_number",
        "malformed_record",
        "malformed_value",
        "missing_field",
        "rewritten_number",
        "rows_disagree",
        "in_the_future",
        "unknown_member",
    }


@pytest.mark.parametrize("member", MEMBERS)
def test_the_rejections_of_a_member_are_of_several_kinds(member: str) -> None:
    kinds = {found.code for code, _, one in judged() if code == member for found in one.problems}
    assert len(kinds) >= 5


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


def test_requests_of_a_national_system_have_case_details_persons_and_contacts_sealed() -> None:
    parts = [one.part for _, _, one in judged() if one.part]
    assert {name for part in parts for name in ("case_details", "persons", "contacts") if getattr(part, name)} == {
        *("case_details", "persons", "contacts")
    }
    told = [text for part in parts for person in part.persons for text in (person.name, person.role)]
    told += [part.case_details for part in parts] + [one.name for part in parts for one in part.contacts]
    opened = " ".join(event.model_dump_json() for event in requests())
    assert [text for text in told if text and text in opened] == []
