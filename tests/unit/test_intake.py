"""What is accepted is in the outbox, once; what is not is kept with every reason."""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_strategies import events
from intake_cases import (
    AT_THE_DOOR,
    CODE_LISTS,
    ID_KEY,
    NOW,
    ROW,
    directory,
    mapping_of,
    open_intake,
    seizure,
    trace_request,
)
from interfocal.member.intake import receipt_of
from producers.intake.assemble import Identity
from producers.intake.checks import Standards
from producers.intake.intake import Intake
from producers.intake.judging import look_at
from producers.intake.result import Result
from producers.intake.submission import harmonised_submission
from producers.mapping.national import NationalRow
from producers.mapping.shape import ENVELOPE
from schemas.errors import Misconfigured, OutboxFull, Rejected
from schemas.events.envelope import Event, Handling
from schemas.events.ids import event_id, item_id, record_id
from schemas.events.seizure import Seizure
from schemas.events.trace import TraceAct
from schemas.wire.codec import decode_as, encode, event_json


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    opened = open_intake(tmp_path, mapping_of(tmp_path))
    yield opened
    opened.outbox.close()


def one(intake: Intake, record: dict[str, Any], stream: str = "seizure", *, dry_run: bool = False) -> Result:
    (result,) = intake.submit(stream, [record], AT_THE_DOOR, dry_run=dry_run)
    return result


def codes(result: Result) -> dict[str, str]:
    """Field -> code of each problem."""
    return {found.parameters.get("field", ""): found.code for found in result.problems}


def test_an_accepted_record_is_one_final_event_in_the_outbox(intake: Intake) -> None:
    result = one(intake, seizure())
    record = record_id(ID_KEY, "seizure", "KU-17/26")
    assert (result.outcome, result.record_id, result.revision) == ("accepted", record, 1)
    (row,) = intake.outbox.reading.all_rows()
    assert (row.draft.topic, row.draft.key, row.draft.event_id) == ("rs.seizure", record, event_id(record, 1))
    event = decode_as(row.draft.value, "seizure")
    assert isinstance(event, Seizure)
    assert (event.member, event.exercise, event.recorded_at, event.status) == ("RS", True, NOW, "active")
    assert event.items[0].item_id == item_id(ID_KEY, "KU-17/26", "1")
    assert (event.source.mapping, event.source.national_version) == ("harmonised", None)
    assert dict(row.draft.headers)["ce_id"] == event.event_id.encode()


def test_the_national_id_is_nowhere_in_what_is_exchanged(intake: Intake) -> None:
    one(intake, seizure(national_id="SECRET-7"))
    (row,) = intake.outbox.reading.all_rows()
    assert b"SECRET-7" not in b"".join([row.draft.value, row.draft.key.encode(), *dict(row.draft.headers).values()])


def test_the_same_again_is_unchanged_and_a_change_is_the_next_revision(intake: Intake) -> None:
    changed = seizure(own_reference="KU-17/26-B")
    outcomes = [one(intake, record) for record in (seizure(), seizure(), changed, seizure())]
    assert [(r.outcome, r.revision, r.superseded_by) for r in outcomes] == [
        ("accepted", 1, None),
        ("unchanged", 1, None),
        ("accepted", 2, None),
        ("superseded", 1, 2),
    ]
    assert one(intake, seizure(reassert=True)).revision == 3
    assert len(list(intake.outbox.reading.all_rows())) == 3


def test_an_item_keeps_its_id_when_another_is_put_before_it(intake: Intake) -> None:
    first = {**seizure()["items"][0], "item_key": "pistol"}
    one(intake, seizure(items=[first]))
    one(intake, seizure(items=[{**first, "item_key": "other"}, first]))
    events = [decode_as(row.draft.value, "seizure") for row in intake.outbox.reading.all_rows()]
    assert [e.items[-1].item_id for e in events if isinstance(e, Seizure)] == [
        item_id(ID_KEY, "KU-17/26", "pistol")
    ] * 2


def test_a_stale_national_version_is_rejected_with_the_newer(intake: Intake) -> None:
    one(intake, seizure(national_version="10"))
    result = one(intake, seizure(national_version="9", own_reference="old"))
    assert codes(result) == {"national_version": "stale_version"}
    assert result.problems[0].parameters["newer"] == "10"


def test_a_retraction_is_a_revision(intake: Intake) -> None:
    one(intake, seizure())
    assert one(intake, seizure(status="retracted")).revision == 2


