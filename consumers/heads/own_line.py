"""A desk holds its member's line on ``region.head`` against its member's own heartbeats. It changes with the witness.

Region and desk read the heartbeats from the same broker, each for itself. A line that names none of them proves that
the two were shown different logs: a heartbeat stands for the heads of all chains of its member.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, SetAside
from schemas.events.head import RegionHead
from schemas.events.heartbeat import Heartbeat
from schemas.record import broker_instant

STREAMS = frozenset({"head", "heartbeat"})
KEEP_HEARTBEAT = """
    insert into own_heartbeat (event_id, sha256, life, seq, appended_ms) values (%s, %s, %s, %s, %s)
    on conflict do nothing
"""
KEEP_LINE = "insert into head_line (head_id, sha256, appended_ms) values (%s, %s, %s) on conflict do nothing"
JUDGE = """
    update head_line set verdict = case
        when exists (select from own_heartbeat where own_heartbeat.sha256 = head_line.sha256) then 'held'
        when appended_ms < known.since_ms then 'before'
        when appended_ms < known.until_ms then 'unknown'
        else 'waiting' end
    from (
        select max(appended_ms) as until_ms,
            case when bool_or((life, seq) = (1, 1)) then min(appended_ms) else min(appended_ms) + %s end as since_ms
        from own_heartbeat
    ) as known
    where verdict in ('waiting', 'unknown')
"""
FORGET_HEARTBEATS = (
    "delete from own_heartbeat where appended_ms < (select max(appended_ms) from own_heartbeat) - %s"
    " and not exists (select from head_line where head_line.sha256 = own_heartbeat.sha256)"
)
FORGET_LINES = """
    delete from head_line where verdict in ('held', 'before')
        and appended_ms < (select max(appended_ms) from head_line where verdict in ('held', 'before'))
"""
UNKNOWN = "select head_id, appended_ms from head_line where verdict = 'unknown' and acknowledged_by is null order by 2"
BEHIND = """
    select max(own_heartbeat.appended_ms) - coalesce(
        (select max(named.appended_ms) from own_heartbeat as named join head_line using (sha256)
         where head_line.verdict = 'held'), min(own_heartbeat.appended_ms))
    from own_heartbeat
"""
HOUR_MS = 3_600_000
KEPT_MS = 8 * 24 * HOUR_MS
"""A day longer than the topic of heartbeats keeps them."""


@dataclass(frozen=True, slots=True)
class OwnLineHandler:
    """Implements ``consumers.checked.Handler`` for one member's heartbeats, and the region's heads.

    A line waits while a later heartbeat may still bring what it names: the two topics have no common order, but each
    its own. Of a desk that was begun after its member's first heartbeat, the lines of the first hour say nothing.
    """

    member: str

    @property
    def streams(self) -> frozenset[str]:
        """Heads of the region, heartbeats of the member."""
        return STREAMS

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """One for all: another instance may be folding the other topic."""
        del transaction, events
        return {"heads"}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Keep heartbeats and lines, and judge the lines that are not settled."""
        with transaction.cursor() as cursor:
            cursor.executemany(
                KEEP_HEARTBEAT, [_heartbeat(checked) for checked in events if isinstance(checked.event, Heartbeat)]
            )
            cursor.executemany(KEEP_LINE, list(self._lines(events)))
        transaction.execute(JUDGE, [HOUR_MS])
        transaction.execute(FORGET_LINES)
        transaction.execute(FORGET_HEARTBEATS, [KEPT_MS])
        topics = sorted({checked.record.topic for checked in events})
        transaction.execute("delete from event where topic = any(%s)", [topics])
        return ()

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Forget them."""
        ids = [checked.event.event_id for checked in events]
        transaction.execute("delete from own_heartbeat where event_id = any(%s)", [ids])
        transaction.execute("delete from head_line where head_id = any(%s)", [ids])

    def _lines(self, events: Sequence[CheckedEvent]) -> Iterator[tuple[object, ...]]:
        for checked in events:
            if isinstance(checked.event, RegionHead):
                own = (line.sha256 for line in checked.event.lines if line.member == self.member)
                yield from ((checked.event.event_id, sha256, checked.record.appended_ms) for sha256 in own)


def _heartbeat(checked: CheckedEvent) -> tuple[object, ...]:
    claims = checked.claims
    return checked.event.event_id, checked.sha256, claims.life, claims.seq, checked.record.appended_ms


@dataclass(frozen=True, slots=True)
class Witness:
    """What a desk knows of its line: unknown ones by head, and by how much the last line is behind the heartbeats."""

    unknown: Mapping[str, datetime]
    behind_s: float


def witness(connection: Connection[Any]) -> Witness:
    """Lines that nobody has acknowledged (when the broker had them), and the age of the last heartbeat that is held."""
    unknown = {head: broker_instant(appended_ms) for head, appended_ms in connection.execute(UNKNOWN).fetchall()}
    (behind_ms,) = connection.execute(BEHIND).fetchone() or (None,)
    return Witness(unknown, float(behind_ms or 0) / 1000)


def acknowledge_line(transaction: Connection[Any], head_id: str, by: str, because: str) -> bool:
    """Note that a person knows of an unknown line; False where there is none under this id, or somebody did before."""
    result = transaction.execute(
        "update head_line set acknowledged_by = %s, because = %s"
        " where head_id = %s and verdict = 'unknown' and acknowledged_by is null",
        [by, because, head_id],
    )
    return result.rowcount == 1
