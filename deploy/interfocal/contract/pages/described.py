"""A schema in words: its parts, and what each field holds. It changes when schemas say more of a field. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from schemas.events.envelope import MemberEvent
from schemas.wire.catalogue import SchemaVersion

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "string": "text",
        "long": "whole number",
        "boolean": "yes or no",
        "bytes": "bytes",
        "timestamp-millis": "instant, UTC",
        "record": "part",
    }
)
SHARED = frozenset(MemberEvent.model_fields)
"""Fields that many kinds of event have."""


@dataclass(frozen=True, slots=True)
class DescribedField:
    """One field. ``part`` is the record that it holds, ``default`` JSON, both None where there is none."""

    name: str
    doc: str
    kind: str
    optional: bool
    many: bool
    part: str | None = None
    code_list: str | None = None
    text_kind: str | None = None
    unit: str | None = None
    default: str | None = None

    @property
    def says(self) -> str:
        """What it holds, in a few words: ``list of whole number, in year``."""
        words = "code" if self.code_list else f"part {self.part}" if self.part else self.kind
        unit = f", in {self.unit}" if self.unit else ""
        return f"{'list of ' if self.many else ''}{words}{unit}"


@dataclass(frozen=True, slots=True)
class DescribedPart:
    """A record with its fields: an event, or a part of one."""

    name: str
    doc: str
    fields: tuple[DescribedField, ...]

    @property
    def own(self) -> tuple[DescribedField, ...]:
        """Fields that other events do not have."""
        return tuple(field for field in self.fields if field.name not in SHARED)

    @property
    def shared(self) -> tuple[DescribedField, ...]:
        """The others."""
        return tuple(field for field in self.fields if field.name in SHARED)


@dataclass(frozen=True, slots=True)
class DescribedVersion:
    """One version of an event's schema: the event first, then its parts in the order in which they are met."""

    version: SchemaVersion
    released: bool
    parts: tuple[DescribedPart, ...]

    @property
    def event(self) -> DescribedPart:
        """The event itself."""
        return self.parts[0]


def describe(version: SchemaVersion, *, released: bool) -> DescribedVersion:
    """A linted schema in words."""
    return DescribedVersion(version, released, tuple(_parts(version.schema)))


def _parts(record: Mapping[str, Any]) -> Iterator[DescribedPart]:
    yield DescribedPart(record["name"], record["doc"], tuple(_field(field) for field in record["fields"]))
    for field in record["fields"]:
        _, _, leaf = _unwrapped(field["type"])
        if isinstance(leaf, Mapping) and leaf["type"] == "record":
            yield from _parts(leaf)


def _field(field: Mapping[str, Any]) -> DescribedField:
    optional, many, leaf = _unwrapped(field["type"])
    kind, part = _kind(leaf)
    return DescribedField(
        name=field["name"],
        doc=field["doc"],
        kind=KINDS[kind],
        optional=optional,
        many=many,
        part=part,
        code_list=field.get("codeList"),
        text_kind=field.get("textKind"),
        unit=field.get("unit"),
        default=json.dumps(field["default"], ensure_ascii=False) if "default" in field else None,
    )


def _unwrapped(kind: Any) -> tuple[bool, bool, Any]:
    """Whether a type may be empty, whether it is a list, and what is inside."""
    optional = isinstance(kind, list)
    inner = kind[1] if optional else kind
    many = isinstance(inner, Mapping) and inner["type"] == "array"
    return optional, many, inner["items"] if many else inner


def _kind(leaf: Any) -> tuple[str, str | None]:
    """A leaf's kind, and the record's name where it is one; one that was spelled out before is only named."""
    if isinstance(leaf, Mapping):
        kind = leaf.get("logicalType", leaf["type"])
        return kind, leaf["name"] if kind == "record" else None
    return (leaf, None) if leaf in KINDS else ("record", leaf)
