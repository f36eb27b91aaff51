"""Says on ``region.head`` which heartbeat of each member the region heard last. It changes with what that witnesses.

The event follows from the heartbeats and the day alone, so that whoever makes it again makes the same bytes: several
instances, or a region that lost its database, say nothing twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from psycopg import Connection

from consumers.store import outbox
from schemas.directory import Directory
from schemas.events.envelope import Handling
from schemas.events.head import HeadLine, RegionHead
from schemas.events.ids import event_id, head_record_id
from schemas.record import Draft, broker_instant
from schemas.topics import HEAD_TOPIC, REGION
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode

STREAM = "head"
HEARD = "select member, sha256, appended_ms from heartbeat where member = any(%s) order by member"
SAID = "select exists (select from region_head where event_id = %s)"


@dataclass(frozen=True, slots=True)
class Heard:
    """The last heartbeat of one member, by the broker's clock."""

    member: str
    sha256: str
    appended_ms: int


@dataclass(frozen=True, slots=True)
class HeadTeller:
    """In whose name it is said, and on which day."""

    directory: Directory
    now: Callable[[], datetime]

    def tell(self, transaction: Connection[Any]) -> bool:
        """Put the heads into the region's outbox; False where nothing is new today, or nobody was heard yet."""
        members = [member.code for member in self.directory.members]
        heard = [Heard(*row) for row in transaction.execute(HEARD, [members]).fetchall()]
        if not heard:
            return False
        head = head_of(self.directory, heard, self.now())
        outbox.hold_additions(transaction)
        (said,) = transaction.execute(SAID, [head.event_id]).fetchone() or (False,)
        if said or outbox.contains(transaction, head.event_id):
            return False
        outbox.add(
            transaction, Draft(HEAD_TOPIC, head.event_id, head.record_id, encode(head), headers_for(head, STREAM))
        )
        return True


def head_of(directory: Directory, heard: Sequence[Heard], at: datetime) -> RegionHead:
    """What is said of these heartbeats, which are in the order of their members, on the day of ``at``."""
    newest = broker_instant(max(one.appended_ms for one in heard))
    recorded_at = max(newest, datetime.combine(at.astimezone(UTC).date(), time(), UTC))
    record = head_record_id(directory.region, recorded_at.date(), ((one.member, one.sha256) for one in heard))
    return RegionHead(
        event_id=event_id(record, 1),
        record_id=record,
        revision=1,
        member=REGION.upper(),
        recorded_at=recorded_at,
        status="active",
        exercise=directory.exercise,
        handling=Handling(),
        lines=tuple(HeadLine(member=one.member, sha256=one.sha256) for one in heard),
    )
