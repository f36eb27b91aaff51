"""What cannot be used waits here, with reason, bytes and origin, until a person acts. It changes when it says more.

It is written in the transaction that moves the position past the record, before it moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from psycopg import Connection
from psycopg.types.json import Jsonb

from schemas.record import Record
from schemas.trust.seal import SealClaims


class Verdict(StrEnum):
    """How far a record came. A foreign one has no valid seal: it belongs to nobody and is counted apart."""

    FOREIGN = "foreign"
    UNDECODABLE = "undecodable"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Faulty:
    """A record for the quarantine. ``event_id``, ``member`` and ``claims`` are None unless its seal holds."""

    record: Record
    verdict: Verdict
    reason: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    event_id: str | None = None
    member: str | None = None
    claims: SealClaims | None = None


class Settled(StrEnum):
    """What became of an entry."""

    RELEASED = "released"  # it was tried again, and has taken effect
    DISCARDED = "discarded"  # it is never to be used


@dataclass(frozen=True, slots=True)
class Settlement:
    """How an entry was settled, by which decision (at a desk: by whom), and when."""

    how: Settled
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """A record as it waits: its number, what was put and when, by which decision it was released, and its end."""

    number: int
    faulty: Faulty
    quarantined_at: datetime
    released_by: str | None = None
    settlement: Settlement | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: None leaves a field open. ``member`` FOREIGN_MEMBER asks for those that belong to nobody."""

    member: str | None = None
    stream: str | None = None
    reason: str | None = None
    settled: bool = False
    numbers: tuple[int, ...] | None = None


FOREIGN_MEMBER = "-"
ENTRY_COLUMNS = (
    "id, topic, log_offset, appended_ms, event_id, member, verdict, reason, parameters, key, headers, value,"
    " quarantined_at, released_by, settled, settled_by, settled_at"
)


class Quarantine(Protocol):
    """The edge to where unusable records wait."""

    def put(self, entries: Sequence[Faulty]) -> None:
        """Keep the entries; a record (topic, offset) is kept once."""

    def waiting(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many entries of each topic wait for a person."""

    def entries(self, wanted: Wanted, limit: int) -> Sequence[QuarantineEntry]:
        """Entries, the oldest first."""


def escaped(name: str) -> str:
    """A header's name as ASCII without control characters; ``unescaped`` is its inverse."""
    return name.encode("unicode_escape").decode("ascii")


def unescaped(name: str) -> str:
    """The header's name as it was read."""
    return name.encode("ascii").decode("unicode_escape")


class PostgresQuarantine:
    """``Quarantine`` over one connection; ``put`` belongs to whatever transaction is open there."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def put(self, entries: Sequence[Faulty]) -> None:
        """Keep the entries; a record is kept once."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "insert into quarantine"
                " (topic, log_offset, appended_ms, event_id, member, verdict, reason, parameters, key, headers, value)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (topic, log_offset) do nothing",
                [_row(entry) for entry in entries],
            )

    def waiting(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many entries of each topic wait for a person."""
        rows = self._connection.execute(
            "select topic, count(*) from quarantine where topic = any(%s) and settled is null group by topic",
            [list(topics)],
        )
        return dict.fromkeys(topics, 0) | dict(rows.fetchall())

    def entries(self, wanted: Wanted, limit: int) -> Sequence[QuarantineEntry]:
        """Entries, the oldest first."""
        clauses, parameters = _clauses(wanted)
        rows = self._connection.execute(
            f"select {ENTRY_COLUMNS} from quarantine where {clauses} order by id limit %s", [*parameters, limit]
        )
        return [entry_of(row) for row in rows]


def _clauses(wanted: Wanted) -> tuple[str, list[object]]:
    clauses: list[str] = [] if wanted.settled else ["settled is null"]
    parameters: list[object] = []
    if wanted.member == FOREIGN_MEMBER:
        clauses.append("member is null")
    fields: dict[str, object] = {"reason = %s": wanted.reason, "split_part(topic, '.', 2) = %s": wanted.stream}
    fields["member = %s"] = None if wanted.member == FOREIGN_MEMBER else wanted.member
    fields["id = any(%s)"] = None if wanted.numbers is None else list(wanted.numbers)
    for clause, value in fields.items():
        if value is not None:
            clauses.append(clause)
            parameters.append(value)
    return " and ".join(clauses) or "true", parameters


def _row(entry: Faulty) -> tuple[object, ...]:
    record = entry.record
    headers = [[escaped(name), value.hex()] for name, value in record.headers]
    return (
        *(record.topic, record.offset, record.appended_ms, entry.event_id, entry.member),
        *(entry.verdict.value, entry.reason, Jsonb(dict(entry.parameters)), record.key, Jsonb(headers), record.value),
    )


def entry_of(row: tuple[Any, ...]) -> QuarantineEntry:
    """A row of ``ENTRY_COLUMNS``."""
    number, topic, offset, appended_ms, event_id, member, verdict, reason, parameters, key, headers, value = row[:12]
    at, released_by, settled, settled_by, settled_at = row[12:]
    pairs = tuple((unescaped(name), bytes.fromhex(text or "")) for name, text in headers)
    record = Record(topic, offset, key, value, pairs, appended_ms)
    settlement = Settlement(Settled(settled), settled_by, settled_at) if settled else None
    faulty = Faulty(record, Verdict(verdict), reason, parameters, event_id, member)
    return QuarantineEntry(number, faulty, at, released_by, settlement)
