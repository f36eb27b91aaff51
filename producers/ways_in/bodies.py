"""What stands in the body of an HTTP request: one record, several, or rows of a national form. It changes with those.

A row of a national form may carry, beside its own columns, ``@row`` (its place as its clerk counts) and ``@problems``
(what its reader found wrong already).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from producers.mapping.national import NationalRow
from producers.ways_in.json_text import decoded, lines_of, malformed, parse_json
from schemas.rejection import REJECTION_MESSAGES, Problem

NDJSON = frozenset({"application/x-ndjson", "application/jsonl", "application/jsonlines"})
ROW = "@row"
PROBLEMS = "@problems"
LARGEST_ROW = 10**9

_PROBLEMS = TypeAdapter(tuple[Problem, ...])


@dataclass(frozen=True, slots=True)
class Body:
    """The records of a body; ``single`` when it was one object and not a bulk."""

    records: tuple[Mapping[str, Any], ...]
    single: bool


def read_body(content: bytes, media_type: str) -> Body:
    """The records of a body; raises Rejected (``malformed_file``, ``wrong_encoding``) naming the place."""
    text = decoded(content, "utf-8")
    if media_type in NDJSON:
        return Body(
            tuple(_objects([parse_json(line, f"JSON in line {n}") for n, line in lines_of(text)])), single=False
        )
    value = parse_json(text)
    if isinstance(value, list):
        return Body(tuple(_objects(value)), single=False)
    return Body(tuple(_objects([value])), single=True)


def national_rows(records: Sequence[Mapping[str, Any]]) -> tuple[NationalRow, ...]:
    """Rows of a national form; raises Rejected when ``@row`` or ``@problems`` are not what they have to be."""
    return tuple(_row(place, record) for place, record in enumerate(records, start=1))


def row_object(row: NationalRow) -> dict[str, Any]:
    """The inverse of ``national_rows``, for one row."""
    marks: dict[str, Any] = {ROW: row.number}
    if row.problems:
        marks[PROBLEMS] = [found.model_dump() for found in row.problems]
    return {**row.fields, **marks}


def _row(place: int, record: Mapping[str, Any]) -> NationalRow:
    number = record.get(ROW, place)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < LARGEST_ROW:
        raise malformed("json", f"record {place}: {ROW} has to be a number from 1")
    fields = {name: value for name, value in record.items() if name not in {ROW, PROBLEMS}}
    return NationalRow(number, fields, _problems(place, record.get(PROBLEMS, [])))


def _problems(place: int, given: Any) -> tuple[Problem, ...]:
    try:
        problems = _PROBLEMS.validate_python(given)
        for found in problems:
            REJECTION_MESSAGES[found.code].format_map(found.parameters)
    except (ValidationError, KeyError):
        raise malformed("json", f"record {place}: {PROBLEMS} are not problems that this program knows") from None
    return problems


def _objects(values: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    for place, value in enumerate(values, start=1):
        if not isinstance(value, Mapping):
            raise malformed("json", f"record {place} is no object with names and values")
        yield value
