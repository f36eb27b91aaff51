"""What the region tells a member of its records in quarantine, as the member's desk keeps it. It changes with that."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from consumers.checked import CheckedEvent, SetAside
from schemas.events.quarantined import Quarantined

COLUMNS = "event_id, topic, log_offset, of_event, verdict, reason, parameters, appended_at, told_at"


@dataclass(frozen=True, slots=True)
class ToldEntry:
    """One record of the member that the region could not use."""

    event_id: str
    topic: str
    log_offset: int
    of_event: str
    verdict: str
    reason: str
    parameters: dict[str, str]
    appended_at: datetime
    told_at: datetime


class ToldHandler:
    """Implements ``consumers.checked.Handler`` for what the region tells of its quarantine."""

    @property
    def streams(self) -> frozenset[str]:
        """One member's share of the quarantine."""
        return frozenset({"quarantine"})

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """None: rows are independent of each other."""
        del transaction, events
        return ()

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """One row for each record that the region told of."""
        told = [checked.event for checked in events if isinstance(checked.event, Quarantined)]
        with transaction.cursor() as cursor:
            cursor.executemany(
                f"insert into told_quarantine ({COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
                " on conflict (event_id) do nothing",
                [_row(event) for event in told],
            )
        return ()

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Delete the rows."""
        ids = [checked.event.event_id for checked in events]
        transaction.execute("delete from told_quarantine where event_id = any(%s)", [ids])


def told_entries(connection: Connection[Any], reason: str | None, limit: int) -> Sequence[ToldEntry]:
    """What the region told, the newest first."""
    with connection.cursor(row_factory=class_row(ToldEntry)) as cursor:
        query = f"select {COLUMNS} from told_quarantine where %s::text is null or reason = %s"
        return cursor.execute(f"{query} order by told_at desc, event_id limit %s", [reason, reason, limit]).fetchall()


def _row(event: Quarantined) -> tuple[object, ...]:
    parameters = {parameter.name: parameter.value for parameter in event.parameters}
    return (
        *(event.event_id, event.topic, event.offset, event.of_event, event.verdict, event.reason),
        *(Jsonb(parameters), event.appended_at, event.recorded_at),
    )
