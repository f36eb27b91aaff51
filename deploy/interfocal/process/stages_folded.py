"""How long an event took until it was folded. It changes as ``stages.py`` does."""

from collections.abc import Iterator
from datetime import datetime

from consumers.checked import CheckedEvent
from interfocal.process.stages import Aged, Stage, seconds_between
from schemas.events.delivery import Delivery
from schemas.events.receipt import Receipt
from schemas.topics import stream_of
from schemas.wire.codec import decode

ACCOUNTABLE = "accountable"


def stages_of_event(checked: CheckedEvent, at: datetime) -> Iterator[Aged]:
    """What is known when an event has taken effect."""
    stream = stream_of(checked.record.topic)
    yield Stage.PUBLISHED_TO_FOLDED, stream, max(at.timestamp() - checked.record.appended_ms / 1000, 0.0)
    match checked.event:
        case Delivery() as delivery:
            yield Stage.DECIDED_TO_INBOX, stream, seconds_between(at, delivery.recorded_at)
            if delivery.purpose == ACCOUNTABLE:
                original = decode(delivery.original.value)[1]
                yield (
                    Stage.ACCEPTED_TO_INBOX,
                    stream_of(delivery.original.topic),
                    seconds_between(at, original.recorded_at),
                )
        case Receipt() as receipt:
            yield Stage.RECEIVED_TO_RECEIPTED, stream, seconds_between(at, receipt.received_at)
