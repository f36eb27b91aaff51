"""Folds heartbeats: the last one of each member, where it says that its chains stand, and how its clock goes.

It changes with heads. A heartbeat is not kept once the next one is here: its topic has retention, and nothing is
derived from an old one. A clock that is off is shown, and decides nothing.
"""

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from consumers.checked import CheckedEvent, SetAside
from schemas.events.heartbeat import Heartbeat

STREAMS = frozenset({"heartbeat"})
CLOCK_TOLERANCE_S = 60.0  # more than a heartbeat takes from its seal to the broker when nothing is away
KEEP_LAST = """
    insert into heartbeat (member, event_id, sha256, at, life, seq, appended_ms, heads, clock_offset_s)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (member) do update set event_id = excluded.event_id, sha256 = excluded.sha256, at = excluded.at,
        life = excluded.life, seq = excluded.seq, appended_ms = excluded.appended_ms, heads = excluded.heads,
        clock_offset_s = excluded.clock_offset_s,
        clock_skew_s = case when abs(excluded.clock_offset_s) < abs(heartbeat.clock_offset_s)
            then excluded.clock_offset_s else heartbeat.clock_offset_s end
    where (excluded.life, excluded.seq) > (heartbeat.life, heartbeat.seq)
"""
FORGET = """
    delete from event using heartbeat
    where event.topic = any(%s) and event.member = heartbeat.member
      and (event.life, event.seq) < (heartbeat.life, heartbeat.seq)
"""


class HeartbeatHandler:
    """Implements ``consumers.checked.Handler``."""

    @property
    def streams(self) -> frozenset[str]:
        """Heartbeats only."""
        return STREAMS

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """None: a member's heartbeats touch its own row."""
        del transaction, events
        return ()

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Keep the one with the highest number of each member."""
        with transaction.cursor() as cursor:
            cursor.executemany(KEEP_LAST, [_row(checked) for checked in events])
        transaction.execute(FORGET, [sorted({checked.record.topic for checked in events})])
        return ()

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Forget the heartbeats; the next one says all that these did."""
        ids = [checked.event.event_id for checked in events]
        transaction.execute("delete from heartbeat where event_id = any(%s)", [ids])


def _row(checked: CheckedEvent) -> tuple[object, ...]:
    event, claims = checked.event, checked.claims
    if not isinstance(event, Heartbeat):
        raise TypeError(f"a heartbeat topic holds heartbeats, not {type(event).__name__}")
    heads = Jsonb([head.model_dump(mode="json") for head in event.heads])
    return (
        *(event.member, event.event_id, checked.sha256, event.at, claims.life, claims.seq),
        *(checked.record.appended_ms, heads, clock_offset_s(checked)),
    )


def clock_offset_s(checked: CheckedEvent) -> float:
    """By how many seconds a member's clock is ahead of the broker's (negative: behind), as one heartbeat shows it.

    A heartbeat that waited, because the broker was away, makes a clock look as if it were behind.
    """
    event = checked.event
    sealed_s = float(checked.claims.iat)
    said_s = max(event.at.timestamp(), sealed_s) if isinstance(event, Heartbeat) else sealed_s
    return said_s - checked.record.appended_ms / 1000


def clock_skew_s(offset_s: float, earlier_s: float) -> float:
    """By how much a clock is off, as two heartbeats in a row show it: the smaller of the two.

    Only one heartbeat waits while the broker is away, so that of two in a row one has not waited.
    """
    return min(offset_s, earlier_s, key=abs)
