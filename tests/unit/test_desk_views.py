"""What a desk shows: rows, acts with marks and match keys, explanations, footnotes."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from consumers.tracing.explain import Wording
from consumers.tracing.trace import TraceKey
from desk_cases import Exchange, an_entry
from histories import ASKER, FIRST, KEY, START, act_event, decision, named_id, request_event
from interfocal.commands.desk_open import read_request
from interfocal.commands.desk_printing import print_csv
from interfocal.commands.desk_sending import sentences
from interfocal.desk.parts import MarksSaid, NumberSaid, import_mark, instant, request_record
from interfocal.desk.views import (
    explanation,
    footnotes_for,
    inbox_row,
    mark_rows,
    part_lines,
    trace_document,
    trace_row,
)
from producers.intake.result import Result, ShownProblem
from schemas.codes.lists import load_code_lists
from schemas.directory import Directory
from schemas.errors import Rejected
from schemas.events.decision import Evidence
from schemas.events.delivery import Delivery, Original
from schemas.events.envelope import Handling
from schemas.events.firearm import Marks, Number
from schemas.events.ids import delivery_event_id, value_sha256
from schemas.marks.keys import match_keys
from schemas.wire.codec import encode, event_json

NOTE = "* a note"
DIRECTORY = Directory.model_validate(
    {
        "region": "test-region",
        "title": "Test",
        "version": 1,
        "exercise": True,
        "issued_at": START,
        "expires_at": START,
        "members": [{"code": ASKER, "name": "Askerland*", "footnote": NOTE}, {"code": FIRST, "name": "Firstland"}],
    }
)
WORDING = Wording(load_code_lists(), DIRECTORY)
READ = "С-41?377"  # noqa: RUF001  # Cyrillic, as stamped
REQUEST = request_event(marks=Marks(make="Zastava", numbers=(Number(place="frame", as_read=READ, state="partial"),)))
ROUTED = decision("routing", 1, KEY.request_id, to=FIRST)
ENTRY = an_entry(REQUEST, ROUTED, FIRST, "accountable")


def a_delivery(**changes: Any) -> Delivery:
    """The delivery behind ``ENTRY``, with the evidence that its addressee may see."""
    value = encode(REQUEST)
    original = Original(topic="mk.trace", offset=0, appended_at=START, key=KEY.trace_id, value=value, seal="seal..seal")
    evidence = (
        Evidence(kind="reference_table", event_id=REQUEST.event_id, field="marks.make", transform="as_written"),
        Evidence(kind="successor_table", place=FIRST),
    )
    fields = {
        "event_id": delivery_event_id(ROUTED.event_id, FIRST),
        "record_id": delivery_event_id(ROUTED.event_id, FIRST),
        "revision": 1,
        "member": "REGION",
        "recorded_at": START,
        "status": "active",
        "exercise": True,
        "handling": Handling(),
        "requester": ASKER,
        "trace_id": KEY.trace_id,
        "hop": 1,
        "inbox": FIRST,
        "purpose": "accountable",
        "decision_id": ROUTED.event_id,
        "decision_sha256": value_sha256(value),
        "rule": "manufacture",
        "accountable": FIRST,
        "evidence_shown": evidence,
        "original": original,
    }
    return Delivery.model_validate(fields | changes)


def known_here(**changes: Any) -> Any:
    exchange = Exchange()
    exchange.inboxes[FIRST] = [an_entry(REQUEST, ROUTED, FIRST, "accountable", **changes)]
    return exchange.known(FIRST)


def test_an_inbox_row_says_all_that_was_asked_of_it() -> None:
    row = inbox_row(ENTRY, {KEY: "MK-7"})
    assert row == {
        "received_at": "2026-01-05T09:00:00.000Z",
        "from": ASKER,
        "act": "request",
        "trace_id": KEY.trace_id,
        "requester": ASKER,
        "hop": 1,
        "purpose": "accountable",
        "rule": "manufacture",
        "accountable": FIRST,
        "asker_reference": "MK-7",
        "receipt": None,
        "of_event": REQUEST.event_id,
        "delivery": ENTRY.event_id,
    }
    assert inbox_row(ENTRY, {TraceKey(FIRST, KEY.trace_id): "another's"})["asker_reference"] is None


def test_csv_has_a_note_in_each_row_that_names_a_member_with_a_footnote(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"from": ASKER, "act": "request"}, {"from": FIRST, "act": "answer"}]
    print_csv(rows, ("from", "act"), DIRECTORY)
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["jurisdiction_note"] for row in read] == [NOTE, ""]


@pytest.mark.parametrize(
    ("shown", "noted"),
    [
        ({"acts": [{"says": {"named": {"member": ASKER}}}]}, True),
        ([f"{ASKER}-20260301-5f3a"], True),
        (["the bureau of Askerland*"], True),
        ([f"a{ASKER}x", FIRST, 7, None, True], False),
    ],
)
def test_a_footnote_is_shown_wherever_its_member_is_named(shown: Any, noted: bool) -> None:
    assert footnotes_for(shown, DIRECTORY) == ({ASKER: NOTE} if noted else {})


def test_marks_are_shown_verbatim_with_every_key_beside() -> None:
    rows = mark_rows(event_json(REQUEST)["request"])
    number = next(row for row in rows if row["mark"] == "number, frame")
    keys = match_keys(READ)
    assert number == {
        "mark": "number, frame",
        "as_read": READ,
        "state": "partial",
        "visual": keys.visual,
        "spoken": keys.spoken,
        "digits": keys.digits,
    }
    assert keys.visual != READ
    assert [row["as_read"] for row in rows] == ["Zastava", READ]


def test_a_number_that_was_never_there_has_a_state_and_no_keys() -> None:
    (row,) = mark_rows({"marks": {"numbers": [{"place": "frame", "as_read": None, "state": "none_ever"}]}})
    assert row == {"mark": "number, frame", "as_read": None, "state": "none_ever"}


def test_what_an_act_says_is_shown_with_labels_beside_its_codes() -> None:
    lines = list(part_lines("request", event_json(REQUEST)["request"], WORDING))
    assert "weapon_class: Assault rifle (assault_rifle)" in lines
    assert not any("marks" in line for line in lines)
    submitted = {"seizure_national_id": "KU-17/26", "priority": "urgent", "weapon_class": "pistol", "marks": {}}
    whole = {**submitted, "illicit_ground": "embargo", "intended_use": "prosecution", "domestic_trace": "no_record"}
    lines = list(part_lines("request", whole, WORDING))
    assert "seizure_national_id: KU-17/26" in lines
    assert "priority: Urgent (urgent)" in lines


def test_a_trace_document_holds_acts_in_order_with_what_they_answer() -> None:
    exchange = Exchange()
    exchange.deliver()
    exchange.say(FIRST, "question")
    document = trace_document(exchange.known(FIRST), {})
    assert [(act["act"], act["sent"], act["in_turn"]) for act in document["acts"]] == [
        ("request", False, True),
        ("question", True, True),
    ]
    assert document["acts"][1]["cause"] == KEY.request_id
    assert document["acts"][0]["match_keys"][0]["mark"] == "make"
    assert (document["state"], document["role"]) == ("questioned", "accountable")
    assert trace_row(exchange.known(ASKER))["role"] == "asker"
    assert trace_row(exchange.known(ASKER))["asker_reference"] == "KT-1"


def test_an_explanation_names_rule_evidence_and_what_this_desk_has_to_do() -> None:
    told = explanation(known_here(), {ENTRY.event_id: a_delivery()}, WORDING)
    text = "\n".join(told)
    assert "Askerland*" in told[0]
    assert told[1] == f"Hop 1: Firstland ({FIRST}) has to answer."
    assert "Place of manufacture (manufacture)" in text
    assert "The table of makers and models. Field marks.make. Compared by as_written." in text
    assert f"It leads to {FIRST}." in text
    assert ROUTED.event_id in text


@pytest.mark.parametrize(
    ("rule", "says"), [("handed_over", "another system"), ("no_channel", "the duty officer has it")]
)
def test_an_explanation_never_pretends_that_somebody_has_to_answer(rule: str, says: str) -> None:
    delivery = a_delivery(accountable=None, rule=rule, evidence_shown=())
    told = explanation(known_here(accountable=None, rule=rule), {ENTRY.event_id: delivery}, WORDING)
    assert says in told[1]


def test_what_was_not_routed_yet_is_explained_as_that() -> None:
    assert "No routing" in explanation(Exchange().known(ASKER), {}, WORDING)[-1]


def test_what_is_not_said_stays_out_of_the_record() -> None:
    nothing = MarksSaid(None, None, None, None, NumberSaid())
    assert nothing.part() == {}
    assert request_record({"weapon_class": "pistol"})["request"] == {
        "priority": "routine",
        "marks": {},
        "weapon_class": "pistol",
    }
    said = MarksSaid("Zastava", None, None, None, NumberSaid("A?1", None, "partial"), ["XX:1987", "YY"])
    assert said.part() == {
        "make": "Zastava",
        "numbers": [{"place": "not_recorded", "as_read": "A?1", "state": "partial"}],
        "import_marks": [{"place": "XX", "year": 1987}, {"place": "YY"}],
    }


def test_an_import_mark_with_a_year_that_is_none_is_rejected() -> None:
    with pytest.raises(Rejected, match="XX:last"):
        import_mark("XX:last")


def test_a_date_alone_is_its_beginning_in_utc() -> None:
    assert instant("2026-03-01") == "2026-03-01T00:00:00Z"
    assert instant("2026-03-01T08:00:00+01:00") == "2026-03-01T08:00:00+01:00"
    assert instant(None) is None
    assert datetime.fromisoformat(instant("2026-03-01") or "") == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("content", [b"[1]", b"{", b"\xff"])
def test_a_file_that_is_no_request_is_rejected_in_a_sentence(tmp_path: Any, content: bytes) -> None:
    file = tmp_path / "request.json"
    file.write_bytes(content)
    with pytest.raises(Rejected, match=r"request\.json"):
        read_request(file, {})


def test_a_file_and_options_contradict_each_other(tmp_path: Any) -> None:
    with pytest.raises(Rejected, match="weapon_class"):
        read_request(tmp_path / "request.json", {"weapon_class": "pistol"})


def test_a_rejection_is_a_sentence_a_problem_that_names_its_field() -> None:
    problems = (
        ShownProblem(code="missing_field", message="act is empty.", parameters={"field": "act"}),
        ShownProblem(code="unknown_code", message="x is not a code.", parameters={"field": "answer.result"}),
    )
    rejected = Result(outcome="rejected", national_id="", rows=(1,), problems=problems)
    assert sentences(rejected) == ["act is empty.", "answer.result: x is not a code."]


def test_a_code_of_a_newer_list_is_shown_as_itself() -> None:
    event = act_event("answer", FIRST, named_id("cause"))
    assert "result: found (found)" in part_lines("answer", event_json(event)["answer"], WORDING)
