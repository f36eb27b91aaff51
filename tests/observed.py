"""What observers are told of in tests: events that took effect, faulty records, rows that were published, decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from consumers.checked import CheckedEvent
from consumers.quarantine.entries import Faulty, Verdict
from consumers.tracing.deciding import Taken
from consumers.tracing.knowledge import Arrival
from desk_bench import delivery, original, routed
from histories import request_event
from records import a_decision, a_seizure
from schemas.events.envelope import Event
from schemas.events.ids import value_sha256
from schemas.events.receipt import Receipt
from schemas.record import Draft, Entry, Record
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode
from schemas.wire.traceparent import TraceContext, own_context
from sealing import SEALED_AT, an_id, claims

FLOW = TraceContext("0af7651916cd43dd8448eb211c80319c", sampled=True)


def read(topic: str, event: Event | None = None, appended_ms: int = 0, context: TraceContext | None = None) -> Any:
    """An event as a loop folds it; a seizure where none is given."""
    said = event or a_seizure("S-1")
    headers = (context.header(said.event_id),) if context else ()
    record = Record(topic, 0, said.record_id.encode(), encode(said), headers, appended_ms)
    stated = claims()._replace(topic=topic, event_id=said.event_id)
    return CheckedEvent(record, stated, said, value_sha256(encode(said)), 101)


def faulty(topic: str, reason: str) -> Faulty:
    """A record for the quarantine."""
    return Faulty(Record(topic, 0, None, None), Verdict.UNUSABLE, reason)


def sent(topic: str, event: Event | None = None, context: TraceContext | None = None) -> Entry:
    """A row that a relay has sent."""
    said = event or a_seizure("S-1")
    draft = Draft(topic, said.event_id, said.record_id, encode(said), headers_for(said, "seizure", context))
    return Entry(1, draft, 1, 1, b"seal")


def taken(kind: str = "none", rule: str | None = None, folded_at: datetime = SEALED_AT, **changes: Any) -> Taken:
    """A decision that the router took about a request; ``rule`` makes it a routing by that rule."""
    decision = a_decision("subject", kind=kind, **changes)
    if rule is not None:
        routing = routed().routing
        assert routing is not None
        decision = decision.model_copy(update={"routing": routing.model_copy(update={"rule": rule})})
    request = request_event()
    return Taken(decision, Arrival(original(request), folded_at, own_context(request.event_id)))


def delivered(purpose: str = "accountable", decided_at: datetime = SEALED_AT) -> Event:
    """A delivery of a request; it is recorded when it was decided."""
    return delivery(request_event(), routed().model_copy(update={"recorded_at": decided_at}), purpose=purpose)


def receipted(received_at: datetime) -> Receipt:
    """A receipt of what reached a desk then."""
    envelope = a_seizure("R-1").model_dump(include=set(Receipt.model_fields))
    about = {"of_event": an_id("request"), "sha256": "A" * 43, "delivery_id": an_id("delivery")}
    return Receipt.model_validate({**envelope, **about, "received_at": received_at})


def several(topic: str, times: Sequence[int]) -> list[CheckedEvent]:
    """Events of a topic that the broker appended then (milliseconds)."""
    return [read(topic, a_seizure(f"S-{number}"), at) for number, at in enumerate(times)]
