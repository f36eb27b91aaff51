"""Events as JSON, in one canonical form. It changes when Avro types are used whose JSON form is not yet said here.

Instants are UTC with three decimals and Z, bytes are base64url without padding, everything else is as in the model.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.events.envelope import Event
from schemas.events.types import instant_text
from schemas.trust import base64url
from schemas.wire.bounds import fault

INSTANT_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def json_of(event: Event) -> dict[str, Any]:
    """The canonical JSON form of an event: every field, in the schema's order, nulls included."""
    return {name: _plain(value) for name, value in event.model_dump().items()}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return instant_text(value)
        case bytes():
            return urlsafe_b64encode(value).rstrip(b"=").decode()
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case tuple() | list():
            return [_plain(inner) for inner in value]
        case _:
            return value


def fields_from_json(schema: Mapping[str, Any], fields: Mapping[str, Any]) -> Any:
    """What a model is validated from: instants and bytes as such, arrays as tuples; raises Malformed.

    A value of another kind than the schema's stays as it is, for the model to refuse it.
    """
    named: dict[str, Any] = {}
    _name_records(schema, named)
    return _restored(schema, fields, "", named)


def _restored(schema: Any, value: Any, path: str, named: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return None if value is None else _restored(schema[1], value, path, named)
    if isinstance(schema, str):
        return _restored(named[schema], value, path, named) if schema in named else _leaf(schema, value, path)
    match schema["type"]:
        case "record":
            return _restored_record(schema, value, path, named)
        case "array" if isinstance(value, list | tuple):
            return tuple(_restored(schema["items"], one, f"{path}[{i}]", named) for i, one in enumerate(value))
        case kind:
            return _leaf(schema.get("logicalType", kind), value, path)


def _restored_record(schema: Mapping[str, Any], value: Any, path: str, named: dict[str, Any]) -> Any:
    if not isinstance(value, Mapping):
        return value
    prefix = f"{path}." if path else ""
    kinds = {field["name"]: field["type"] for field in schema["fields"]}
    return {
        name: _restored(kinds[name], inner, f"{prefix}{name}", named) if name in kinds else inner
        for name, inner in value.items()
    }


def _name_records(schema: Any, named: dict[str, Any]) -> None:
    """Learn the records that a type spells out, wherever JSON has them."""
    if isinstance(schema, list):
        _name_records(schema[1], named)
    elif isinstance(schema, dict) and schema["type"] == "array":
        _name_records(schema["items"], named)
    elif isinstance(schema, dict) and schema["type"] == "record":
        named[schema["name"]] = schema
        for field in schema["fields"]:
            _name_records(field["type"], named)


def _leaf(kind: str, value: Any, path: str) -> Any:
    match kind:
        case "timestamp-millis":
            return _instant(value, path)
        case "bytes" if isinstance(value, str):
            return _bytes(value, path)
        case _:
            return value


def _instant(value: Any, path: str) -> datetime:
    if not isinstance(value, str) or not INSTANT_FORM.fullmatch(value):
        raise fault("malformed", path, "not an instant as 2026-03-01T12:00:00.000Z")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise fault("malformed", path, "not an instant of the calendar") from None


def _bytes(value: str, path: str) -> bytes:
    try:
        return base64url.decode(value.encode())
    except ValueError:
        raise fault("malformed", path, "not base64url without padding") from None
