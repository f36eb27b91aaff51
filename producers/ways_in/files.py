"""Files of national systems become rows. It changes with the file formats that are read.

What is wrong with the whole file raises Rejected; what is wrong with one row is a problem of that row.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from producers.ways_in.json_text import decoded, lines_of, malformed, parse_json
from schemas.errors import Rejected
from schemas.rejection import problem

MAX_FILE_BYTES = 100 * 1024 * 1024
HEADER_ROW = 1
RECORDS = "records"
UNREADABLE = "@text"
SHOWN_CHARACTERS = 200


def read_rows(path: Path, mapping: NationalMapping) -> Iterator[NationalRow]:
    """The rows of a file, read as the mapping says.

    Raises Rejected: ``malformed_file`` (with the place), ``wrong_encoding`` (with the byte), ``missing_column``.
    """
    return rows_of(_content(path, mapping.format), mapping)


def rows_of(content: bytes, mapping: NationalMapping) -> Iterator[NationalRow]:
    """The same for the bytes of a file."""
    text = decoded(content, mapping.encoding)
    if mapping.format == "csv":
        return _csv_rows(text, mapping)
    return _json_rows(text) if mapping.format == "json" else _jsonl_rows(text)


def read_objects(path: Path) -> list[Mapping[str, Any]]:
    """The objects of a JSON or JSON Lines file (UTF-8) that is in the harmonised form; raises Rejected as above."""
    text = decoded(_content(path, "json"), "utf-8")
    rows = list(_jsonl_rows(text) if path.suffix in {".jsonl", ".ndjson"} else _json_rows(text))
    faulty = next((row for row in rows if row.problems), None)
    if faulty:
        raise malformed("json", f"record {faulty.number}: {faulty.problems[0].parameters['detail']}")
    return [row.fields for row in rows]


def _content(path: Path, form: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise malformed(form, f"{size} bytes are more than the {MAX_FILE_BYTES} that are read; divide it")
        return path.read_bytes()
    except OSError as error:
        raise malformed(form, f"{path.name} cannot be opened ({error.strerror})") from None


def _csv_rows(text: str, mapping: NationalMapping) -> Iterator[NationalRow]:
    lines = csv.reader(StringIO(text, newline=""), delimiter=mapping.delimiter, strict=True)
    header: list[str] = []
    number = 0
    try:
        for number, cells in enumerate(lines, start=HEADER_ROW):
            if not header:
                header = _header(cells, mapping)
            elif any(cell.strip() for cell in cells):
                yield _csv_row(number, header, cells)
    except csv.Error as error:
        raise malformed("csv", f"row {number + 1}: {error}") from None
    if not header:
        raise malformed("csv", "it is empty; the first row has to name the columns")


def _header(cells: Sequence[str], mapping: NationalMapping) -> list[str]:
    names = [cell.strip() or f"column {place}" for place, cell in enumerate(cells, start=1)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise malformed("csv", f"two columns are called {twice}")
    missing = [column for column in mapping.columns if column not in names]
    if missing:
        raise Rejected(
            f"the file has no column {', '.join(missing)}; it has {', '.join(names)[:SHOWN_CHARACTERS]}",
            code="missing_column",
            parameters={"column": ", ".join(missing), "mapping": mapping.name},
        )
    return names


def _csv_row(number: int, header: Sequence[str], cells: Sequence[str]) -> NationalRow:
    fields = dict(zip(header, cells, strict=False))
    if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
        detail = f"it has {len(cells)} cells where the header has {len(header)}"
        return NationalRow(number, fields, (problem("malformed_record", detail=detail),))
    return NationalRow(number, fields)


def _json_rows(text: str) -> Iterator[NationalRow]:
    value = parse_json(text)
    records = value.get(RECORDS) if isinstance(value, dict) else value
    if not isinstance(records, list):
        raise malformed("json", f'an array of records, or an object with "{RECORDS}", is expected')
    return (_object_row(number, record) for number, record in enumerate(records, start=1))


def _jsonl_rows(text: str) -> Iterator[NationalRow]:
    for number, line in lines_of(text):
        try:
            yield _object_row(number, parse_json(line))
        except Rejected as error:
            fault = problem("malformed_record", detail=error.parameters["detail"])
            yield NationalRow(number, {UNREADABLE: line[:SHOWN_CHARACTERS]}, (fault,))


def _object_row(number: int, record: Any) -> NationalRow:
    if isinstance(record, Mapping):
        return NationalRow(number, record)
    fault = problem("malformed_record", detail="an object with names and values is expected")
    return NationalRow(number, {UNREADABLE: str(record)[:SHOWN_CHARACTERS]}, (fault,))
