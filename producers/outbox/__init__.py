"""A member's outbox: where accepted events wait until Kafka has acknowledged them."""

from producers.outbox.acceptance import Acceptance
from producers.outbox.file import OutboxFile
from producers.outbox.reading import OutboxReading, open_read_only
from producers.outbox.rows import OutboxRow, RejectedRecord, Rejection, Revision

__all__ = [
    "Acceptance",
    "OutboxFile",
    "OutboxReading",
    "OutboxRow",
    "RejectedRecord",
    "Rejection",
    "Revision",
    "open_read_only",
]
