"""The region of US states: every recovery becomes a seizure and a request, whatever else its row says."""

import csv
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.intake.judging import Judged
from producers.mapping.mapping import NationalMapping, Rule
from producers.mapping.national import NationalRow
from producers.ways_in.files import read_rows
from samples import AT, choose, judge_rows, region
from schemas.events.seizure import Seizure
from schemas.events.trace import Request, TraceAct

FOLDER = Path(__file__).parents[1] / "regions" / "us-states"
REGION = region(FOLDER)
MEMBERS = tuple(member.code for member in REGION.directory.members)
INVENTED = FOLDER / "recoveries-invented.csv"
ROW = {
    "national_id": "EXERCISE-1",
    "recovered_in": "US-OH",
    "recovered_month": "2025-03",
    "make": "GLOCK",
    "calibre": "9mm",
    "serial": "BXKT417",
    "first_sold_in": "US-KY",
    "first_sold_month": "",
}
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=140)


def mapping(stream: str) -> NationalMapping:
    return REGION.mappings.find("US-OH", f"recoveries-{stream}")


def judged(stream: str, path: Path) -> list[Judged]:
    """What becomes of a file when every member submits it."""
    rows = list(read_rows(path, mapping(stream)))
    return [one for member in MEMBERS for one in judge_rows(REGION, member, mapping(stream), rows)]


def one(stream: str, **changes: str) -> Judged:
    (found,) = judge_rows(REGION, "US-OH", mapping(stream), [NationalRow(2, {**ROW, **changes})])
    return found


def seizure(**changes: str) -> Seizure:
    event = one("seizure", **changes).event
    assert isinstance(event, Seizure)
    return event


def requested(**changes: str) -> Request:
    event = one("trace", **changes).event
    assert isinstance(event, TraceAct)
    assert event.request
    return event.request


def routes(path: Path) -> dict[str, tuple[str, str, str]]:
    """National id -> (asked by, delivered to, rule)."""
    found: dict[str, tuple[str, str, str]] = {}
    for result in judged("trace", path):
        act = result.event
        assert isinstance(act, TraceAct)
        choice = choose(REGION, act)
        handed_over = act.member if choice.rule == "handed_over" else "duty_officer"
        found[act.own_reference or ""] = (act.member, choice.accountable or handed_over, choice.rule)
    return found


def test_the_region_has_the_states_the_district_and_the_territories() -> None:
    assert len(MEMBERS) == len(set(MEMBERS)) == 56
    assert {"US-DE", "US-DC", "US-PR", "US-VI", "US-AS", "US-GU", "US-MP"} <= set(MEMBERS)
    assert REGION.directory.exercise
    assert not REGION.directory.is_outside("US")
    assert REGION.directory.member_of_place("US") is None
    assert REGION.directory.system_for("AT") == "interpol"


@pytest.mark.parametrize("field", ["request.named.member", "request.named.evidence"])
def test_a_request_can_name_every_member(field: str) -> None:
    assert set(mapping("trace").fields[field].codes) == set(MEMBERS)


@pytest.mark.parametrize("stream", ["seizure", "trace"])
def test_every_invented_row_is_accepted_from_the_state_that_it_names(stream: str) -> None:
    results = judged(stream, INVENTED)
    assert not [result.problems for result in results if result.problems]
    with INVENTED.open(encoding="utf-8", newline="") as lines:
        rows = {(row["national_id"], row["recovered_in"].upper()) for row in csv.DictReader(lines)}
    assert len(rows) == 20
    assert {(r.event.own_reference, r.event.member) for r in results if r.event} == rows


def test_invented_requests_go_where_the_table_says() -> None:
    with (FOLDER / "recoveries-invented-traces.csv").open(encoding="utf-8", newline="") as lines:
        expected = {r["national_id"]: (r["asked_by"], r["delivered_to"], r["rule"]) for r in csv.DictReader(lines)}
    assert routes(INVENTED) == expected


