"""What a mapping makes of an export, before anything is submitted. It changes with what its author wants to see.

Pure: nothing is kept, and no record gets an id.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from producers.mapping.files import OCCURRED
from producers.mapping.harmonise import Harmonised, harmonise
from producers.mapping.mapping import RECORD_PREFIX, NationalMapping, Rule
from producers.mapping.national import NationalRecord, text_of, value_at
from producers.mapping.shape import EVENTS, SEALED_PART, leaf_at
from producers.mapping.tree import Origin
from producers.mapping.values import nearest
from schemas.codes.lists import CodeList
from schemas.events.seizure import Seizure
from schemas.rejection import Problem

UNKNOWN_CODE = "unknown_code"
ITEM = "items[0]."


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A spelling that no code is given for: where, how often, and the nearest codes of the field's list."""

    field: str
    column: str
    value: str
    count: int
    nearest: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the records (of an item's field: items) hold a field."""

    field: str
    filled: int
    of: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What a file says of its mapping. ``problems`` counts rejections by code; ``unused`` columns nobody reads."""

    records: int
    clean: int
    unmapped: tuple[Unmapped, ...]
    coverage: tuple[Coverage, ...]
    problems: Mapping[str, int]
    unused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of before and after: a national column with its value, and what stands in the record for it."""

    row: int
    column: str
    before: str
    field: str
    after: str


def examine(
    mapping: NationalMapping, records: Iterable[NationalRecord], lists: Mapping[str, CodeList], at: datetime
) -> Findings:
    """Harmonise every record and count what comes of it; memory grows with spellings, not with records."""
    filled: Counter[str] = Counter()
    items = total = clean = 0
    unmapped: Counter[tuple[str, str, str]] = Counter()
    problems: Counter[str] = Counter()
    columns: dict[str, None] = {}
    for record in records:
        made = harmonise(mapping, record, at)
        total += 1
        clean += not made.problems
        problems.update(found.code for found in made.problems)
        unmapped.update(_spelling(found) for found in made.problems if found.code == UNKNOWN_CODE)
        filled.update(_filled(mapping, made))
        items += len(made.fields.get("items", []))
        columns |= dict.fromkeys(column for row in record.rows for column in row.fields)
    of = {field: items if field.startswith(ITEM) else total for field in _fields(mapping)}
    return Findings(
        records=total,
        clean=clean,
        unmapped=tuple(_unmapped(mapping, found, count, lists) for found, count in unmapped.most_common()),
        coverage=tuple(Coverage(field, filled[field], count) for field, count in of.items()),
        problems=dict(problems.most_common()),
        unused=tuple(column for column in columns if column not in _used(mapping)),
    )


def before_and_after(mapping: NationalMapping, record: NationalRecord, at: datetime) -> tuple[Harmonised, list[Change]]:
    """What a record becomes, field by field beside the columns that it comes from; then the columns nobody reads."""
    made = harmonise(mapping, record, at)
    rows = {row.number: row.fields for row in record.rows}
    changes = []
    for field, value in _values(made.fields, ""):
        origin = _origin(made, field)
        row = origin.row if origin else record.rows[0].number
        column = origin.column if origin else ""
        changes.append(Change(row, column, _before(rows.get(row, {}), column), field, str(value)))
    used = _used(mapping)
    left = [(row.number, name, value) for row in record.rows for name, value in row.fields.items()]
    changes += [Change(number, name, _text(value), "", "") for number, name, value in left if name not in used]
    return made, changes


def code_list_of(mapping: NationalMapping, field: str) -> str | None:
    """The list of a field that holds codes."""
    if field == OCCURRED:
        return None
    try:
        return leaf_at(Seizure if field.startswith(ITEM) else EVENTS[mapping.stream], field).form.code_list
    except ValueError:
        return None


def _spelling(found: Problem) -> tuple[str, str, str]:
    field = found.parameters["field"]
    name = field if not field.startswith("items[") else ITEM + field.partition("].")[2]
    return name, found.parameters.get("column", ""), found.parameters["value"]


def _unmapped(
    mapping: NationalMapping, found: tuple[str, str, str], count: int, lists: Mapping[str, CodeList]
) -> Unmapped:
    field, column, value = found
    listed = code_list_of(mapping, field)
    codes: tuple[str, ...] = lists[listed].codes if listed else ()
    rule = _rules(mapping).get(field)
    spellings = tuple(rule.codes) if rule else ()
    close = nearest(value, spellings) if spellings else nearest(value, codes)
    written = ", ".join(
        f"{one} = {rule.codes[one]}" if rule and one in rule.codes else one for one in close.split(", ")
    )
    return Unmapped(field, column, value, count, written)


def _rules(mapping: NationalMapping) -> Mapping[str, Rule]:
    items = mapping.items.fields if mapping.items else {}
    sealed = {f"{SEALED_PART}.{path}": rule for path, rule in mapping.sealed.items()}
    return {**mapping.fields, **sealed, **{ITEM + path: rule for path, rule in items.items()}}


def _fields(mapping: NationalMapping) -> Sequence[str]:
    return tuple(_rules(mapping))


def _filled(mapping: NationalMapping, made: Harmonised) -> Iterator[str]:
    """Each field that holds something; a field of items as often as items hold it."""
    items = made.fields.get("items", [])
    for field in _fields(mapping):
        if not field.startswith(ITEM):
            if value_at(made.fields, _dotted(field)) is not None:
                yield field
            continue
        path = _dotted(field.removeprefix(ITEM))
        yield from (field for item in items if value_at(item, path) is not None)


def _origin(made: Harmonised, field: str) -> Origin | None:
    """Where a value came from, or the part that it is in."""
    while field and field not in made.origins:
        field = field[: max(field.rfind("."), field.rfind("["), 0)]
    return made.origins.get(field)


def _dotted(path: str) -> str:
    return path.replace("[", ".").replace("]", "")


def _used(mapping: NationalMapping) -> frozenset[str]:
    named = (*mapping.columns, *mapping.record.ignore, mapping.items.source if mapping.items else "")
    return frozenset(part for column in named for part in (column, column.partition(".")[0]))


def _values(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for index, inner in enumerate(value):
            yield from _values(inner, f"{path}[{index}]")
    else:
        yield path, ", ".join(map(str, value)) if isinstance(value, list) else value


def _before(fields: Mapping[str, Any], column: str) -> str:
    names = [name.removeprefix(RECORD_PREFIX) for name in column.split(" + ")] if column else []
    return " ".join(filter(None, (_text(value_at(fields, name)) for name in names)))


def _text(value: Any) -> str:
    try:
        return text_of(value)
    except TypeError:
        return "…"
