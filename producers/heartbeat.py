"""A member's heartbeats: that its producer runs, and where its chains stand. It changes with what a heartbeat says.

A heartbeat goes the way of every event, through outbox and relay: what stops those stops it as well. Only one waits.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from producers.intake.assemble import Identity
from producers.outbox import OutboxFile
from schemas.events.envelope import Handling
from schemas.events.heartbeat import Head, Heartbeat
from schemas.events.ids import event_id, record_id
from schemas.record import Draft, Link
from schemas.topics import member_topic
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode

STREAM = "heartbeat"


def slot_of(at: datetime, every_s: float) -> str:
    """The slot of time that a moment lies in, by its beginning."""
    beginning_s = at.timestamp() // every_s * every_s
    return datetime.fromtimestamp(beginning_s, UTC).isoformat(timespec="milliseconds")


def heartbeat_of(identity: Identity, heads: Mapping[str, Link], at: datetime, every_s: float) -> Heartbeat:
    """The heartbeat of a moment: always the same record within one slot."""
    record = record_id(identity.id_key, STREAM, slot_of(at, every_s))
    return Heartbeat(
        event_id=event_id(record, 1),
        record_id=record,
        revision=1,
        member=identity.member,
        recorded_at=at,
        status="active",
        exercise=identity.exercise,
        handling=Handling(),
        at=at,
        heads=tuple(_head(topic, identity.member.lower(), link) for topic, link in sorted(heads.items())),
    )


def beat(outbox: OutboxFile, identity: Identity, at: datetime, every_s: float) -> bool:
    """Put a heartbeat into the outbox; False while the last one waits. Raises OutboxFull, StoreAway."""
    event = heartbeat_of(identity, outbox.heads(), at, every_s)
    topic = member_topic(identity.member, STREAM)
    draft = Draft(topic, event.event_id, event.record_id, encode(event), headers_for(event, STREAM))
    with outbox.accept() as acceptance:
        return acceptance.tell(draft)


def _head(topic: str, chain: str, link: Link) -> Head:
    return Head(topic=topic, chain=chain, life=link.life, seq=link.seq, hash=link.prev)
