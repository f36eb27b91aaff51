"""Tells members which of their records wait in quarantine, once each. It changes with what they are told.

What nobody sealed belongs to nobody, and nobody is told of it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from consumers.quarantine.entries import ENTRY_COLUMNS, QuarantineEntry, entry_of
from consumers.store import outbox
from schemas.events.envelope import Handling
from schemas.events.ids import event_id, quarantine_entry_id, value_sha256
from schemas.events.quarantined import Parameter, Quarantined
from schemas.record import Draft, broker_instant
from schemas.topics import REGION, owner_of, quarantine_topic
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode

BATCH = 100
LONGEST_VALUE = 80
UNTOLD = f"""
    select {ENTRY_COLUMNS} from quarantine
    where told_at is null and member is not null and split_part(topic, '.', 1) <> '{REGION}'
    order by id limit %s for update skip locked
"""


@dataclass(frozen=True, slots=True)
class Teller:
    """In whose name it is told, and when."""

    region: str
    exercise: bool
    now: Callable[[], datetime]

    def tell(self, transaction: Connection[Any]) -> int:
        """Put what nobody was told yet into the region's outbox, at most a batch; returns how many."""
        entries = [entry_of(row) for row in transaction.execute(UNTOLD, [BATCH]).fetchall()]
        for entry in entries:
            outbox.add(transaction, self.draft(entry))
        mark_told(transaction, {(entry.faulty.record.topic, entry.faulty.record.offset) for entry in entries})
        return len(entries)

    def draft(self, entry: QuarantineEntry) -> Draft:
        """What an entry's sender is told, on its own topic."""
        event = self.event(entry)
        topic = quarantine_topic(owner_of(event.topic))
        return Draft(topic, event.event_id, event.of_event, encode(event), headers_for(event, "quarantined"))

    def event(self, entry: QuarantineEntry) -> Quarantined:
        """The event; always under the same id for the same record."""
        faulty, record = entry.faulty, entry.faulty.record
        own_id = quarantine_entry_id(self.region, record.topic, record.offset)
        if faulty.event_id is None:
            raise ValueError(f"record {record.offset} of {record.topic} belongs to nobody")
        return Quarantined(
            event_id=event_id(own_id, 1),
            record_id=own_id,
            revision=1,
            member=REGION.upper(),
            recorded_at=self.now(),
            status="active",
            exercise=self.exercise,
            handling=Handling(),
            topic=record.topic,
            offset=record.offset,
            appended_at=broker_instant(record.appended_ms),
            of_event=faulty.event_id,
            sha256=value_sha256(record.value) if record.value is not None else None,
            verdict=faulty.verdict.value,
            reason=faulty.reason,
            parameters=tuple(
                Parameter(name=name, value=value[:LONGEST_VALUE]) for name, value in faulty.parameters.items() if value
            ),
        )


def mark_told(transaction: Connection[Any], places: Collection[tuple[str, int]]) -> None:
    """Note that the senders of these records (topic, offset) were told."""
    transaction.execute(
        "update quarantine set told_at = now() where told_at is null"
        " and (topic, log_offset) in (select * from unnest(%s::text[], %s::bigint[]))",
        [[topic for topic, _ in places], [offset for _, offset in places]],
    )
