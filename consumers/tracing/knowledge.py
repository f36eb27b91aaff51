"""What decisions read of the region's database. It changes when a rule reads another table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from consumers.blocking import number_keys
from consumers.store import positions
from consumers.tracing.question import OpenMissing
from schemas.events.decision import Seen
from schemas.events.delivery import Original
from schemas.events.envelope import Handling
from schemas.events.firearm import Marks
from schemas.record import broker_instant
from schemas.topics import member_topic
from schemas.wire.traceparent import TraceContext, own_context, read_context

OPEN_MISSING = """
    select distinct on (current.member, current.record_id)
           current.member, current.event_id, current.weapon_class, current.body -> 'marks', key.kind,
           current.body -> 'handling'
    from mark_key as key cross join lateral (
        select * from missing_revision as revision
        where revision.member = key.member and revision.record_id = key.record_id
        order by revision.revision desc, life desc, seq desc, revision.sha256 desc limit 1
    ) as current
    where key.stream = 'missing' and (key.kind, key.value) in (select * from unnest(%s::text[], %s::text[]))
      and key.revision = current.revision and key.sha256 = current.sha256
      and current.state = 'open' and current.status = 'active'
      and (current.embargo_until is null or exists (select from ended_term as ended
           where (ended.kind, ended.subject, ended.until) = ('embargo_end', current.event_id, current.embargo_until)))
      and (current.expires_at is null or current.expires_at > %s and not exists (select from ended_term as ended
           where (ended.kind, ended.subject, ended.until) = ('expiry', current.event_id, current.expires_at)))
    order by current.member, current.record_id, key.kind desc
"""
"""By key first, and only then the record's current revision: the view ``missing_in_view`` ranks every record."""


def open_missing(connection: Connection[Any], marks: Marks, at: datetime) -> tuple[OpenMissing, ...]:
    """Records of firearms that are missing now, with a number whose visual or spoken key equals one of these marks.

    Partial numbers have keys too, and are left out on both sides. So is a record that takes part in nothing: one whose
    embargo's end is not decided, or whose expiry has come by ``at``, the moment of the decision.
    """
    own = number_keys(marks)
    rows = connection.execute(OPEN_MISSING, [[kind for kind, _ in own], [key for _, key in own], at])
    found = [
        OpenMissing(of, event, kind, Marks.model_validate(read), key, Handling.model_validate(handling))
        for of, event, kind, read, key, handling in rows
    ]
    return tuple(record for record in found if number_keys(record.marks) & own)


def seen(connection: Connection[Any], topics: Iterable[str]) -> tuple[Seen, ...]:
    """How far these topics are folded."""
    stored = positions.read(connection, sorted(set(topics)))
    return tuple(Seen(topic=topic, next_offset=stored[topic].next_offset) for topic in sorted(stored))


@dataclass(frozen=True, slots=True)
class Arrival:
    """An act as it came: its record, since when it is folded here, and the flow of work that it is part of."""

    original: Original
    folded_at: datetime
    context: TraceContext


def arrival_of(connection: Connection[Any], member: str, event_id: str, sha256: str) -> Arrival | None:
    """An act as it came, or None when it was taken back to quarantine."""
    row = connection.execute(
        "select topic, log_offset, appended_ms, key, value, seal, folded_at, traceparent from event"
        " where topic = %s and event_id = %s and sha256 = %s",
        [member_topic(member, "trace"), event_id, sha256],
    ).fetchone()
    if row is None:
        return None
    topic, offset, appended_ms, key, value, seal, folded_at, traceparent = row
    original = Original(
        topic=topic, offset=offset, appended_at=broker_instant(appended_ms), key=key, value=bytes(value), seal=seal
    )
    return Arrival(original, folded_at, read_context(traceparent) or own_context(event_id))
