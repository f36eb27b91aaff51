"""Figures of databases and outboxes that an operator watches. It changes with what is worth watching.

Ages are by the database's own clock, but for heartbeats, which carry the broker's.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from psycopg import Connection

from consumers.store.connection import connector
from consumers.store.session import Session
from schemas.record import broker_instant
from schemas.topics import is_short_lived

QUARANTINE = """
    select topic, count(*), extract(epoch from clock_timestamp() - min(quarantined_at))::float8
    from quarantine where settled is null group by topic
"""
GAPS = "select topic, count(*) from chain_gap where acknowledged_by is null group by topic"
POSITIONS = "select topic, next_offset, paused from topic_position"
REVISIONS = "select version_num from alembic_version"
HEARTBEATS = "select member, appended_ms from heartbeat"
UNSEEN = """
    select head ->> 'topic', case
        when (head ->> 'life')::int > coalesce(position.life, 0) then (head ->> 'seq')::bigint
        when (head ->> 'life')::int = position.life then greatest((head ->> 'seq')::bigint - position.seq, 0)
        else 0 end
    from heartbeat cross join jsonb_array_elements(heads) as head
    left join chain_position as position on position.topic = head ->> 'topic' and position.chain = head ->> 'chain'
"""
"""Of each chain: how far the member's own word is beyond what was folded. Compacted topics have no chain."""

TRACES = "select state, count(*) from trace group by state"
WORK = """
    select kind, count(*), extract(epoch from clock_timestamp() - min(since))::float8
    from (select kind, (select min(folded_at) from event where event_id = work.cause) as since from work) as aged
    group by kind
"""
"""Work has no time of its own: it waits since the event came that calls for it."""

RECEIPTS = """
    select inbox, count(*), extract(epoch from clock_timestamp() - min(decided_at))::float8
    from planned_delivery where not settled group by inbox
"""
REGION_OUTBOX = """
    select count(*), extract(epoch from clock_timestamp() - min(added_at))::float8
    from region_outbox where published_offset is null
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and the age of the oldest in seconds."""

    count: int
    oldest_s: float


NOTHING = Waiting(0, 0.0)


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """What every consumer's database tells, by topic; ``revisions`` are those of its tables."""

    quarantine: Mapping[str, Waiting]
    gaps: Mapping[str, int]
    positions: Mapping[str, int]
    paused: Mapping[str, str]
    revisions: frozenset[str]


@dataclass(frozen=True, slots=True)
class RegionFigures:
    """What only the region's database tells: when members were heard of, work by kind, traces by state.

    ``unseen``: by topic, records that its owner's last heartbeat names and that were not folded. ``receipts``: by
    addressee, deliveries that it has not confirmed.
    """

    heartbeats: Mapping[str, datetime]
    work: Mapping[str, Waiting]
    traces: Mapping[str, int]
    outbox: Waiting
    unseen: Mapping[str, int]
    receipts: Mapping[str, Waiting]


def read_store(connection: Connection[Any]) -> StoreFigures:
    """Read them."""
    positions = connection.execute(POSITIONS).fetchall()
    return StoreFigures(
        quarantine=_waiting(connection, QUARANTINE),
        gaps=dict(connection.execute(GAPS).fetchall()),
        positions={topic: next_offset for topic, next_offset, _ in positions},
        paused={topic: why for topic, _, why in positions if why is not None},
        revisions=frozenset(revision for (revision,) in connection.execute(REVISIONS).fetchall()),
    )


def read_region(connection: Connection[Any]) -> RegionFigures:
    """Read them."""
    heartbeats = connection.execute(HEARTBEATS).fetchall()
    return RegionFigures(
        heartbeats={member: broker_instant(appended_ms) for member, appended_ms in heartbeats},
        work=_waiting(connection, WORK),
        traces=dict(connection.execute(TRACES).fetchall()),
        outbox=_waiting(connection, f"select 'region', waiting.* from ({REGION_OUTBOX}) as waiting")["region"],
        receipts=_waiting(connection, RECEIPTS),
        unseen={topic: count for topic, count in connection.execute(UNSEEN).fetchall() if not is_short_lived(topic)},
    )


def asked(url: str, read: Callable[[Connection[Any]], T]) -> T:
    """What a database answers, on a connection that is closed again; raises StoreAway."""
    with closing(Session(connector(url, "operator"))) as session:
        return session.transact(read)


def _waiting(connection: Connection[Any], query: str) -> Mapping[str, Waiting]:
    rows = connection.execute(query.encode()).fetchall()
    return {name: Waiting(count, max(oldest_s or 0.0, 0.0)) for name, count, oldest_s in rows}