def test_a_rejected_record_is_kept_with_every_reason_until_it_is_mended(intake: Intake) -> None:
    items = [{"kind": "firearm", "quantity": "two", "firearm": {"weapon_class": "pistl", "marks": {}}}]
    result = one(intake, seizure(items=items, own_reference=None, agency="polise", speed=3, occurred={"at": "x"}))
    assert codes(result) == {
        "own_reference": "missing_field",
        "agency": "unknown_code",
        "speed": "unknown_field",
        "occurred.at": "malformed_date",
        "occurred.offset_minutes": "missing_field",
        "occurred.precision": "missing_field",
        "items[0].quantity": "malformed_value",
        "items[0].firearm.weapon_class": "unknown_code",
        "items[0].firearm.marks.numbers[0].state": "missing_field",
    }
    (kept,) = intake.outbox.reading.rejected()
    assert kept.id == result.rejected_id
    assert kept.rejected.record["agency"] == "polise"
    assert next(p for p in result.problems if p.code == "unknown_code").parameters["nearest"]
    assert one(intake, seizure()).outcome == "accepted"
    assert intake.outbox.reading.rejected() == []
    (row,) = intake.outbox.reading.all_rows()
    assert intake.outbox.reading.rejected(closed=True)[0].closed_by == row.draft.event_id


def test_a_bulk_gives_one_result_per_record_in_order(intake: Intake) -> None:
    bulk = [seizure(), seizure(national_id=""), seizure(), seizure(national_id="KU-18/26")]
    results = intake.submit("seizure", bulk, AT_THE_DOOR)
    assert [r.outcome for r in results] == ["accepted", "rejected", "unchanged", "accepted"]
    assert [r.rows for r in results] == [(1,), (2,), (3,), (4,)]


def test_a_dry_run_tells_what_would_be_and_keeps_nothing(intake: Intake) -> None:
    assert one(intake, seizure(), dry_run=True).outcome == "accepted"
    rejected = one(intake, seizure(items=[]), dry_run=True)
    assert (rejected.outcome, rejected.rejected_id) == ("rejected", None)
    assert list(intake.outbox.reading.all_rows()) == []
    assert intake.outbox.reading.rejected(closed=True) == []


def test_a_full_outbox_keeps_nothing_of_a_bulk(tmp_path: Path) -> None:
    intake = open_intake(tmp_path, bound_rows=2)
    bulk = [seizure(national_id=f"KU-{n}") for n in range(3)]
    with pytest.raises(OutboxFull):
        intake.submit("seizure", [*bulk, seizure(items=[])], AT_THE_DOOR)
    assert list(intake.outbox.reading.all_rows()) == []
    assert intake.outbox.reading.rejected() == []
    intake.outbox.close()


def test_national_rows_are_judged_by_what_they_said_before_mapping(intake: Intake) -> None:
    rows = [NationalRow(2, ROW), NationalRow(3, {**ROW, "RB": "2", "BROJ": ""})]
    (accepted,) = intake.submit_rows("rs-zaplene", rows, AT_THE_DOOR)
    assert (accepted.outcome, accepted.rows) == ("accepted", (2, 3))
    event = decode_as(next(iter(intake.outbox.reading.all_rows())).draft.value, "seizure")
    assert isinstance(event, Seizure)
    assert (event.source.mapping, event.source.mapping_version) == ("rs-zaplene", 3)
    again = [NationalRow(7, {**rows[1].fields, "IZVOZ": "later"}), NationalRow(8, ROW)]
    assert intake.submit_rows("rs-zaplene", again, AT_THE_DOOR)[0].outcome == "unchanged"


def test_problems_of_national_rows_name_the_clerks_column(intake: Intake) -> None:
    row = {**ROW, "DATUM": "14.02.2027", "VRSTA": "top", "PRELAZ": "a\x00b", "PREDMET": "K" * 81}
    (result,) = intake.submit_rows("rs-zaplene", [NationalRow(5, row)], AT_THE_DOOR)
    named = {(p.code, p.parameters.get("column"), p.parameters.get("row")) for p in result.problems}
    assert ("unusable_character", "PRELAZ", "5") in named
    assert ("unknown_code", "VRSTA", "5") in named
    (result,) = intake.submit_rows("rs-zaplene", [NationalRow(5, {**row, "PRELAZ": ""})], AT_THE_DOOR)
    named = {(p.code, p.parameters.get("column"), p.parameters.get("row")) for p in result.problems}
    assert named == {
        ("unknown_code", "VRSTA", "5"),
        ("in_the_future", "DATUM + VREME", "5"),
        ("malformed_value", "PREDMET", "5"),
    }
    assert intake.outbox.reading.rejected()[0].rejected.record["VRSTA"] == "top"


