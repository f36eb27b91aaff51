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


class Verdict(StrEnum):
    """How far a record came. A foreign one has no valid seal: it belongs to nobody and is counted apart."""

    FOREIGN = "foreign"
    UNDECODABLE = "undecodable"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Faulty:
    """A record for the quarantine. ``event_id`` and ``member`` are None unless its seal holds."""

    record: Record
    verdict: Verdict
    reason: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    event_id: str | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An entry as it waits: number, what was put, and when. Header names are escaped, see ``escaped``."""

    number: int
    faulty: Faulty
    quarantined_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: None leaves a field open. ``member`` FOREIGN_MEMBER asks for those that belong to nobody."""

    member: str | None = None
    stream: str | None = None
    reason: str | None = None
    resolved: bool = False
    number: int | None = None


FOREIGN_MEMBER = "-"


class Quarantine(Protocol):
    """The edge to where unusable records wait."""

    def put(self, entries: Sequence[Faulty]) -> None:
        """Keep the entries; a record (topic, offset) is kept once."""

    def unresolved(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many entries of each topic wait for a person."""

    def entries(self, wanted: Wanted, limit: int) -> Sequence[Quarantined]:
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
                " (topic, log_offset, event_id, member, verdict, reason, parameters, key, headers, value)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (topic, log_offset) do nothing",
                [_row(entry) for entry in entries],
            )

    def unresolved(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many entries of each topic wait for a person."""
        rows = self._connection.execute(
            "select topic, count(*) from quarantine where topic = any(%s) and resolved_at is null group by topic",
            [list(topics)],
        )
        return dict.fromkeys(topics, 0) | dict(rows.fetchall())

    def entries(self, wanted: Wanted, limit: int) -> Sequence[Quarantined]:
        """Entries, the oldest first."""
        clauses, parameters = _clauses(wanted)
        rows = self._connection.execute(
            "select id, topic, log_offset, event_id, member, verdict, reason, parameters, key, headers, value,"
            f" quarantined_at, resolved_at from quarantine where {clauses} order by id limit %s",
            [*parameters, limit],
        )
        return [_entry(row) for row in rows]


def _clauses(wanted: Wanted) -> tuple[str, list[object]]:
    clauses: list[str] = [] if wanted.resolved else ["resolved_at is null"]
    parameters: list[object] = []
    if wanted.member == FOREIGN_MEMBER:
        clauses.append("member is null")
    fields = {"member = %s": wanted.member, "reason = %s": wanted.reason, "id = %s": wanted.number}
    fields["split_part(topic, '.', 2) = %s"] = wanted.stream
    for clause, value in fields.items():
        if value is not None and value != FOREIGN_MEMBER:
            clauses.append(clause)
            parameters.append(value)
    return " and ".join(clauses) or "true", parameters


def _row(entry: Faulty) -> tuple[object, ...]:
    record = entry.record
    headers = [[escaped(name), value.hex() if value is not None else None] for name, value in record.headers]
    return (
        *(record.topic, record.offset, entry.event_id, entry.member, entry.verdict.value, entry.reason),
        *(Jsonb(dict(entry.parameters)), record.key, Jsonb(headers), record.value),
    )


def _entry(row: tuple[Any, ...]) -> Quarantined:
    number, topic, offset, event_id, member, verdict, reason, parameters, key, headers, value, at, resolved = row
    pairs = tuple((unescaped(name), bytes.fromhex(text or "")) for name, text in headers)
    record = Record(topic, offset, key, value, pairs)
    return Quarantined(number, Faulty(record, Verdict(verdict), reason, parameters, event_id, member), at, resolved)
