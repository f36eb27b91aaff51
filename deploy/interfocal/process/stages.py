"""How long an event takes from step to step. It changes when the path gets another stage.

Ages are differences of two clocks where a stage leads from one machine to another; they are never negative.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from schemas.record import Entry
from schemas.topics import stream_of

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
        seconds = seconds_between(at, datetime.fromisoformat(made.decode()))
        yield Stage.ACCEPTED_TO_PUBLISHED, stream_of(entry.draft.topic), seconds


def seconds_between(until: datetime, since: datetime) -> float:
    """Never negative: the two may be of two clocks."""
    return max((until - since).total_seconds(), 0.0)