def test_what_the_file_does_not_say_is_not_recorded() -> None:
    event = seizure(make="", calibre="", serial="", recovered_month="")
    firearm = event.items[0].firearm
    assert firearm
    assert event.occurred is None
    assert (event.agency, event.context, event.acquisition_mode) == (None, None, None)
    assert firearm.weapon_class == "not_recorded"
    assert (firearm.marks.make, firearm.marks.calibre) == (None, None)
    (number,) = firearm.marks.numbers
    assert (number.place, number.as_read, number.state) == ("not_recorded", None, "not_recorded")
    request = requested(make="", calibre="", serial="", first_sold_in="")
    assert (request.named, request.illicit_ground, request.domestic_trace) == (None, "not_recorded", "not_recorded")


@pytest.mark.parametrize(
    ("serial", "as_read", "state"),
    [("ab-12", "ab-12", "legible"), ("N?41", "N?41", "partial"), ("Obliterated", None, "obliterated")],
)
def test_a_serial_number_stays_as_it_was_typed(serial: str, as_read: str | None, state: str) -> None:
    (number,) = requested(serial=serial).marks.numbers
    assert (number.as_read, number.state) == (as_read, state)


@pytest.mark.parametrize("sold_in", ["MX", "TX", "Kentucky", "US-ZZ", "?"])
def test_a_first_sale_outside_the_directory_names_nobody_and_loses_no_row(sold_in: str) -> None:
    found = one("trace", first_sold_in=sold_in)
    assert found.problems == ()
    assert isinstance(found.event, TraceAct)
    assert requested(first_sold_in=sold_in).named is None
    assert ("request.named.member", "not_recorded") in {(a.field, a.reason) for a in found.event.absent}
    assert choose(REGION, found.event).rule == "handed_over"


def test_members_are_recognised_in_small_letters() -> None:
    named = requested(first_sold_in=" us-ky ").named
    assert named
    assert (named.member, named.evidence) == ("US-KY", "first_sale_record")


def test_a_month_that_has_not_come_is_left_out_with_a_reason() -> None:
    event = seizure(recovered_month=f"{AT.year + 2}-03")
    assert event.occurred is None
    assert [(a.field, a.reason) for a in event.absent] == [("occurred", "unknown")]
    past = seizure(recovered_month=f"{AT:%Y-%m}").occurred
    assert past
    assert past.precision == "month"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"column": "a", "other": "b", "other_absent": "unknown"}, "exclude each other"),
        ({"column": "a", "ahead_absent": "unknown"}, "for dates"),
    ],
)
def test_a_rule_leaves_out_in_one_way_only(rule: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rule.model_validate(rule | {"column": (rule["column"],)})


@given(make=CELLS, calibre=CELLS, serial=CELLS, first_sold_in=CELLS | st.sampled_from(MEMBERS))
def test_any_row_becomes_a_request_or_says_what_is_wrong(
    make: str, calibre: str, serial: str, first_sold_in: str
) -> None:
    changes = {"make": make, "calibre": calibre, "serial": serial, "first_sold_in": first_sold_in}
    found = one("trace", **changes)
    if found.problems:
        assert {p.code for p in found.problems} == {"malformed_value"}
        assert max(map(len, (make, calibre, serial))) > 120
        return
    assert isinstance(found.event, TraceAct)
    named = requested(**changes).named
    assert named is None or named.member == first_sold_in.strip().upper()
    assert choose(REGION, found.event).rule


@pytest.mark.skipif("INTERFOCAL_RECOVERIES" not in os.environ, reason="INTERFOCAL_RECOVERIES names no file")
def test_every_real_recovery_is_accepted_and_asked_of_the_state_that_it_names() -> None:
    path = Path(os.environ["INTERFOCAL_RECOVERIES"])
    with path.open(encoding="utf-8", newline="") as lines:
        sold_in = {row["national_id"]: row["first_sold_in"] for row in csv.DictReader(lines)}
    for stream in ("seizure", "trace"):
        outcomes = Counter(not result.problems for result in judged(stream, path))
        assert outcomes == {True: len(sold_in)}
    found = routes(path)
    assert {key: found[key][1] for key, named in sold_in.items() if named} == {k: v for k, v in sold_in.items() if v}
    assert {found[key][2] for key, named in sold_in.items() if not named} <= {"duty_officer", "handed_over"}
