"""What is to be sealed is sealed before anything is kept, with its key granted to the own desk alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from intake_cases import AT_THE_DOOR, open_intake, seizure, trace_request
from producers.intake.intake import Intake
from producers.intake.result import Result
from producers.intake.sealing import PartSealing
from producers.outbox import OutboxRow
from schemas.events.envelope import Handling
from schemas.events.grant import Grant
from schemas.events.sealed_part import AttachedFile, part_of
from schemas.events.seizure import Seizure
from schemas.events.trace import TraceAct
from schemas.trust.opening import opening_key_from_seed
from schemas.trust.sealed_parts import Place, open_part, terms_of, unwrap
from schemas.wire.codec import decode

DESK = opening_key_from_seed(bytes(range(32)))
WORD = "kanarinac"
FILE = AttachedFile.of("image/jpeg", "item", f"{WORD} in a picture".encode())
PART: dict[str, Any] = {
    "case_details": f"{WORD} under the seat",
    "persons": [{"name": f"{WORD} Person"}],
    "attachments": [FILE.model_dump(mode="json")],
}


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    sealing = PartSealing("test", lambda count: bytes(range(count)), lambda: ("rs.open.1", DESK.public_key()))
    opened = replace(open_intake(tmp_path), sealing=sealing)
    yield opened
    opened.outbox.close()


def one(intake: Intake, record: dict[str, Any], stream: str = "trace", **how: Any) -> Result:
    (result,) = intake.submit(stream, [record], AT_THE_DOOR, **how)
    return result


def codes(result: Result) -> set[tuple[str, str]]:
    return {(found.code, found.parameters.get("field", "")) for found in result.problems}


def rows(intake: Intake) -> list[OutboxRow]:
    return list(intake.outbox.reading.all_rows())


def accepted(intake: Intake) -> tuple[Grant, TraceAct]:
    """The grant and the request in the outbox, in this order: what is on the log can be opened."""
    first, second = (decode(row.draft.value)[1] for row in rows(intake))
    assert isinstance(first, Grant)
    assert isinstance(second, TraceAct)
    return first, second


def test_a_sealed_part_opens_with_the_grant_to_the_own_desk(intake: Intake) -> None:
    assert one(intake, trace_request(sealed_part=PART)).outcome == "accepted"
    grant, request = accepted(intake)
    assert (grant.of_event, grant.addressee, grant.hop) == (request.event_id, "RS", 0)
    assert request.sealed is not None
    content_key = unwrap(grant.wrapped, terms_of(grant, "test"), DESK)
    part = part_of(open_part(request.sealed, Place("test", "RS", request.event_id), content_key))
    assert part.case_details == PART["case_details"]
    assert [file.whole for file in part.attachments] == [FILE.whole]
    assert request.attachments == (FILE.described,)


def test_nothing_of_a_sealed_part_is_in_the_outbox_file_in_the_clear(intake: Intake) -> None:
    one(intake, trace_request(sealed_part=PART))
    folder = intake.outbox.writer.path.parent
    assert all(WORD.encode() not in file.read_bytes() for file in folder.iterdir() if file.is_file())
    assert all(row.draft.key not in {WORD, ""} for row in rows(intake))


def test_the_same_request_again_seals_nothing_anew(intake: Intake) -> None:
    one(intake, trace_request(sealed_part=PART))
    before = [row.draft.value for row in rows(intake)]
    assert one(intake, trace_request(sealed_part=PART)).outcome == "unchanged"
    assert [row.draft.value for row in rows(intake)] == before


def test_another_sealed_part_under_the_same_reference_is_rejected(intake: Intake) -> None:
    one(intake, trace_request(sealed_part=PART))
    again = one(intake, trace_request(sealed_part={"case_details": "another"}))
    assert codes(again) == {("reference_reused", "national_id")}


def test_without_a_key_to_open_it_nothing_is_accepted(intake: Intake) -> None:
    for keyless in (replace(intake, sealing=None), replace(intake, sealing=PartSealing("test", bytes, lambda: None))):
        assert codes(one(keyless, trace_request(sealed_part=PART))) == {("no_opening_key", "sealed_part")}
    assert rows(intake) == []


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"case_detail": WORD}, ("unknown_field", "sealed_part.case_detail")),
        ({"persons": [{"role": WORD}]}, ("missing_field", "sealed_part.persons[0].name")),
        ({"case_details": 7}, ("malformed_value", "sealed_part.case_details")),
        (
            {"attachments": [{"media_type": "image/jpeg", "caption": WORD, "content": ""}]},
            ("unknown_code", "sealed_part.attachments[0].caption"),
        ),
        (WORD, ("malformed_value", "sealed_part")),
    ],
)
def test_a_flaw_of_a_sealed_part_is_named_and_never_quoted(
    intake: Intake, part: Any, expected: tuple[str, str]
) -> None:
    result = one(intake, trace_request(sealed_part=part))
    assert expected in codes(result)
    assert WORD not in repr(result.problems)


def test_records_of_other_streams_have_no_sealed_part(intake: Intake) -> None:
    result = one(intake, seizure(sealed_part=PART), "seizure")
    assert codes(result) == {("unknown_field", "sealed_part")}


def test_a_part_that_makes_the_event_too_large_is_rejected(intake: Intake) -> None:
    large = AttachedFile.of("image/jpeg", "item", bytes(80_000)).model_dump(mode="json")
    result = one(intake, trace_request(sealed_part={"attachments": [large]}))
    assert [found.code for found in result.problems] == ["too_large"]


@pytest.mark.parametrize("handling", [{"releasable_to": ["BA"]}, {"embargo_until": "2999-01-01T00:00:00Z"}])
def test_a_record_of_any_stream_may_leave_members_out_and_wait(intake: Intake, handling: dict[str, Any]) -> None:
    assert one(intake, trace_request(handling=handling)).outcome == "accepted"
    assert one(intake, seizure(handling=handling), "seizure").outcome == "accepted"
    for row in rows(intake):
        said = decode(row.draft.value)[1]
        assert isinstance(said, TraceAct | Seizure)
        assert said.handling == Handling.model_validate(handling)


def an_erasure(intake: Intake, *grants: str) -> Result:
    _, request = accepted(intake)
    record = {
        "national_id": "E-1",
        "own_reference": "E-1",
        "handling": {"codes": ["H0"]},
        "act": "erasure",
        "requester": "RS",
        "trace_id": request.trace_id,
        "hop": 1,
        "cause": request.event_id,
        "erasure": {"grants": list(grants)},
    }
    return one(intake, record)


def test_an_erasure_puts_a_tombstone_after_it(intake: Intake) -> None:
    one(intake, trace_request(sealed_part=PART))
    grant, _ = accepted(intake)
    assert an_erasure(intake, grant.record_id, grant.record_id).outcome == "accepted"
    erasure, tombstone = rows(intake)[2:]
    assert decode(erasure.draft.value)[1].member == "RS"
    assert (tombstone.draft.topic, tombstone.draft.key, tombstone.draft.value) == ("rs.grant", grant.record_id, b"")


def test_an_erasure_of_a_grant_that_was_never_made_here_is_rejected(intake: Intake) -> None:
    one(intake, trace_request(sealed_part=PART))
    foreign = "00000000-0000-8000-8000-000000000001"
    assert codes(an_erasure(intake, foreign)) == {("unknown_grant", "erasure.grants")}
    assert len(rows(intake)) == 2
