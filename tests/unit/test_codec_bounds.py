"""What the walk over the bytes accepts: one spelling of each value, and nothing that promises more than it holds."""

import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.errors import Malformed
from schemas.wire.bounds import FIRST_INSTANT_MS, LAST_INSTANT_MS, MAX_ITEMS, bounds_of

PIECE = {"type": "record", "name": "Piece", "fields": [{"name": "label", "type": "string"}]}
INSTANT = {"type": "long", "logicalType": "timestamp-millis"}


def walk_of(kind: Any) -> Callable[[bytes], None]:
    """The check of a record with one field ``it``."""
    check = bounds_of({"type": "record", "name": "One", "fields": [{"name": "it", "type": kind}]})
    return lambda octets: check(octets, 0)


def number(value: int) -> bytes:
    """A long in its one spelling, written here by the definition."""
    left = (value << 1) ^ (value >> 63)
    octets = bytearray()
    while left > 0x7F:
        octets.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*octets, left])


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_long_is_accepted_in_its_one_spelling_only(value: int) -> None:
    walk = walk_of("long")
    walk(number(value))
    longer = number(value)[:-1] + bytes([number(value)[-1] | 0x80, 0])
    with pytest.raises(Malformed):
        walk(longer)


@pytest.mark.parametrize(
    ("kind", "octets", "code"),
    [
        ("long", b"", "truncated"),
        ("long", b"\x80", "truncated"),
        ("long", b"\xff" * 9 + b"\x02", "not_canonical"),
        ("long", b"\xff" * 10 + b"\x01", "not_canonical"),
        ("long", b"\xff" * 200_000, "not_canonical"),
        ("long", b"\x00\x00", "leftover_bytes"),
        ("boolean", b"\x02", "malformed"),
        ("string", number(-1), "truncated"),
        ("string", number(-(2**63)), "truncated"),
        ("string", number(2) + b"a", "truncated"),
        ("string", number(2**62) + b"a", "truncated"),
        ("string", number(3) + b"a\x00b", "unusable_character"),
        ("bytes", number(-1), "truncated"),
        ("bytes", number(2**62) + b"a", "truncated"),
        (["null", "long"], b"\x01", "malformed"),
        (["null", "long"], b"\x04\x00", "malformed"),
        (["null", "long"], number(-1), "malformed"),
        (["null", "long"], b"\x80\x00", "malformed"),
        (["null", "long"], b"\x02", "truncated"),
        ({"type": "array", "items": "long"}, number(1) + b"\x00", "truncated"),
        ({"type": "array", "items": "long"}, number(-1) + number(1) + b"\x00\x00", "too_many_items"),
        ({"type": "array", "items": "long"}, number(2**62), "too_many_items"),
        ({"type": "array", "items": "long"}, number(MAX_ITEMS + 1) + bytes(MAX_ITEMS + 2), "too_many_items"),
        ({"type": "array", "items": "long"}, (number(1) + b"\x00") * 2 + b"\x00", "not_canonical"),
        (INSTANT, number(FIRST_INSTANT_MS - 1), "instant_out_of_range"),
        (INSTANT, number(LAST_INSTANT_MS + 1), "instant_out_of_range"),
    ],
)
def test_what_lies_about_its_size_or_spelling_is_refused(kind: Any, octets: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        walk_of(kind)(octets)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        ("boolean", b"\x01"),
        ("string", number(3) + b"abc"),
        ("string", number(0)),
        ("bytes", number(3) + b"a\x00b"),
        (["null", "long"], b"\x00"),
        (["null", "long"], b"\x02\x00"),
        ({"type": "array", "items": "long"}, b"\x00"),
        ({"type": "array", "items": "long"}, number(MAX_ITEMS) + bytes(MAX_ITEMS + 1)),
        ({"type": "array", "items": PIECE}, number(2) + number(1) + b"a" + number(1) + b"b" + b"\x00"),
        (INSTANT, number(FIRST_INSTANT_MS)),
        (INSTANT, number(LAST_INSTANT_MS)),
    ],
)
def test_what_an_encoder_writes_is_accepted(kind: Any, octets: bytes) -> None:
    walk_of(kind)(octets)


def test_a_fault_names_the_field_inside_parts_and_arrays() -> None:
    walk = walk_of({"type": "array", "items": PIECE})
    with pytest.raises(Malformed) as refused:
        walk(number(1) + number(1) + b"\x00" + b"\x00")
    assert refused.value.parameters == {"field": "it[].label"}


def test_the_walk_begins_where_it_is_told() -> None:
    check = bounds_of({"type": "record", "name": "One", "fields": [{"name": "it", "type": "boolean"}]})
    check(struct.pack(">bI", 0, 101) + b"\x01", 5)


EVERY_KIND = {
    "type": "record",
    "name": "Every",
    "fields": [
        {"name": "text", "type": "string"},
        {"name": "octets", "type": ["null", "bytes"]},
        {"name": "number", "type": "long"},
        {"name": "flag", "type": "boolean"},
        {"name": "instant", "type": ["null", INSTANT]},
        {"name": "pieces", "type": {"type": "array", "items": PIECE}},
        {"name": "numbers", "type": {"type": "array", "items": "long"}},
    ],
}
WRITTEN = number(2) + b"ab" + b"\x02" + number(1) + b"x" + number(300) + b"\x01" + b"\x02" + number(10**12)
WRITTEN += number(1) + number(1) + b"p" + b"\x00" + number(2) + number(5) + number(-70) + b"\x00"
SPLICES = st.lists(st.tuples(st.integers(0, len(WRITTEN)), st.integers(0, 3), st.binary(max_size=3)), max_size=3)


@settings(max_examples=400)
@given(SPLICES)
@example([])
def test_what_passes_the_walk_and_is_read_would_be_written_as_these_bytes(
    splices: list[tuple[int, int, bytes]],
) -> None:
    """So nobody has to encode an event again to know that it has no other spelling."""
    octets = WRITTEN
    for at, gone, instead in splices:
        octets = octets[:at] + instead + octets[at + gone :]
    schema = fastavro.parse_schema(dict(EVERY_KIND))
    try:
        bounds_of(EVERY_KIND)(octets, 0)
        fields = fastavro.schemaless_reader(BytesIO(octets), schema, None)
    except (Malformed, UnicodeDecodeError):
        return
    written = BytesIO()
    fastavro.schemaless_writer(written, schema, fields, strict=True)
    assert written.getvalue() == octets
