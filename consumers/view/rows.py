"""From a seizure or a missing record to rows of the view. Pure; it changes with what the view can be asked.

A row is a function of one event and the seal's life and number, never of what came before: any order gives the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from psycopg.types.json import Jsonb

from consumers.checked import CheckedEvent
from schemas.events.envelope import MemberEvent
from schemas.events.firearm import Item, Marks
from schemas.events.missing import Missing
from schemas.events.seizure import Seizure
from schemas.marks.keys import match_keys
from schemas.wire.codec import event_json

Row = tuple[object, ...]

REVISION = {
    "member": "text",
    "record_id": "text",
    "revision": "int4",
    "sha256": "text",
}
RECORD = {
    **REVISION,
    "event_id": "text",
    "life": "int4",
    "seq": "int8",
    "status": "text",
    "exercise": "bool",
    "own_reference": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
}
MARKS = {"make": "text", "model": "text", "calibre": "text", "serial": "text", "serial_state": "text"}

COLUMNS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "seizure_revision": {
            **RECORD,
            "border_point": "text",
            "area": "text",
            "context": "text",
            "acquisition_mode": "text",
            "body": "jsonb",
        },
        "item_revision": {
            **REVISION,
            "place": "int4",
            "item_id": "text",
            "kind": "text",
            "quantity": "int8",
            "weapon_class": "text",
            **MARKS,
            "disposition": "text",
            "body": "jsonb",
        },
        "missing_revision": {
            **RECORD,
            "type": "text",
            "since": "timestamptz",
            "weapon_class": "text",
            **MARKS,
            "state": "text",
            "body": "jsonb",
        },
        "mark_key": {
            "stream": "text",
            **REVISION,
            "place": "int4",
            "number": "int4",
            "kind": "text",
            "value": "text",
        },
    }
)
"""Every table that the view's fold writes: column -> PostgreSQL type, in the order of the rows."""


def rows_of(checked: CheckedEvent) -> Iterator[tuple[str, Row]]:
    """The rows of one event, as (table, row)."""
    event = checked.event
    if isinstance(event, Seizure):
        yield from _seizure_rows(checked, event)
    elif isinstance(event, Missing):
        yield from _missing_rows(checked, event)


def _seizure_rows(checked: CheckedEvent, event: Seizure) -> Iterator[tuple[str, Row]]:
    body = event_json(event)
    items = body.pop("items")
    place = event.place
    where = (place.border_point, place.area) if place else (None, None)
    yield (
        "seizure_revision",
        (*_record(checked, event), *where, event.context, event.acquisition_mode, Jsonb(body)),
    )
    for index, (item, item_body) in enumerate(zip(event.items, items, strict=True)):
        yield "item_revision", (*_revision(checked, event), index, *_item(item), Jsonb(item_body))
        marks = marks_of(item)
        if marks is not None:
            yield from _key_rows("seizure", _revision(checked, event), index, marks)


def _missing_rows(checked: CheckedEvent, event: Missing) -> Iterator[tuple[str, Row]]:
    about = (event.type, event.since, event.weapon_class)
    row = (*_record(checked, event), *about, *_marks(event.marks), event.state, Jsonb(event_json(event)))
    yield "missing_revision", row
    yield from _key_rows("missing", _revision(checked, event), 0, event.marks)


def marks_of(item: Item) -> Marks | None:
    """What is stamped on an item, if it can bear marks."""
    if item.firearm is not None:
        return item.firearm.marks
    return item.component.marks if item.component is not None else None


def _revision(checked: CheckedEvent, event: MemberEvent) -> Row:
    return (event.member, event.record_id, event.revision, checked.sha256)


def _record(checked: CheckedEvent, event: MemberEvent) -> Row:
    occurred = event.occurred.at if event.occurred else None
    claims = checked.claims
    stands = (event.event_id, claims.life, claims.seq, event.status, event.exercise)
    return (*_revision(checked, event), *stands, event.own_reference, occurred, event.recorded_at)


def _item(item: Item) -> Row:
    marks = marks_of(item)
    weapon_class = item.firearm.weapon_class if item.firearm else None
    stamped: Sequence[Any] = _marks(marks) if marks else (None,) * len(MARKS)
    return (item.item_id, item.kind, item.quantity, weapon_class, *stamped, item.disposition)


def _marks(marks: Marks) -> Row:
    """Make, model, calibre, and the first number: the frame's or receiver's."""
    first = marks.numbers[0] if marks.numbers else None
    return (marks.make, marks.model, marks.calibre, first.as_read if first else None, first.state if first else None)


def _key_rows(stream: str, revision: Row, place: int, marks: Marks) -> Iterator[tuple[str, Row]]:
    for number, stamped in enumerate(marks.numbers):
        if stamped.as_read is None:
            continue
        keys = match_keys(stamped.as_read)
        for kind, value in (("visual", keys.visual), ("spoken", keys.spoken), ("digits", keys.digits)):
            if value:
                yield "mark_key", (stream, *revision, place, number, kind, value)
