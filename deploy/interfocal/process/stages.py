"""How long an event takes from step to step. It changes when the path gets another stage.

Ages are differences of two clocks where a stage leads from one machine to another; they are never negative.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from consumers.checked import CheckedEvent
from schemas.events.delivery import Delivery
from schemas.events.receipt import Receipt
from schemas.record import Entry
from schemas.topics import stream_of
from schemas.wire.codec import decode

ACCOUNTABLE = "accountable"
CE_TIME = "ce_time"


class Stage(StrEnum):
    """From which step to which."""

    ACCEPTED_TO_PUBLISHED = "accepted_to_published"  # intake's or the region's clock to Kafka's acknowledgement
    PUBLISHED_TO_FOLDED = "published_to_folded"  # the broker's clock to the reader's commit
    FOLDED_TO_DECIDED = "folded_to_decided"  # an act in the regional database to the decision about it
    DECIDED_TO_INBOX = "decided_to_inbox"  # a decision to each inbox that it sends to
    ACCEPTED_TO_INBOX = "accepted_to_inbox"  # the whole path: an act at intake to the inbox that has to answer
    RECEIVED_TO_RECEIPTED = "received_to_receipted"  # a delivery in an inbox to its receipt in the regional view


Aged = tuple[Stage, str, float]
"""Stage, stream, seconds."""


def stages_of_row(entry: Entry, at: datetime) -> Iterator[Aged]:
    """What is known when Kafka has acknowledged a row; a row that does not say when it was made says nothing."""
    made = dict(entry.draft.headers).get(CE_TIME)
    if made is not None:
        seconds = _seconds(at, datetime.fromisoformat(made.decode()))
        yield Stage.ACCEPTED_TO_PUBLISHED, stream_of(entry.draft.topic), seconds


def stages_of_event(checked: CheckedEvent, at: datetime) -> Iterator[Aged]:
    """What is known when an event has taken effect."""
    stream = stream_of(checked.record.topic)
    yield Stage.PUBLISHED_TO_FOLDED, stream, max(at.timestamp() - checked.record.appended_ms / 1000, 0.0)
    match checked.event:
        case Delivery() as delivery:
            yield Stage.DECIDED_TO_INBOX, stream, _seconds(at, delivery.recorded_at)
            if delivery.purpose == ACCOUNTABLE:
                original = decode(delivery.original.value)[1]
                yield Stage.ACCEPTED_TO_INBOX, stream_of(delivery.original.topic), _seconds(at, original.recorded_at)
        case Receipt() as receipt:
            yield Stage.RECEIVED_TO_RECEIPTED, stream, _seconds(at, receipt.received_at)


def _seconds(until: datetime, since: datetime) -> float:
    return max((until - since).total_seconds(), 0.0)
