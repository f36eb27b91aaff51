"""Whether one version of a schema may follow others. It changes when a kind of change proves harmful.

Apache Avro's own checker says whether readers of each version understand writers of every other. It lets pass what
changes a meaning without changing a shape; those are compared here. Only commands and tests import this module.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import AvroException

from schemas.wire.catalogue import SchemaVersion
from schemas.wire.lint import Finding
from schemas.wire.projection import NAMESPACE

MEANINGS = ("logicalType", "precision", "scale", "unit", "codeList", "textKind", "default")
RULES = {
    "shape": "type_changed",
    "logicalType": "logical_type_changed",
    "precision": "precision_changed",
    "scale": "precision_changed",
    "unit": "unit_changed",
    "codeList": "code_list_changed",
    "textKind": "text_kind_changed",
    "default": "default_changed",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema laid out: what each path means, and the order of the fields of each record."""

    meanings: Mapping[str, Mapping[str, Any]]
    orders: Mapping[str, tuple[str, ...]]


def may_follow(candidate: Mapping[str, Any], earlier: Sequence[SchemaVersion]) -> tuple[Finding, ...]:
    """Why a candidate may not follow these versions of its stream; empty: it may. The candidate passed the linter."""
    return tuple(
        Finding(finding.rule, finding.path, f"{finding.detail} (against {version.name})")
        for version in earlier
        for finding in pair_findings(version.schema, candidate)
    )


def history_findings(versions: Sequence[SchemaVersion]) -> tuple[Finding, ...]:
    """What is wrong with any pair of versions of the same stream, both ways."""
    pairs = [(one, other) for one, other in combinations(versions, 2) if one.stream == other.stream]
    return tuple(finding for one, other in pairs for finding in may_follow(other.schema, [one]))


def pair_findings(older: Mapping[str, Any], newer: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Why readers of one of two linted schemas cannot read, or would misread, what the other wrote."""
    return (
        *_unreadable("newer_cannot_read_older", reader=newer, writer=older),
        *_unreadable("older_cannot_read_newer", reader=older, writer=newer),
        *_changed_meanings(_laid_out(older), _laid_out(newer)),
    )


def _unreadable(rule: str, *, reader: Mapping[str, Any], writer: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        reads, writes = avro.schema.parse(json.dumps(reader)), avro.schema.parse(json.dumps(writer))
    except AvroException as error:
        yield Finding("not_avro", "", f"Apache Avro does not accept the schema ({type(error).__name__}); lint it first")
        return
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # its constructor has no annotations
    result = checker.get_compatibility(reads, writes)
    if result.compatibility is not SchemaCompatibilityType.compatible:
        said = "; ".join(sorted(str(message) for message in result.messages))
        yield Finding(rule, "", f"Apache Avro says: {said}; a field that comes or goes needs a default")


def _changed_meanings(older: Shape, newer: Shape) -> Iterator[Finding]:
    for path in sorted(older.meanings.keys() & newer.meanings.keys()):
        before, after = older.meanings[path], newer.meanings[path]
        for what, rule in RULES.items():
            gained_or_lost = what == "default" and None in (before[what], after[what])  # the checker judges those
            if before[what] != after[what] and not gained_or_lost:
                yield Finding(rule, path, f"it was {before[what]} and would be {after[what]}; add a new field instead")
    for path in sorted(older.orders.keys() & newer.orders.keys()):
        both = set(older.orders[path]) & set(newer.orders[path])
        if [f for f in older.orders[path] if f in both] != [f for f in newer.orders[path] if f in both]:
            yield Finding("order_changed", path, "fields that stay keep their order")


def _laid_out(schema: Mapping[str, Any]) -> Shape:
    meanings: dict[str, Mapping[str, Any]] = {}
    orders: dict[str, tuple[str, ...]] = {}
    _lay_out(schema, "", {}, (meanings, orders))
    meanings[""] = dict.fromkeys(RULES) | {"shape": _full_name(schema)}
    return Shape(meanings, orders)


def _lay_out(
    record: Mapping[str, Any],
    path: str,
    named: dict[str, Any],
    laid: tuple[dict[str, Mapping[str, Any]], dict[str, tuple[str, ...]]],
) -> None:
    named[record["name"]] = record
    meanings, orders = laid
    orders[path] = tuple(field["name"] for field in record["fields"])
    for field in record["fields"]:
        where = f"{path}.{field['name']}".lstrip(".")
        wrapping, leaf = _unwrapped(field["type"], named)
        inner = leaf if isinstance(leaf, dict) else {"type": leaf}
        is_record = inner["type"] == "record"
        shape = f"{wrapping}{_full_name(inner) if is_record else inner['type']}"
        meanings[where] = {what: field.get(what, inner.get(what)) for what in MEANINGS} | {
            "shape": shape,
            "default": json.dumps(field["default"]) if "default" in field else None,
        }
        if is_record:
            _lay_out(inner, where, named, laid)


def _unwrapped(kind: Any, named: Mapping[str, Any]) -> tuple[str, Any]:
    """A type without null and arrays, and what was around it in words."""
    match kind:
        case ["null", inner]:
            wrapping, leaf = _unwrapped(inner, named)
            return f"optional {wrapping}", leaf
        case {"type": "array", "items": inner}:
            wrapping, leaf = _unwrapped(inner, named)
            return f"array of {wrapping}", leaf
        case str() if kind in named:
            return "", named[kind]
        case _:
            return "", kind


def _full_name(record: Mapping[str, Any]) -> str:
    return f"{record.get('namespace', NAMESPACE)}.{record['name']}"
