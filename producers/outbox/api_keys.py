"""Which systems may submit to a member's intake. It changes when a key says more than whose it is.

Only SHA-256 hashes are kept. A key is 32 random bytes or more, so a plain hash cannot be guessed back.
"""

import hashlib
import hmac
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from producers.outbox.file import OutboxFile
from producers.outbox.reading import OutboxReading
from producers.outbox.rows import Row
from schemas.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key: its id (shown), the system it was given to, and when."""

    id: str
    system: str
    hash: str
    added_at: datetime
    revoked_at: datetime | None


def key_hash(key: str) -> str:
    """SHA-256 of a key in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def add_api_key(outbox: OutboxFile, added: ApiKey) -> None:
    """Keep a new key's hash; raises Misconfigured when its id or hash is there already."""
    row = (added.id, added.system, added.hash, added.added_at.isoformat())
    with outbox.writer.writing() as transaction:
        try:
            transaction.connection.execute("insert into api_key (id, system, hash, added_at) values (?, ?, ?, ?)", row)
        except sqlite3.IntegrityError as error:
            raise Misconfigured(f"API key {added.id} is there already; give the new one another id") from error


def revoke_api_key(outbox: OutboxFile, key_id: str, revoked_at: datetime) -> None:
    """End a key, once; raises Misconfigured when there is none with this id."""
    with outbox.writer.writing() as transaction:
        changed = transaction.connection.execute(
            "update api_key set revoked_at = coalesce(revoked_at, ?) where id = ?", (revoked_at.isoformat(), key_id)
        )
        if changed.rowcount == 0:
            raise Misconfigured(f"there is no API key {key_id}; list those there are")


def api_keys(outbox: OutboxReading) -> Sequence[ApiKey]:
    """Every key, the oldest first, with those that were revoked."""
    rows = outbox.shared.rows("select id, system, hash, added_at, revoked_at from api_key order by added_at, id")
    return [_api_key(row) for row in rows]


def system_of(outbox: OutboxReading, key: str) -> str | None:
    """The system that a presented key was given to; None for an unknown or revoked one."""
    presented = key_hash(key)
    for known in api_keys(outbox):
        if known.revoked_at is None and hmac.compare_digest(known.hash, presented):
            return known.system
    return None


def _api_key(row: Row) -> ApiKey:
    key_id, system, hashed, added_at, revoked_at = row
    revoked = datetime.fromisoformat(revoked_at) if revoked_at else None
    return ApiKey(key_id, system, hashed, datetime.fromisoformat(added_at), revoked)
