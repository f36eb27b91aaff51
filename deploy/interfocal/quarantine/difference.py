"""How a quarantined record differs from what was applied, and how it would be judged now. It changes with the view.

What was applied is the event under the same id, or else the newest revision of the same record.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from consumers.checking import Terms, check_record
from consumers.quarantine.entries import Faulty, QuarantineEntry
from schemas.errors import Undecodable
from schemas.events.envelope import Event
from schemas.wire.codec import decode, event_json

APPLIED = """
    select event_id, revision, value from event
    where topic = %(topic)s and (event_id = %(event_id)s or record_id = %(record_id)s)
    order by event_id = %(event_id)s desc, revision desc, life desc, seq desc limit 1
"""
USABLE = "usable"


@dataclass(frozen=True, slots=True)
class Change:
    """One field: its path, and its value in the quarantined record and in the applied event (None: absent)."""

    field: str
    quarantined: Any
    applied: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """The verdict then and now (``usable``, or a reason), what it is compared with, and every field that differs."""

    then: str
    now: str
    compared_with: str | None
    changes: tuple[Change, ...]


def difference(connection: Connection[Any], entry: QuarantineEntry, terms: Terms) -> Difference:
    """Compare one entry; nothing is compared where its bytes cannot be read, or nothing of it was applied."""
    checked = check_record(entry.faulty.record, terms)
    now = checked.reason if isinstance(checked, Faulty) else USABLE
    event = _event_of(entry)
    applied = _applied(connection, entry, event) if event else None
    if event is None or applied is None:
        return Difference(entry.faulty.reason, now, None, ())
    name, other = applied
    return Difference(entry.faulty.reason, now, name, tuple(changes(event_json(event), event_json(other))))


def changes(quarantined: Any, applied: Any, path: str = "") -> Iterator[Change]:
    """Every leaf in which two JSON values differ, in order of their paths."""
    if isinstance(quarantined, Mapping) and isinstance(applied, Mapping):
        for name in sorted({*quarantined, *applied}):
            where = f"{path}.{name}" if path else name
            yield from changes(quarantined.get(name), applied.get(name), where)
    elif isinstance(quarantined, list) and isinstance(applied, list):
        for at in range(max(len(quarantined), len(applied))):
            here, there = (side[at] if at < len(side) else None for side in (quarantined, applied))
            yield from changes(here, there, f"{path}[{at}]")
    elif quarantined != applied:
        yield Change(path, quarantined, applied)


def _event_of(entry: QuarantineEntry) -> Event | None:
    try:
        return decode(entry.faulty.record.value or b"")[1]
    except Undecodable:
        return None


def _applied(connection: Connection[Any], entry: QuarantineEntry, event: Event) -> tuple[str, Event] | None:
    sought = {"topic": entry.faulty.record.topic, "event_id": event.event_id, "record_id": event.record_id}
    row = connection.execute(APPLIED, sought).fetchone()
    if row is None:
        return None
    return f"revision {row[1]}, event {row[0]}", decode(bytes(row[2]))[1]
