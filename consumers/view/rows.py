"""What an event becomes in the view: rows by table. Pure, and used alike to fold, to dump and to prove.

It changes with the view's tables. A row is a function of one event, its value's SHA-256 and its number, so the view is
the same for any order, interleaving and repetition of events.
"""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from schemas.events.envelope import Event, MemberEvent
from schemas.events.firearm import Item, Marks
from schemas.events.ids import value_sha256
from schemas.events.missing import Missing
from schemas.events.seizure import Seizure
from schemas.marks.keys import match_keys
from schemas.marks.placeholders import is_placeholder_key

Columns = dict[str, Any]
"""A row by column; JSON columns hold their text."""

NO_MARKS = Marks()
FIRST_PLACE = 0

_REVISION = {
    "member": "text",
    "record_id": "text",
    "revision": "int8",
    "sha256": "text",
}
_COMMON = {
    **_REVISION,
    "event_id": "text",
    "life": "int4",
    "seq": "int8",
    "status": "text",
    "exercise": "bool",
    "own_reference": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "releasable_to": "text[]",
    "embargo_until": "timestamptz",
    "expires_at": "timestamptz",
}
_MARKS = {"make": "text", "model": "text", "calibre": "text", "serial": "text", "serial_state": "text"}
TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "seizure_revision": {
            **_COMMON,
            "border_point": "text",
            "area": "text",
            "context": "text",
            "acquisition_mode": "text",
            "body": "jsonb",
        },
        "item_revision": {
            **_REVISION,
            "place": "int4",
            "item_id": "text",
            "kind": "text",
            "quantity": "int8",
            "weapon_class": "text",
            **_MARKS,
            "disposition": "text",
            "body": "jsonb",
        },
        "missing_revision": {
            **_COMMON,
            "type": "text",
            "since": "timestamptz",
            "weapon_class": "text",
            **_MARKS,
            "state": "text",
            "body": "jsonb",
        },
        "mark_key": {
            "stream": "text",
            **_REVISION,
            "place": "int4",
            "number": "int4",
            "kind": "text",
            "value": "text",
        },
    }
)
"""Columns of each table with their PostgreSQL types, in order."""


def event_rows(event: Event, sha256: str, life: int, seq: int) -> Iterator[tuple[str, Columns]]:
    """Pairs of table and row for a seizure or missing event; nothing for any other."""
    if isinstance(event, Seizure):
        yield from _seizure_rows(event, sha256, (life, seq))
    elif isinstance(event, Missing):
        yield from _missing_rows(event, sha256, (life, seq))


def _seizure_rows(event: Seizure, sha256: str, number: tuple[int, int]) -> Iterator[tuple[str, Columns]]:
    place = event.place
    yield (
        "seizure_revision",
        {
            **_common(event, sha256, number),
            "border_point": place.border_point if place else None,
            "area": place.area if place else None,
            "context": event.context,
            "acquisition_mode": event.acquisition_mode,
            "body": body_of(event, without="items"),
        },
    )
    for at, item in enumerate(event.items):
        yield "item_revision", _item(event, sha256, at, item) | {"body": item.model_dump_json()}
        yield from _keys("seizure", event, sha256, at)


def _missing_rows(event: Missing, sha256: str, number: tuple[int, int]) -> Iterator[tuple[str, Columns]]:
    yield (
        "missing_revision",
        {
            **_common(event, sha256, number),
            "type": event.type,
            "since": event.since,
            "weapon_class": event.weapon_class,
            **_marks(event.marks),
            "state": event.state,
            "body": body_of(event),
        },
    )
    yield from _keys("missing", event, sha256, FIRST_PLACE)


def body_of(event: MemberEvent, without: str = "") -> str:
    """The event as JSON text; of a sealed part only what it was sealed with, and the ciphertext's SHA-256."""
    if event.sealed is None:
        return event.model_dump_json(exclude={without})
    body = event.model_dump(mode="json", exclude={without, "sealed"})
    sealed = {"suite": event.sealed.suite, "sha256": value_sha256(event.sealed.ciphertext)}
    return json.dumps({**body, "sealed": sealed}, ensure_ascii=False)


def marks_of(item: Item) -> Marks:
    """The marks of an item; empty ones for what carries none."""
    if item.firearm is not None:
        return item.firearm.marks
    if item.component is not None and item.component.marks is not None:
        return item.component.marks
    return NO_MARKS


def _revision(event: Event, sha256: str) -> Columns:
    return {"member": event.member, "record_id": event.record_id, "revision": event.revision, "sha256": sha256}


def _common(event: MemberEvent, sha256: str, number: tuple[int, int]) -> Columns:
    handling = event.handling
    return {
        **_revision(event, sha256),
        "event_id": event.event_id,
        "life": number[0],
        "seq": number[1],
        "status": event.status,
        "exercise": event.exercise,
        "own_reference": event.own_reference,
        "occurred_at": event.occurred.at if event.occurred else None,
        "recorded_at": event.recorded_at,
        "releasable_to": None if handling.releasable_to is None else list(handling.releasable_to),
        "embargo_until": handling.embargo_until,
        "expires_at": handling.expires_at,
    }


def _item(event: Seizure, sha256: str, at: int, item: Item) -> Columns:
    return {
        **_revision(event, sha256),
        "place": at,
        "item_id": item.item_id,
        "kind": item.kind,
        "quantity": item.quantity,
        "weapon_class": item.firearm.weapon_class if item.firearm else None,
        **_marks(marks_of(item)),
        "disposition": item.disposition,
    }


def _marks(marks: Marks) -> Columns:
    first = marks.numbers[0] if marks.numbers else None
    return {
        "make": marks.make,
        "model": marks.model,
        "calibre": marks.calibre,
        "serial": first.as_read if first else None,
        "serial_state": first.state if first else None,
    }


def _keys(stream: str, event: Seizure | Missing, sha256: str, at: int) -> Iterator[tuple[str, Columns]]:
    """Keys of every number that was read, partial ones too; a text that stands for no number has none."""
    marks = event.marks if isinstance(event, Missing) else marks_of(event.items[at])
    for number, stamped in enumerate(marks.numbers):
        keys = match_keys(stamped.as_read or "")
        if is_placeholder_key(keys.spoken):
            continue
        of = {"stream": stream, **_revision(event, sha256), "place": at, "number": number}
        for kind, value in (("visual", keys.visual), ("spoken", keys.spoken), ("digits", keys.digits)):
            if value:
                yield "mark_key", {**of, "kind": kind, "value": value}
