"""Which events were applied, with their bytes. It changes when an applied event's row says more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent
from schemas.record import SEAL_HEADER, Record
from schemas.trust.seal import read_seal
from schemas.wire.codec import decode
from schemas.wire.traceparent import context_in

COLUMNS = (
    "topic, event_id, sha256, member, record_id, revision, chain, life, seq, log_offset, appended_ms, schema_id,"
    " key, value, seal, traceparent"
)
TYPES = [
    *("text", "text", "text", "text", "text", "int8"),
    *("text", "int4", "int8", "int8", "int8", "int4"),
    *("text", "bytea", "text", "text"),
]

Identity = tuple[str, str, str]
"""Topic, event id, SHA-256 of the value."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What is new of some events, and the ids under which another value was applied before (or beside)."""

    new: Sequence[CheckedEvent]
    conflicts: Sequence[CheckedEvent]


def identity(checked: CheckedEvent) -> Identity:
    """What makes an event a repeat of another."""
    return checked.record.topic, checked.event.event_id, checked.sha256


def add(transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Applied:
    """Write the rows of those that were not applied before, in the order given; repeats are left out.

    The caller holds the positions of all topics locked, so nobody else adds to them meanwhile.
    """
    known = _known(transaction, events)
    ids = {known_id[:2] for known_id in known}
    new: list[CheckedEvent] = []
    conflicts: list[CheckedEvent] = []
    for checked in events:
        of = identity(checked)
        if of in known:
            continue
        if of[:2] in ids:
            conflicts.append(checked)
        known.add(of)
        ids.add(of[:2])
        new.append(checked)
    if new:
        _copy(transaction, new)
    return Applied(new, conflicts)


def remove(transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
    """Take back the rows of events that are set aside: each stands in the quarantine instead."""
    topics, ids, hashes = zip(*(identity(checked) for checked in events), strict=True)
    transaction.execute(
        "delete from event using unnest(%s::text[], %s::text[], %s::text[]) as gone (topic, event_id, sha256)"
        " where event.topic = gone.topic and event.event_id = gone.event_id and event.sha256 = gone.sha256",
        [list(topics), list(ids), list(hashes)],
    )


RECORDS = (
    "select topic, log_offset, key, value, seal, appended_ms, sha256 from event where topic = %s order by log_offset"
)
"""The applied events of a topic, for ``record_of``."""


def record_of(row: tuple[Any, ...]) -> Record:
    """The record of an applied event, with its seal and no other header."""
    topic, offset, key, value, seal, appended_ms, _ = row
    return Record(topic, offset, key.encode() or None, value, ((SEAL_HEADER, seal.encode("ascii")),), appended_ms)


def at(transaction: Connection[Any], places: Sequence[tuple[str, int]]) -> list[CheckedEvent]:
    """The applied events that stand at these topics and offsets, as they were checked then."""
    if not places:
        return []
    rows = transaction.execute(
        "select topic, log_offset, key, value, seal, appended_ms, sha256 from event"
        " where (topic, log_offset) in (select * from unnest(%s::text[], %s::bigint[])) order by topic, log_offset",
        [[topic for topic, _ in places], [offset for _, offset in places]],
    )
    return [_checked(row) for row in rows]


def beginning_with(transaction: Connection[Any], event: str) -> list[Record]:
    """The records of applied events whose id begins so, at most 50, by topic and offset."""
    rows = transaction.execute(
        "select topic, log_offset, key, value, seal, appended_ms, sha256 from event"
        " where event_id like %s || '%%' order by topic, log_offset limit 50",
        [event],
    )
    return [record_of(row) for row in rows]


def _checked(row: tuple[Any, ...]) -> CheckedEvent:
    record, value, sha256 = record_of(row), row[3], row[6]
    schema_id, event = decode(value)
    return CheckedEvent(record, read_seal(record.header_values(SEAL_HEADER)[0]).claims, event, sha256, schema_id)


def _known(transaction: Connection[Any], events: Sequence[CheckedEvent]) -> set[Identity]:
    if not events:
        return set()
    rows = transaction.execute(
        "select topic, event_id, sha256 from event"
        " where (topic, event_id) in (select * from unnest(%s::text[], %s::text[]))",
        [[checked.record.topic for checked in events], [checked.event.event_id for checked in events]],
    )
    return {(topic, event_id, sha256) for topic, event_id, sha256 in rows}


def _copy(transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
    with transaction.cursor().copy(f"copy event ({COLUMNS}) from stdin (format binary)") as copy:
        copy.set_types(TYPES)
        for checked in events:
            copy.write_row(_row(checked))


def _row(checked: CheckedEvent) -> tuple[object, ...]:
    record, claims, event = checked.record, checked.claims, checked.event
    context = context_in(record.headers)
    return (
        *(record.topic, event.event_id, checked.sha256, event.member, event.record_id, event.revision),
        *(claims.chain, claims.life, claims.seq, record.offset, record.appended_ms, checked.schema_id),
        *(claims.key, record.value, record.header_values(SEAL_HEADER)[0].decode("ascii")),
        context.text(event.event_id) if context else None,
    )
