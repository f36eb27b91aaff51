"""A national record becomes a harmonised one, or says everything that is wrong with it. It changes with the rules.

Pure: the same mapping and record always give the same. What a harmonised record must hold is judged at intake.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from producers.mapping.mapping import RECORD_PREFIX, NationalMapping, Rule
from producers.mapping.national import NationalRecord, NationalRow, folded, text_of, value_at
from producers.mapping.shape import ITEM_PARTS, SEALED_PART, TRACE_PARTS
from producers.mapping.tree import Origin, Tree
from producers.mapping.values import Read, Spelling, read, read_version
from schemas.rejection import Problem, problem

UNTOLD = "what is there"
"""Stands for a value that goes into the sealed part: problems are shown and kept."""


@dataclass(frozen=True, slots=True)
class Harmonised:
    """A record as intake takes it, the origins of its fields, and what was wrong already.

    ``fields`` hold ``national_id`` and everything of the event but what intake gives.
    """

    fields: Mapping[str, Any]
    origins: Mapping[str, Origin] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where rules look their columns up: the record, and the item's element beneath it."""

    record: Mapping[str, Any]
    element: Mapping[str, Any]
    row: int

    def value(self, column: str) -> Any:
        """What a column holds here; a leading / looks in the record."""
        if column.startswith(RECORD_PREFIX):
            return value_at(self.record, column.removeprefix(RECORD_PREFIX))
        return value_at(self.element, column)


