"""A walk over the bytes of an event, before a decoder sees them. It changes when schemas get a new kind of type.

A decoder builds what the bytes promise before it finds out that they lie. This walk builds nothing: it follows the
schema and accepts only the one spelling an encoder makes, so that sizes, counts and numbers stay within bounds.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from schemas.errors import Malformed

MAX_ITEMS = 10_000
SIGN_BIT = 1
MORE = 0x80  # the bit of an octet that says another octet follows
LAST_OCTET = 9  # ten octets hold 64 bits; the tenth holds one bit only
FIRST_INSTANT_MS = -62_135_596_800_000  # 0001-01-01T00:00:00.000Z
LAST_INSTANT_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
NUL = b"\x00"

Walk = Callable[[bytes, int], int]
"""Checks one value that starts at an index; returns the index after it. IndexError: the bytes end too early."""


def bounds_of(schema: Mapping[str, Any]) -> Callable[[bytes, int], None]:
    """A check of whole values of a linted schema, from an index to the end; it raises Malformed and nothing else.

    Refused are: cut or left-over bytes, a length or count that is negative or too large, a second block, a number
    in more octets than it needs, text with U+0000, an instant outside the years 1-9999. UTF-8 is left to the decoder.
    """
    walk = _walk(schema, "", {})

    def check(octets: bytes, start: int) -> None:
        try:
            end = walk(octets, start)
        except IndexError:
            raise fault("truncated", "", "the bytes end before the event does") from None
        if end != len(octets):
            raise fault("leftover_bytes", "", f"{len(octets) - end} bytes follow the event")

    return check


def fault(code: str, field: str, detail: str) -> Malformed:
    """Malformed at a field; neither message nor parameters hold what the bytes say."""
    return Malformed(f"{field or 'value'}: {detail}", code=code, parameters={"field": field})


def _walk(schema: Any, path: str, named: dict[str, Any]) -> Walk:
    """The walk for a type; ``named`` holds the records spelled out before, by name."""
    if isinstance(schema, str):
        return _walk(named[schema], path, named) if schema in named else LEAVES[schema](path)
    if isinstance(schema, list):
        return _optional_walk(_walk(schema[1], path, named))
    if schema["type"] == "record":
        named[schema["name"]] = schema
        return _record_walk(schema, path, named)
    if schema["type"] == "array":
        return _array_walk(_walk(schema["items"], f"{path}[]", named), path)
    return LEAVES[schema.get("logicalType", schema["type"])](path)


def _long(octets: bytes, at: int) -> tuple[int, int]:
    octet = octets[at]
    if octet < MORE:
        return (octet >> 1) ^ -(octet & SIGN_BIT), at + 1
    number = octet & 0x7F
    for place in range(1, LAST_OCTET + 1):
        octet = octets[at + place]
        number |= (octet & 0x7F) << 7 * place
        if octet < MORE:
            if octet == 0 or (place == LAST_OCTET and octet > 1):
                break
            return (number >> 1) ^ -(number & SIGN_BIT), at + place + 1
    raise fault("not_canonical", "", f"the number at byte {at} is not in its one spelling")


def _record_walk(schema: Mapping[str, Any], path: str, named: dict[str, Any]) -> Walk:
    prefix = f"{path}." if path else ""
    fields = tuple(_walk(field["type"], f"{prefix}{field['name']}", named) for field in schema["fields"])

    def walk(octets: bytes, at: int) -> int:
        for field in fields:
            at = field(octets, at)
        return at

    return walk


def _optional_walk(present: Walk) -> Walk:
    def walk(octets: bytes, at: int) -> int:
        branch = octets[at]
        if branch == 0:
            return at + 1
        if branch != 1 << 1:
            raise fault("malformed", "", f"byte {at} is neither null nor the type that may stand here")
        return present(octets, at + 1)

    return walk


def _array_walk(item: Walk, path: str) -> Walk:
    def walk(octets: bytes, at: int) -> int:
        count, at = _long(octets, at)
        if count == 0:
            return at
        if not 0 < count <= MAX_ITEMS:
            raise fault("too_many_items", path, f"the count is not within 0 and {MAX_ITEMS}")
        for _ in range(count):
            at = item(octets, at)
        if octets[at] != 0:
            raise fault("not_canonical", path, "the items are not in one block")
        return at + 1

    return walk


def _octets_walk(path: str) -> Walk:
    def walk(octets: bytes, at: int) -> int:
        length, at = _long(octets, at)
        end = at + length
        if length < 0 or end > len(octets):
            raise fault("truncated", path, "the length does not fit into the bytes")
        return end

    return walk


def _text_walk(path: str) -> Walk:
    def walk(octets: bytes, at: int) -> int:
        length, at = _long(octets, at)
        end = at + length
        if length < 0 or end > len(octets):
            raise fault("truncated", path, "the length does not fit into the bytes")
        if octets.find(NUL, at, end) >= 0:
            raise fault("unusable_character", path, "the text holds U+0000, which no text may hold")
        return end

    return walk


def _boolean_walk(path: str) -> Walk:
    def walk(octets: bytes, at: int) -> int:
        if octets[at] > 1:
            raise fault("malformed", path, "neither true nor false")
        return at + 1

    return walk


def _long_walk(_path: str) -> Walk:
    def walk(octets: bytes, at: int) -> int:
        return _long(octets, at)[1]

    return walk


def _instant_walk(path: str) -> Walk:
    def walk(octets: bytes, at: int) -> int:
        millis, at = _long(octets, at)
        if not FIRST_INSTANT_MS <= millis <= LAST_INSTANT_MS:
            raise fault("instant_out_of_range", path, "the instant is not within the years 1-9999")
        return at

    return walk


LEAVES: Mapping[str, Callable[[str], Walk]] = MappingProxyType(
    {
        "string": _text_walk,
        "bytes": _octets_walk,
        "boolean": _boolean_walk,
        "long": _long_walk,
        "timestamp-millis": _instant_walk,
    }
)
"""The walks of types without inner types; the linter lets no other type into a schema."""