def test_a_mapping_that_is_not_there_is_rejected(intake: Intake) -> None:
    with pytest.raises(Rejected, match="rs-zaplene"):
        intake.submit_rows("nothing", [NationalRow(1, ROW)], AT_THE_DOOR)


def test_another_id_key_than_the_directorys_does_not_start(tmp_path: Path) -> None:
    right = open_intake(tmp_path)
    with pytest.raises(Misconfigured, match="id key of RS"):
        Intake(
            member="RS",
            directory=directory(),
            id_key=b"another" * 8,
            code_lists=CODE_LISTS,
            outbox=right.outbox,
            now=lambda: NOW,
        )
    right.outbox.close()


def test_the_id_key_shows_in_no_text(intake: Intake) -> None:
    assert ID_KEY.decode() not in repr(intake) + repr(intake.identity)


def test_a_request_about_a_seizure_names_it_by_the_ids_that_the_seizure_gets(intake: Intake) -> None:
    one(intake, seizure())
    result = one(intake, trace_request(), "trace")
    assert result.trace_id == result.record_id
    row = list(intake.outbox.reading.all_rows())[-1]
    assert (row.draft.topic, row.draft.key) == ("rs.trace", result.trace_id)
    event = decode_as(row.draft.value, "trace")
    assert isinstance(event, TraceAct)
    assert event.request
    assert event.request.seizure_record_id == record_id(ID_KEY, "seizure", "KU-17/26")
    assert event.request.item_id == item_id(ID_KEY, "KU-17/26", "1")
    assert (event.requester, event.hop, event.cause) == ("RS", 1, None)


IDENTITY = Identity("RS", ID_KEY, exercise=True)
STANDARDS = Standards("RS", directory(), CODE_LISTS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(seizure())), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["seizure", "missing", "trace", "receipt"]), st.dictionaries(st.text(max_size=8), JSON), JSON)
def test_any_object_is_judged_and_never_an_error(stream: str, fields: dict[str, Any], odd: Any) -> None:
    record = {**seizure(items=odd, handling=odd), **fields}
    judged = look_at(harmonised_submission(stream, record, 1, AT_THE_DOOR), IDENTITY, STANDARDS, NOW)
    assert judged.problems


EARLIER = st.datetimes(max_value=NOW.replace(tzinfo=None), timezones=st.just(UTC))
PLAIN = {
    "handling": st.just(Handling(codes=("H1", "H2"))),
    "occurred": st.none(),
    "own_reference": st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20),
    "sealed": st.none(),
    "attachments": st.just(()),
}
MISSING = events("missing", **PLAIN, since=EARLIER)
RECEIPTS = events("receipt", **PLAIN, received_at=EARLIER, status=st.just("active"))


@given(MISSING.map(lambda event: ("missing", event)) | RECEIPTS.map(lambda event: ("receipt", event)))
def test_what_is_found_right_can_be_encoded(made: tuple[str, Event]) -> None:
    stream, event = made
    fields = {name: value for name, value in event_json(event).items() if name not in ENVELOPE}
    submission = harmonised_submission(stream, {**fields, "national_id": "N"}, 1, AT_THE_DOOR)
    judged = look_at(submission, IDENTITY, STANDARDS, NOW)
    assert {p.parameters["field"].rpartition(".")[2] for p in judged.problems} <= {"year"}
    if judged.event and not judged.problems:
        assert decode_as(encode(judged.event), stream) == judged.event


def test_a_desk_built_anew_finds_the_receipt_that_it_gave_before(intake: Intake) -> None:
    receipt = {
        "national_id": "00000000-0000-5000-8000-000000000001",
        "of_event": "00000000-0000-5000-8000-000000000002",
        "sha256": "A" * 43,
        "delivery_id": "00000000-0000-5000-8000-000000000001",
        "handling": {"codes": ["H0"]},
    }
    first = one(intake, {**receipt, "received_at": "2026-03-01T10:00:00+00:00"}, "receipt")
    assert first.outcome == "accepted"
    again = one(intake, {**receipt, "received_at": "2026-03-01T11:00:00+00:00"}, "receipt")
    assert (again.outcome, codes(again)) == ("rejected", {"national_id": "reference_reused"})
    assert receipt_of(again) == first.event_id
    assert isinstance(receipt_of(Result(outcome="rejected", national_id="", rows=(1,))), Rejected)
