"""Folds heartbeats: the last one of each member, and where it says that its chains stand. It changes with heads.

A heartbeat is not kept once the next one is here: its topic has retention, and nothing is derived from an old one.
"""

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from consumers.checked import CheckedEvent, SetAside
from schemas.events.heartbeat import Heartbeat

STREAMS = frozenset({"heartbeat"})
KEEP_LAST = """
    insert into heartbeat (member, event_id, sha256, at, life, seq, appended_ms, heads)
    values (%s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (member) do update set event_id = excluded.event_id, sha256 = excluded.sha256, at = excluded.at,
        life = excluded.life, seq = excluded.seq, appended_ms = excluded.appended_ms, heads = excluded.heads
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
        *(checked.record.appended_ms, heads),
    )
