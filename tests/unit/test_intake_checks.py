"""Each thing that intake checks, by one change to a record that is right."""

from datetime import timedelta
from typing import Any

import pytest

from intake_cases import AT_THE_DOOR, CODE_LISTS, ID_KEY, NOW, directory, seizure, trace_request
from producers.intake.assemble import Identity
from producers.intake.checks import Standards
from producers.intake.judging import Judged, look_at
from producers.intake.submission import harmonised_submission

IDENTITY = Identity("RS", ID_KEY, exercise=True)
STANDARDS = Standards("RS", directory(), CODE_LISTS)
CAUSE = "6407dc32-af2b-546f-ae9a-6567081f0baf"
TRACE = "524a882f-94e8-8b3c-b7ac-486cac06ebc5"
MARKS = {"numbers": [{"place": "frame", "as_read": "1", "state": "legible"}]}


def judged(stream: str, record: dict[str, Any]) -> Judged:
    return look_at(harmonised_submission(stream, record, 1, AT_THE_DOOR), IDENTITY, STANDARDS, NOW)


def found(stream: str, record: dict[str, Any]) -> set[tuple[str, str]]:
    return {(p.code, p.parameters.get("field", "")) for p in judged(stream, record).problems}


def item(**changes: Any) -> dict[str, Any]:
    """A seizure whose only item is changed."""
    return {"items": [{**seizure()["items"][0], **changes}]}


def occurred(**changes: Any) -> dict[str, Any]:
    return {"occurred": {**seizure()["occurred"], **changes}}


def firearm(**changes: Any) -> dict[str, Any]:
    return item(firearm={"weapon_class": "pistol", "marks": MARKS, **changes})


SEIZURES: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "no national id": ({"national_id": None}, ("missing_field", "national_id")),
    "a national id that is a number": ({"national_id": 7}, ("malformed_value", "national_id")),
    "a long national id": ({"national_id": "x" * 201}, ("malformed_value", "national_id")),
    "a version that is a number": ({"national_version": 7}, ("malformed_value", "national_version")),
    "reassert that is text": ({"reassert": "yes"}, ("malformed_value", "reassert")),
    "no own reference": ({"own_reference": ""}, ("missing_field", "own_reference")),
    "no handling": ({"handling": None}, ("missing_field", "handling")),
    "no items": ({"items": []}, ("malformed_value", "items")),
    "items missing": ({"items": None}, ("missing_field", "items")),
    "an id of our own": ({"event_id": CAUSE}, ("unknown_field", "event_id")),
    "another's record": ({"member": "BA"}, ("unknown_field", "member")),
    "no exercise by its own word": ({"exercise": False}, ("unknown_field", "exercise")),
    "an item id": (item(item_id=CAUSE), ("unknown_field", "items[0].item_id")),
    "an empty item key": (item(item_key=""), ("malformed_value", "items[0].item_key")),
    "one item key twice": (
        {"items": seizure()["items"] + item(item_key="1")["items"]},
        ("malformed_value", "items[1].item_key"),
    ),
    "an unknown field": ({"speed": 1}, ("unknown_field", "speed")),
    "an unknown code": ({"agency": "police"}, ("unknown_code", "agency")),
    "an unknown code in a list": ({"handling": {"codes": ["H0", "H9"]}}, ("unknown_code", "handling.codes[1]")),
    "an unknown status": ({"status": "gone"}, ("unknown_code", "status")),
    "a number as text": (item(quantity="1"), ("malformed_value", "items[0].quantity")),
    "a number with a point": (item(quantity=1.5), ("malformed_value", "items[0].quantity")),
    "a number below zero": (item(quantity=-1), ("malformed_value", "items[0].quantity")),
    "a number beyond 32 bits": (item(quantity=2**31), ("malformed_value", "items[0].quantity")),
    "true as a number": (item(quantity=True), ("malformed_value", "items[0].quantity")),
    "a part that the kind does not name": (item(ammunition={"kind": "ball"}), ("part_disagrees", "items[0].kind")),
    "no part": (item(firearm=None), ("part_disagrees", "items[0].kind")),
    "no serial state": (firearm(marks={}), ("missing_field", "items[0].firearm.marks.numbers[0].state")),
    "no weapon class": (firearm(weapon_class=None), ("missing_field", "items[0].firearm.weapon_class")),
    "a year after 9999": (
        firearm(marks={**MARKS, "import_marks": [{"place": "RS", "year": 10000}]}),
        ("malformed_value", "items[0].firearm.marks.import_marks[0].year"),
    ),
    "U+0000": (firearm(marks={**MARKS, "make": "a\x00"}), ("unusable_character", "items[0].firearm.marks.make")),
    "U+0000 in a name": ({"a\x00": 1}, ("unusable_character", "a?")),
    "half a surrogate pair": ({"own_reference": "\ud800"}, ("malformed_value", "own_reference")),
    "an instant without a zone": (occurred(at="2026-01-01T00:00:00"), ("malformed_date", "occurred.at")),
    "an instant that is a number in text": (occurred(at="1700000000"), ("malformed_date", "occurred.at")),
    "an instant that is a number": (occurred(at=1700000000), ("malformed_value", "occurred.at")),
    "the year 0": (occurred(at="0001-01-01T00:00:00+02:00"), ("malformed_date", "occurred.at")),
    "an offset of days": (occurred(offset_minutes=1441), ("malformed_value", "occurred.offset_minutes")),
    "the future": (occurred(at="2026-03-01T12:06:00Z"), ("in_the_future", "occurred.at")),
    "an embargo until no instant": (
        {"handling": {"embargo_until": "next year"}},
        ("malformed_date", "handling.embargo_until"),
    ),
    "a ciphertext": ({"sealed": {"suite": "x", "ciphertext": "eA"}}, ("made_by_intake", "sealed")),
    "an attachment": (
        {"attachments": [{"sha256": "A" * 43, "media_type": "image/jpeg", "size": 1, "caption": "weapon"}]},
        ("made_by_intake", "attachments"),
    ),
    "an unknown member": (
        {"handling": {"releasable_to": ["BA", "MK", "ZZ"]}},
        ("unknown_member", "handling.releasable_to[2]"),
    ),
    "text where a part belongs": ({"place": "border"}, ("malformed_value", "place")),
}


