"""What a recovered outbox has to know of its member's grants: which were given, and which are erased.

It changes when grants are known by more. Their topic forgets what is erased; the erasure stands among the acts for
good, so nothing that was erased is granted again, and what still lies on the topic is cleared from it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from producers.intake.erasing import erased_by
from producers.outbox import Revision
from producers.outbox.acceptance import insert_event, insert_revision
from producers.outbox.rebuilding import FoundEvent, Rebuilding
from schemas.errors import Undecodable
from schemas.events.envelope import MemberEvent
from schemas.events.ids import event_id
from schemas.record import Record
from schemas.tombstone import tombstone
from schemas.topics import GRANT, member_topic, owner_of
from schemas.wire.codec import decode


def index_grants(rebuild: Rebuilding, given: Iterable[FoundEvent]) -> None:
    """Know again what was granted, so that it is granted once, and may be erased."""
    for found in given:
        one = found.revision
        if one is not None and not rebuild.revisions(GRANT, one.record_id):
            insert_revision(rebuild.connection, one)


def clear_erased(rebuild: Rebuilding, topic: str, on_topic: Iterable[Record], at: datetime) -> None:
    """Know what is erased, and owe a tombstone for each grant of it that lies on its topic still.

    The member's acts are recovered before; ``on_topic`` are all records of the topic of its grants, in order.
    """
    last = {record.key: record.value for record in on_topic}
    lasting = {key.decode(errors="replace") for key, value in last.items() if key and value is not None}
    for grant in dict.fromkeys(_erased(rebuild, member_topic(owner_of(topic), "trace"))):
        if not rebuild.revisions(GRANT, grant):
            known = Revision(GRANT, grant, 1, "erased", None, event_id(grant, 1), at)
            insert_revision(rebuild.connection, known)
        draft = tombstone(topic, grant)
        if grant in lasting and not _waits(rebuild, draft.event_id):
            rebuild.connection.execute("delete from outbox where event_id = ?", (draft.event_id,))
            insert_event(rebuild.connection, draft, at)


def _waits(rebuild: Rebuilding, event: str) -> bool:
    query = "select 1 from outbox where event_id = ? and published_offset is null"
    return rebuild.connection.execute(query, (event,)).fetchone() is not None


def _erased(rebuild: Rebuilding, acts: str) -> Iterator[str]:
    for (value,) in rebuild.connection.execute("select value from outbox where topic = ? order by id", (acts,)):
        try:
            _, event = decode(value)
        except Undecodable:  # what cannot be read has erased nothing, and is named by the recovery
            continue
        if isinstance(event, MemberEvent):
            yield from erased_by(event)
