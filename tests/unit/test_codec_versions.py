"""What a program of another version wrote is read with today's model; Apache Avro plays the other program."""

import io
import json
import struct
from collections.abc import Mapping
from typing import Any

import avro.io
import avro.schema
import pytest

from receipts import a_receipt
from schemas.errors import Malformed
from schemas.wire.catalogue import SchemaVersion, latest
from schemas.wire.codec import decode_with, encode, wire_type

TODAY = latest("receipt")
COLOUR = {"name": "colour", "type": ["null", "string"], "doc": "A colour", "textKind": "mark", "default": None}


def version(fields: list[Mapping[str, Any]]) -> SchemaVersion:
    """A version of the receipt's schema that has these fields."""
    schema = {**TODAY.schema, "fields": fields}
    return SchemaVersion("receipt", 1, json.dumps(schema), schema)


WITHOUT_REFERENCE = version([field for field in TODAY.schema["fields"] if field["name"] != "own_reference"])
WITH_COLOUR = version([*TODAY.schema["fields"], COLOUR])


def foreign_value(schema: SchemaVersion, **more: object) -> bytes:
    """A receipt as the other program writes it."""
    fields = {**a_receipt(own_reference="RS-1").model_dump(), **more}
    known = {field["name"] for field in schema.schema["fields"]}
    buffer = io.BytesIO()
    buffer.write(struct.pack(">bI", 0, schema.schema_id))
    writer = avro.io.DatumWriter(avro.schema.parse(schema.text))
    writer.write(_with_lists({name: fields[name] for name in known}), avro.io.BinaryEncoder(buffer))
    return buffer.getvalue()


def _with_lists(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_lists(inner) for name, inner in value.items()}
        case tuple():
            return [_with_lists(inner) for inner in value]
        case _:
            return value


def test_another_program_writes_the_same_bytes() -> None:
    assert foreign_value(TODAY) == encode(a_receipt(own_reference="RS-1"))


def test_a_field_that_came_later_gets_its_default() -> None:
    event = decode_with(wire_type(WITHOUT_REFERENCE, TODAY), foreign_value(WITHOUT_REFERENCE))
    assert event == a_receipt(own_reference=None)


def test_a_field_that_went_is_left_out() -> None:
    event = decode_with(wire_type(WITH_COLOUR, TODAY), foreign_value(WITH_COLOUR, colour="red"))
    assert event == a_receipt(own_reference="RS-1")


def test_bytes_are_checked_against_the_version_that_wrote_them() -> None:
    with pytest.raises(Malformed):
        decode_with(wire_type(WITHOUT_REFERENCE, TODAY), encode(a_receipt()))
    with pytest.raises(Malformed):
        decode_with(wire_type(WITH_COLOUR, TODAY), foreign_value(WITH_COLOUR, colour="r\0d"))