@pytest.mark.parametrize("flaw", SEIZURES)
def test_one_flaw_of_a_seizure_is_one_problem(flaw: str) -> None:
    changes, expected = SEIZURES[flaw]
    problems = found("seizure", seizure(**changes))
    assert expected in problems
    assert {field for _, field in problems} <= {expected[1], "attachments[0].caption"}


RIGHT: dict[str, dict[str, Any]] = {
    "as it is": {},
    "five minutes ahead": occurred(at=(NOW + timedelta(minutes=5)).isoformat()),
    "in another zone": occurred(at="2026-02-14T06:45:00+01:00"),
    "to every member by name": {"handling": {"releasable_to": ["BA", "MK"]}},
    "to one member": {"handling": {"releasable_to": ["BA"]}},
    "to nobody": {"handling": {"releasable_to": []}},
    "embargoed": {"handling": {"embargo_until": "2026-04-01T00:00:00Z"}},
    "expiring later": {"handling": {"expires_at": "2030-01-01T00:00:00Z"}},
    "ammunition alone": {"items": [{"kind": "ammunition", "quantity": 60, "ammunition": {"kind": "ball"}}]},
    "nothing recorded": firearm(
        weapon_class="not_recorded", marks={"numbers": [{"place": "unknown", "state": "not_recorded"}]}
    ),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_has_no_problem(case: str) -> None:
    assert found("seizure", seizure(**RIGHT[case])) == set()


def test_a_receipt_is_taken_by_an_intake_whose_clock_is_behind_its_desks() -> None:
    ids = {"of_event": CAUSE, "sha256": "k" * 43, "delivery_id": TRACE}
    receipt = {"national_id": "R-1", "handling": {}, **ids, "received_at": (NOW + timedelta(days=3)).isoformat()}
    assert found("receipt", receipt) == set()


def act(name: str, part: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    """An act of RS in a trace that RS or BA asked."""
    said = {"national_id": "A-1", "act": name, "trace_id": TRACE, "requester": "BA", "hop": 1, "cause": CAUSE}
    return {**said, "handling": {}, name: part, **changes}


ACTS: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "a request with another's name": (trace_request(requester="BA"), ("wrong_party", "requester")),
    "a request in another trace": (trace_request(trace_id=TRACE), ("malformed_value", "trace_id")),
    "a request at the second hop": (trace_request(hop=2), ("malformed_value", "hop")),
    "a request with a cause": (trace_request(cause=CAUSE), ("malformed_value", "cause")),
    "a request without its reference": (trace_request(own_reference=None), ("missing_field", "own_reference")),
    "a retracted request": (trace_request(status="retracted"), ("malformed_value", "status")),
    "a request naming a stranger": (
        trace_request(request={**trace_request()["request"], "named": {"member": "ZZ", "evidence": "statement"}}),
        ("unknown_member", "request.named.member"),
    ),
    "an act without its part": (act("acknowledgement", None), ("part_disagrees", "act")),
    "an act with another part": (
        act("delay", {"reason": "other"}, refusal={"reason": "other"}),
        ("part_disagrees", "act"),
    ),
    "an unknown act": (act("transfer", {}), ("unknown_code", "act")),
    "an act without its cause": (act("acknowledgement", {}, cause=None), ("missing_cause", "cause")),
    "an act without its trace": (act("acknowledgement", {}, trace_id=None), ("missing_field", "trace_id")),
    "a closure of another's trace": (act("closure", {"outcome": "withdrawn"}), ("wrong_party", "requester")),
}


@pytest.mark.parametrize("flaw", ACTS)
def test_one_flaw_of_an_act_is_a_problem(flaw: str) -> None:
    record, expected = ACTS[flaw]
    assert expected in found("trace", record)


@pytest.mark.parametrize(
    "record",
    [
        trace_request(),
        act("acknowledgement", {"reference": "AZ 7"}),
        act("refusal", {"reason": CODE_LISTS["refusal-reason"].codes[0]}),
        act("delay", {"reason": CODE_LISTS["delay-reason"].codes[0], "until": "2026-05-01T00:00:00Z"}),
        act("closure", {"outcome": CODE_LISTS["closure-outcome"].codes[0]}, requester="RS"),
    ],
    ids=lambda record: str(record["act"]),
)
def test_acts_that_are_right_have_no_problem(record: dict[str, Any]) -> None:
    assert found("trace", record) == set()


def test_problems_name_their_choices() -> None:
    problems = {
        p.code: p.parameters
        for p in judged("seizure", seizure(agency="custom", handling={"releasable_to": ["ZZ"]})).problems
    }
    assert problems["unknown_code"]["nearest"].startswith("customs")
    assert problems["unknown_member"]["nearest"] == "RS, BA, MK, UA"
