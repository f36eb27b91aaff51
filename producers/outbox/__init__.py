"""A member's outbox: where accepted events wait until Kafka has acknowledged them."""

from producers.outbox.acceptance import Acceptance
from producers.outbox.api_keys import ApiKey, add_api_key, api_keys, key_hash, revoke_api_key, system_of
from producers.outbox.file import OutboxFile
from producers.outbox.reading import OutboxReading, open_read_only
from producers.outbox.rows import OutboxRow, RejectedRecord, Rejection, Revision

__all__ = [
    "Acceptance",
    "ApiKey",
    "OutboxFile",
    "OutboxReading",
    "OutboxRow",
    "RejectedRecord",
    "Rejection",
    "Revision",
    "add_api_key",
    "api_keys",
    "key_hash",
    "open_read_only",
    "revoke_api_key",
    "system_of",
]
