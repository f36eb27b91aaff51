"""Events to bytes and back: the only place that knows Avro's encoding. It changes with the wire format.

A value is byte 0, the schema id (4 bytes, big endian) and the event in Avro binary, as Confluent's clients write it.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import fastavro
from pydantic import ValidationError

from schemas.errors import Malformed
from schemas.events.envelope import Event
from schemas.topics import MAX_MESSAGE_BYTES
from schemas.wire.bounds import bounds_of, fault
from schemas.wire.catalogue import SchemaVersion, latest, model_of_stream, stream_of_event, version_of
from schemas.wire.json_form import fields_from_json, json_of

MAGIC = 0
PREFIX = struct.Struct(">bI")


@dataclass(frozen=True, slots=True)
class WireType:
    """A schema version made ready: ``reader`` is the latest version's schema where that is another one."""

    version: SchemaVersion
    model: type[Event]
    writer: Any
    reader: Any
    check: Callable[[bytes, int], None]


def wire_type(version: SchemaVersion, newest: SchemaVersion) -> WireType:
    """A linted schema version made ready, to be read as ``newest``; raises Misconfigured for an unknown stream."""
    reader = None if newest is version else fastavro.parse_schema(dict(newest.schema))
    writer = fastavro.parse_schema(dict(version.schema))
    return WireType(version, model_of_stream(version.stream), writer, reader, bounds_of(version.schema))


@cache
def _wire_type(schema_id: int) -> WireType:
    version = version_of(schema_id)
    return wire_type(version, latest(version.stream))


def encode(event: Event) -> bytes:
    """The value of an event in the latest version of its schema; the same event gives the same bytes, always.

    Raises Malformed for what no reader would accept: more than ``MAX_MESSAGE_BYTES`` (``too_large``), text with
    U+0000 or half a surrogate pair (``unusable_character``), a number beyond 64 bits.
    """
    return encode_with(_wire_type(latest(stream_of_event(event)).schema_id), event)


def encode_with(wire: WireType, event: Event) -> bytes:
    """As ``encode``, in a version made ready by ``wire_type``: for drafts, and for proofs about versions."""
    value = PREFIX.pack(MAGIC, wire.version.schema_id) + _written(wire, event.model_dump())
    _check_size(value)
    wire.check(value, PREFIX.size)
    return value


def decode(value: bytes) -> tuple[int, Event]:
    """Schema id and event of any bytes; raises UnknownSchema or Malformed (with code, field and reason), never another.

    No more than ``MAX_MESSAGE_BYTES`` are looked at, nothing may be left over, and only the bytes that ``encode`` of
    the same version makes are accepted: the walk before the decoder lets every value pass in one spelling alone.
    Messages and parameters never hold values: marks are sensitive. An event of an older version gets the defaults of
    the fields that are new since. Codes that are in no list are let through.
    """
    _check_size(value)
    wire = _wire_type(schema_id_of(value))
    return wire.version.schema_id, decode_with(wire, value)


def decode_with(wire: WireType, value: bytes) -> Event:
    """The event of a value whose schema id is known to be this version's; raises Malformed."""
    wire.check(value, PREFIX.size)
    return _event(wire.model, _read(wire, value))


def decode_as(value: bytes, stream: str) -> Event:
    """The event of a value that has to be of this stream; raises what ``decode`` raises, and ``wrong_stream``."""
    schema_id, event = decode(value)
    found = version_of(schema_id).stream
    if found != stream:
        raise Malformed(
            f"a value of {found} stands where {stream} is expected",
            code="wrong_stream",
            parameters={"found": found, "expected": stream},
        )
    return event


def schema_id_of(value: bytes) -> int:
    """The schema id that a value names, known or not; raises Malformed (``no_schema_id``)."""
    if len(value) < PREFIX.size or value[0] != MAGIC:
        raise fault("no_schema_id", "", "it does not start with byte 0 and a schema id")
    number: int = PREFIX.unpack_from(value)[1]
    return number


def event_json(event: Event) -> dict[str, Any]:
    """The canonical JSON form: instants as ``2026-03-01T12:00:00.000Z``, bytes as base64url, nulls included."""
    return json_of(event)


def event_from_json(stream: str, fields: Mapping[str, Any]) -> Event:
    """The inverse of ``event_json``; raises Malformed naming the field, and Misconfigured for an unknown stream."""
    return event_with(latest(stream), fields)


def event_with(version: SchemaVersion, fields: Mapping[str, Any]) -> Event:
    """As ``event_from_json``, with the kinds of fields that a version's schema says."""
    return _event(model_of_stream(version.stream), fields_from_json(version.schema, fields), strict=True)


def _check_size(value: bytes) -> None:
    if len(value) > MAX_MESSAGE_BYTES:
        raise fault("too_large", "", f"{len(value)} bytes are more than the {MAX_MESSAGE_BYTES} that are exchanged")


def _written(wire: WireType, fields: Mapping[str, Any]) -> bytes:
    buffer = BytesIO()
    try:  # without tuple notation: else two members in releasable_to are taken for a branch's name and its value
        fastavro.schemaless_writer(buffer, wire.writer, fields, strict=True, disable_tuple_notation=True)
    except UnicodeEncodeError:
        raise fault("unusable_character", "", "a text holds half a surrogate pair") from None
    except Exception as error:  # noqa: BLE001  # the library has no error class of its own
        raise fault("malformed", "", f"the event does not fit its schema ({type(error).__name__})") from None
    return buffer.getvalue()


def _read(wire: WireType, value: bytes) -> Any:
    buffer = BytesIO(value)
    buffer.seek(PREFIX.size)
    try:
        fields: Any = fastavro.schemaless_reader(buffer, wire.writer, None)
        if wire.reader is not None:
            buffer.seek(PREFIX.size)
            newer = fastavro.schemaless_reader(buffer, wire.writer, wire.reader)
    except Exception as error:  # noqa: BLE001  # EOFError, IndexError, OverflowError, MemoryError ...: traps of the library
        raise fault("malformed", "", f"the bytes are not of their schema ({type(error).__name__})") from None
    return fields if wire.reader is None else newer


def _event(model: type[Event], fields: Any, *, strict: bool = False) -> Event:
    try:
        return model.model_validate(fields, strict=strict)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise fault("malformed", _path(first["loc"]), f"not usable ({first['type']})") from None


def _path(location: tuple[int | str, ...]) -> str:
    """``("items", 0, "kind")`` -> ``items[0].kind``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")