@dataclass(slots=True)
class Writer:
    """Applies rules to one record, and collects what they write and what is wrong."""

    spelling: Spelling
    tree: Tree = field(default_factory=Tree)
    absent: list[dict[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def apply(self, path: str, rule: Rule, scope: Scope, *, sealed: bool = False) -> Any:
        """Apply one rule; returns the value that it wrote, or None.

        Of what is ``sealed`` no value is told, and no reason for having none: those stand in the open part.
        """
        column = " + ".join(one.removeprefix(RECORD_PREFIX) for one in rule.column)
        self.tree.note(path, Origin(column, scope.row))
        try:
            result = _result(rule, scope, self.spelling, path)
        except TypeError as error:
            result = Read(problem=problem("malformed_value", field=path, value=column, detail=str(error)))
        if result.problem:
            found = untold(result.problem) if sealed else result.problem
            self.problems.append(placed(found, column, scope.row))
        elif result.reason and not sealed:
            self.absent.append({"field": path, "reason": result.reason})
        elif result.value is not None:
            self.tree.put(path, result.value)
        return result.value


def harmonise(mapping: NationalMapping, record: NationalRecord, at: datetime | None = None) -> Harmonised:
    """The harmonised record and all that is wrong with the national one: each problem names row and column.

    ``at`` is when it is read; without it no date lies ahead.
    """
    writer = Writer(spelling_of(mapping, at))
    writer.problems += [placed(p, "", row.number) for row in record.rows for p in row.problems]
    first = record.rows[0]
    merged = _merged(mapping, record, writer.problems)
    _apply_record(mapping, Scope(merged, merged, first.number), writer)
    for index, scope in enumerate(_items(mapping, record, merged)):
        _apply_item(mapping, scope, index, writer)
    version = _version(mapping, Scope(merged, merged, first.number), writer)
    fields, origins = writer.tree.finished()
    if writer.absent:
        fields["absent"] = [*fields.get("absent", []), *writer.absent]
    if version:
        fields["national_version"] = version
    if not record.national_id:
        key = " + ".join(mapping.record.key)
        writer.problems.append(placed(problem("missing_field", field="national_id"), key, first.number))
    origins["national_id"] = Origin(" + ".join(mapping.record.key), first.number)
    return Harmonised({**fields, "national_id": record.national_id}, origins, tuple(writer.problems))


def placed(found: Problem, column: str, row: int) -> Problem:
    """A problem that also says in which of the clerk's columns and rows it is."""
    where = {"column": column} if column else {}
    return Problem(code=found.code, parameters={**where, "row": str(row), **found.parameters})


def untold(found: Problem) -> Problem:
    """A problem that does not quote the value which it is about."""
    quoted = {"value": UNTOLD} if "value" in found.parameters else {}
    return Problem(code=found.code, parameters={**found.parameters, **quoted})


def spelling_of(mapping: NationalMapping, at: datetime | None = None) -> Spelling:
    """What a mapping says about all of its rules."""
    empty = frozenset(folded(one) for one in mapping.empty)
    absent = {folded(one): reason for one, reason in mapping.absent.items()}
    return Spelling(empty, absent, mapping.decimal_comma, mapping.zone, at)


def _apply_record(mapping: NationalMapping, scope: Scope, writer: Writer) -> None:
    act = None
    if "act" in mapping.fields:
        act = writer.apply("act", mapping.fields["act"], scope)
    for path, rule in mapping.fields.items():
        part = path.partition(".")[0]
        if path != "act" and (part not in TRACE_PARTS or part == act):
            writer.apply(path, rule, scope)
    for path, rule in mapping.sealed.items():
        writer.apply(f"{SEALED_PART}.{path}", rule, scope, sealed=True)


def _apply_item(mapping: NationalMapping, scope: Scope, index: int, writer: Writer) -> None:
    """Write one item and its key: its position where the mapping names no column, or the column is empty."""
    rules = mapping.items
    if rules is None:
        return
    parts = [_safe_text(scope.value(column)) for column in rules.key]
    writer.tree.put(f"items[{index}].item_key", "|".join(parts) if any(parts) else str(index + 1))
    writer.tree.note(f"items[{index}].item_key", Origin(" + ".join(rules.key), scope.row))
    kind = writer.apply(f"items[{index}].kind", rules.fields["kind"], scope) if "kind" in rules.fields else None
    for path, rule in rules.fields.items():
        part = path.partition(".")[0]
        if path != "kind" and (part not in ITEM_PARTS or part == kind):
            writer.apply(f"items[{index}].{path}", rule, scope)


def _items(mapping: NationalMapping, record: NationalRecord, merged: Mapping[str, Any]) -> Iterator[Scope]:
    """Where the rules of each item look: its row, or its element of the nested array."""
    if mapping.items is None:
        return
    for row in record.rows:
        if not mapping.items.source:
            yield Scope(merged, row.fields, row.number)
            continue
        elements = value_at(row.fields, mapping.items.source)
        for element in elements if isinstance(elements, list) else []:
            yield Scope(merged, element if isinstance(element, dict) else {}, row.number)


def _merged(mapping: NationalMapping, record: NationalRecord, problems: list[Problem]) -> Mapping[str, Any]:
    """The record's own columns: rows of one record say the same there, or nothing."""
    if len(record.rows) == 1:
        return record.rows[0].fields
    columns = dict.fromkeys(_record_columns(mapping))
    merged: dict[str, Any] = {}
    for column in columns:
        filled = _filled(column, record.rows)
        if len({folded(_safe_text(value)) for _, value in filled}) > 1:
            rows = ", ".join(str(number) for number, _ in filled)
            problems.append(placed(problem("rows_disagree", field=column, rows=rows), column, filled[0][0]))
        merged[column] = filled[0][1] if filled else None
    return merged


def _record_columns(mapping: NationalMapping) -> Iterator[str]:
    """Columns that are read once a record."""
    once = (*mapping.fields.values(), *mapping.sealed.values())
    yield from (column for rule in once for column in rule.columns)
    if mapping.record.version:
        yield mapping.record.version.column
    for rule in mapping.items.fields.values() if mapping.items else ():
        yield from (c.removeprefix(RECORD_PREFIX) for c in rule.columns if c.startswith(RECORD_PREFIX))


def _filled(column: str, rows: Sequence[NationalRow]) -> list[tuple[int, Any]]:
    found = [(row.number, value_at(row.fields, column)) for row in rows]
    return [(number, value) for number, value in found if _safe_text(value)]


def _result(rule: Rule, scope: Scope, spelling: Spelling, path: str) -> Read:
    """What a rule makes of its columns; raises TypeError where a column holds no single value."""
    if rule.only_with and not _says_something(scope.value(rule.only_with), spelling):
        return Read(rule.otherwise)
    if rule.constant is not None:
        return Read(list(rule.constant) if isinstance(rule.constant, tuple) else rule.constant)
    values = [scope.value(column) for column in rule.column]
    if len(values) == 1 and isinstance(values[0], list) and rule.split is not None:
        values = [rule.split.join(text_of(one) for one in values[0])]
    return read(rule, " ".join(filter(None, map(text_of, values))), spelling, path)


def _says_something(value: Any, spelling: Spelling) -> bool:
    text = folded(_safe_text(value))
    return bool(text) and text not in spelling.empty and text not in spelling.absent


def _safe_text(value: Any) -> str:
    try:
        return text_of(value)
    except TypeError:
        return str(value)


def _version(mapping: NationalMapping, scope: Scope, writer: Writer) -> str:
    rule = mapping.record.version
    if rule is None:
        return ""
    result = read_version(rule, _safe_text(scope.value(rule.column)), writer.spelling.zone)
    if result.problem:
        writer.problems.append(placed(result.problem, rule.column, scope.row))
    return result.value or ""
