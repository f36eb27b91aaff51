"""Folds what the region itself has said of heads, so that it never says it again. It changes with that."""

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, SetAside

KEEP = "insert into region_head (event_id, log_offset) values (%s, %s) on conflict do nothing"
FORGET = "delete from region_head where log_offset < (select max(log_offset) - %s from region_head)"
KEPT = 100
"""Of the latest; what the heartbeats of now call for can only be among them."""


class RegionHeadHandler:
    """Implements ``consumers.checked.Handler`` for the region's own heads."""

    @property
    def streams(self) -> frozenset[str]:
        """Heads only."""
        return frozenset({"head"})

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """None: rows are independent of each other."""
        del transaction, events
        return ()

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Note that it was said."""
        rows = [(checked.event.event_id, checked.record.offset) for checked in events]
        with transaction.cursor() as cursor:
            cursor.executemany(KEEP, rows)
        transaction.execute(FORGET, [KEPT])
        return ()

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Forget that it was said."""
        ids = [checked.event.event_id for checked in events]
        transaction.execute("delete from region_head where event_id = any(%s)", [ids])
