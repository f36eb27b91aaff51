"""Only what is sealed, whole, consistent and its sender's own may take effect; everything else has its reason."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.checked import CheckedEvent
from consumers.checking import Checked, Flaw, Terms, check_records
from consumers.quarantine.entries import Faulty, Verdict
from records import Station, a_decision, a_missing, a_seizure, changed, signing_key
from schemas.errors import Unsealed
from schemas.record import UNREADABLE_HEADER, Record
from schemas.topics import MAX_EVENT_BYTES
from schemas.trust.faults import Fault
from sealing import an_id, expecting, seal_of, with_seal

TERMS = Terms(expecting(signing_key("rs"), signing_key("region")), exercise=True)
SEIZURE = a_seizure("case-1")


def check(record: Record) -> Checked:
    (checked,) = check_records(record.topic, [record], TERMS)
    return checked


def fault_of(record: Record) -> Faulty:
    checked = check(record)
    assert isinstance(checked, Faulty)
    return checked


def sealed(event: Any, topic: str = "rs.seizure", **changes: Any) -> Record:
    return Station(topic).record(event, **changes)


def test_a_good_record_becomes_its_event() -> None:
    record = sealed(SEIZURE)
    checked = check(record)
    assert isinstance(checked, CheckedEvent)
    assert checked.event == SEIZURE
    assert checked.record == record
    assert (checked.claims.life, checked.claims.seq) == (1, 1)
    assert checked.schema_id == 101
    assert len(checked.sha256) == 43


def test_a_run_is_checked_in_its_order() -> None:
    station = Station("rs.missing")
    events = [a_missing(f"case-{number}") for number in range(5)]
    checked = check_records("rs.missing", [station.record(event) for event in events], TERMS)
    assert [item.event for item in checked if isinstance(item, CheckedEvent)] == events


def test_a_decision_is_the_regions_own() -> None:
    assert isinstance(check(sealed(a_decision("case-1"), "region.decision")), CheckedEvent)


@pytest.mark.parametrize(
    ("event", "topic", "changes", "reason"),
    [
        (SEIZURE, "rs.missing", {}, Flaw.OTHER_STREAM),
        (SEIZURE, "rs.seizure", {"event_id": an_id("another")}, Flaw.OTHER_EVENT_ID),
        (a_seizure("case-1", member="AL"), "rs.seizure", {}, Flaw.OTHER_MEMBER),
        (changed(SEIZURE, exercise=False), "rs.seizure", {}, Flaw.OTHER_EXERCISE),
        (changed(SEIZURE, revision=2), "rs.seizure", {}, Flaw.WRONG_EVENT_ID),
        (a_decision("case-1").model_copy(update={"hop": 2}), "region.decision", {}, Flaw.WRONG_EVENT_ID),
    ],
)
def test_an_event_that_contradicts_its_seal_or_topic_is_unusable(
    event: Any, topic: str, changes: dict[str, str], reason: Flaw
) -> None:
    fault = fault_of(sealed(event, topic, **changes))
    assert (fault.verdict, fault.reason) == (Verdict.UNUSABLE, reason)
    assert fault.member == topic.split(".", maxsplit=1)[0].upper()
    assert fault.event_id == changes.get("event_id", event.event_id)


@pytest.mark.parametrize("value", [b"", b"\x00", b"\x00\x00\x00\x27\x0frest", b"\x01" * 50, b"\x00" * MAX_EVENT_BYTES])
def test_a_sealed_value_that_is_no_event_is_undecodable(value: bytes) -> None:
    fault = fault_of(sealed(SEIZURE, value=value))
    assert fault.verdict is Verdict.UNDECODABLE
    assert (fault.event_id, fault.member) == (SEIZURE.event_id, "RS")


def test_a_sealed_value_above_the_limit_is_not_decoded() -> None:
    fault = fault_of(sealed(SEIZURE, value=b"\x00" * (MAX_EVENT_BYTES + 1)))
    assert (fault.verdict, fault.reason) == (Verdict.UNDECODABLE, Flaw.TOO_LARGE)
    assert fault.parameters == {"size": str(MAX_EVENT_BYTES + 1), "limit": str(MAX_EVENT_BYTES)}


def test_a_header_that_contradicts_the_event_is_unusable() -> None:
    record = sealed(SEIZURE)
    headers = tuple((n, b"/al/seizure" if n == "ce_source" else v) for n, v in record.headers)
    assert fault_of(replace(record, headers=headers)).reason == "headers_disagree"


def test_what_has_no_valid_seal_belongs_to_nobody() -> None:
    good = sealed(SEIZURE)
    bad = [
        replace(good, headers=()),
        replace(good, value=b"anything"),
        replace(good, value=None),
        replace(good, key=None),
        with_seal(good, seal_of(good)[:-1] + b"A"),
    ]
    for record in bad:
        fault = fault_of(record)
        assert fault.verdict is Verdict.FOREIGN
        assert fault.member is None
        assert fault.event_id is None


@pytest.mark.parametrize(
    ("said", "flaw"),
    [
        (b"UnicodeDecodeError", Flaw.UNREADABLE),
        (b"\xff", Flaw.UNREADABLE),
        (b"compressed", Flaw.COMPRESSED),
        (b"transaction", Flaw.TRANSACTION),
    ],
)
def test_a_record_that_the_client_could_not_read_says_why(said: bytes, flaw: Flaw) -> None:
    unread = Record("rs.seizure", 7, None, None, ((UNREADABLE_HEADER, said),))
    assert (fault_of(unread).reason, fault_of(unread).parameters) == (flaw, {})
    assert fault_of(replace(unread, span=5)).parameters == {"last_offset": "11"}


@given(st.binary(max_size=80), st.none() | st.binary(max_size=20), st.binary(max_size=60))
def test_any_bytes_have_a_reason(value: bytes, key: bytes | None, seal: bytes) -> None:
    fault = fault_of(Record("rs.trace", 0, key, value, (("seal", seal),)))
    assert fault.reason in {*Fault, Unsealed.default_code}


def test_reasons_are_one_word_each() -> None:
    assert all(flaw.value.replace("_", "").isalpha() and flaw.value.islower() for flaw in Flaw)
