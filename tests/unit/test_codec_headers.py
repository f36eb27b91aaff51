"""CloudEvents headers say what the event says, and one that says another thing is noticed."""

import pytest
from hypothesis import HealthCheck, given, settings

from event_strategies import any_event
from receipts import a_receipt
from schemas.errors import Unusable
from schemas.events.envelope import Event
from schemas.wire.catalogue import stream_of_event
from schemas.wire.cloudevents import check_headers, headers_for


def test_the_headers_are_those_of_the_kafka_binding() -> None:
    event = a_receipt()
    assert dict(headers_for(event, "receipt")) == {
        "ce_specversion": b"1.0",
        "ce_id": event.event_id.encode(),
        "ce_source": b"/rs/receipt",
        "ce_type": b"interfocal.receipt",
        "ce_time": b"2026-03-01T12:00:00.000Z",
        "ce_subject": event.record_id.encode(),
        "content-type": b"application/avro",
    }


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(any_event())
def test_the_headers_of_an_event_agree_with_it(event: Event) -> None:
    stream = stream_of_event(event)
    check_headers((("seal", b"x"), *headers_for(event, stream)), event, stream)


@pytest.mark.parametrize("name", [name for name, _ in headers_for(a_receipt(), "receipt") if name.startswith("ce_")])
@pytest.mark.parametrize("spelled", [str, str.upper])
def test_a_header_that_says_another_thing_is_noticed_wherever_it_stands(name: str, spelled: type[str]) -> None:
    ours = headers_for(a_receipt(), "receipt")
    for headers in ((*ours, (spelled(name), b"other")), ((spelled(name), b"other"), *ours)):
        with pytest.raises(Unusable) as refused:
            check_headers(headers, a_receipt(), "receipt")
        assert (refused.value.code, refused.value.parameters) == ("headers_disagree", {"header": name})


def test_headers_that_are_not_ours_or_not_there_say_nothing() -> None:
    check_headers((), a_receipt(), "receipt")
    check_headers((("ce_extension", b"1"), ("traceparent", b"00"), ("Content-Type", b"x")), a_receipt(), "receipt")
