"""From an event's model to its Avro record. It changes when models are made of a new kind of field.

The files under ``schemas/avro`` are the contract; this says what they have to be for a model, and a test compares.
"""

import types
from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

from schemas.errors import Misconfigured
from schemas.events.types import CodeOf, Part, TextKind

NAMESPACE = "interfocal"
INSTANT = {"type": "long", "logicalType": "timestamp-millis"}
PRIMITIVES: Mapping[Any, str] = types.MappingProxyType({str: "string", int: "long", bool: "boolean", bytes: "bytes"})


def avro_of(model: type[Part]) -> dict[str, Any]:
    """The Avro record of an event model, as parsed JSON; raises Misconfigured for a field Avro cannot carry.

    A field that may be empty becomes ``[null, T]`` with default null, a tuple an array; a default of the model is
    the default of the schema, so that a field with a default may come and go. A part is spelled out where it is
    used first and named afterwards.
    """
    record = _record(model, set())
    return {"type": record.pop("type"), "name": record.pop("name"), "namespace": NAMESPACE, **record}


def _record(model: type[Part], seen: set[str]) -> dict[str, Any]:
    seen.add(model.__name__)
    hints = get_type_hints(model, include_extras=True)
    return {
        "type": "record",
        "name": model.__name__,
        "doc": " ".join((model.__doc__ or "").split()),
        "fields": [_field(name, hints[name], info, seen) for name, info in model.model_fields.items()],
    }


def _field(name: str, annotation: Any, info: FieldInfo, seen: set[str]) -> dict[str, Any]:
    field = {"name": name, "type": _type(annotation, seen), "doc": info.description or "", **_notes(annotation)}
    if not info.is_required():
        field["default"] = list(info.default) if isinstance(info.default, tuple) else info.default
    return field


def _type(annotation: Any, seen: set[str]) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        return _optional(annotation, seen)
    bare = _bare(annotation)
    if get_origin(bare) is tuple:
        return {"type": "array", "items": _type(get_args(bare)[0], seen)}
    if bare in (datetime, AwareDatetime):
        return dict(INSTANT)
    if bare in PRIMITIVES:
        return PRIMITIVES[bare]
    if isinstance(bare, type) and issubclass(bare, Part):
        return bare.__name__ if bare.__name__ in seen else _record(bare, seen)
    raise Misconfigured(f"{annotation} has no place in a schema; use text, a number, bytes, an instant or a Part")


def _optional(annotation: Any, seen: set[str]) -> list[Any]:
    branches = [branch for branch in get_args(annotation) if branch is not type(None)]
    if len(branches) != 1:
        raise Misconfigured(f"{annotation} is a union of kinds; use a code and one optional part for each kind")
    return ["null", _type(branches[0], seen)]


def _bare(annotation: Any) -> Any:
    return _bare(get_args(annotation)[0]) if get_origin(annotation) is Annotated else annotation


def _notes(annotation: Any) -> dict[str, str]:
    """What the annotation says beside the type: code list, kind of text, unit."""
    own = reduce(lambda notes, said: notes | _note(said), getattr(annotation, "__metadata__", ()), dict[str, str]())
    inner = [
        arg for arg in get_args(annotation) if arg is not Ellipsis and not isinstance(arg, CodeOf | TextKind | str)
    ]
    return reduce(lambda notes, arg: notes | _notes(arg), inner, own)


def _note(said: Any) -> dict[str, str]:
    match said:
        case CodeOf(name):
            return {"codeList": name}
        case TextKind(name):
            return {"textKind": name}
        case str():
            return {"unit": said}
        case _:
            return {}
