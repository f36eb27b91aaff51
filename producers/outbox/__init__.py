"""A member's outbox: where accepted events wait until Kafka has acknowledged them."""

from producers.outbox.acceptance import Acceptance
from producers.outbox.file import OutboxFile
from producers.outbox.place import back_up, layout_of
from producers.outbox.reading import OutboxReading, open_read_only
from producers.outbox.rows import LAYOUT, OutboxRow, RejectedRecord, Rejection, Revision

__all__ = [
    "LAYOUT",
    "Acceptance",
    "OutboxFile",
    "OutboxReading",
    "OutboxRow",
    "RejectedRecord",
    "Rejection",
    "Revision",
    "back_up",
    "layout_of",
    "open_read_only",
]
