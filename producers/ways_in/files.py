"""Files of national systems become rows. It changes with the file formats that are read.

What is wrong with the whole file raises Rejected; what is wrong with one row is a problem of that row. CSV, JSON Lines
and XML are read as a stream, JSON and XLSX as a whole and only up to a size.
"""

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from types import MappingProxyType
from typing import Any, BinaryIO, TypeVar

from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from producers.ways_in.json_text import decoded, malformed, parse_json
from producers.ways_in.readers.bounds import MAX_WHOLE_BYTES, check_whole
from producers.ways_in.readers.csv_table import csv_rows
from producers.ways_in.readers.streams import Lines, counted
from producers.ways_in.readers.xlsx import xlsx_rows
from producers.ways_in.readers.xml_records import xml_records
from schemas.errors import Rejected
from schemas.rejection import problem

MAX_FILE_BYTES = MAX_WHOLE_BYTES
RECORDS = "records"
UNREADABLE = "@text"
SHOWN_CHARACTERS = 200
UTF_8 = "utf-8"
Row = TypeVar("Row")


def nobody_watches(_position: int) -> None:
    """Takes no note of how far a file was read."""


def read_rows(
    path: Path, mapping: NationalMapping, on_read: Callable[[int], None] = nobody_watches
) -> Iterator[NationalRow]:
    """The rows of a file, read as the mapping says; ``on_read`` is told how many of its bytes were read so far.

    Raises Rejected, at once when the file cannot be opened, else while it is read: ``malformed_file`` (with the place),
    ``wrong_encoding`` (with the byte), ``missing_column``, ``file_too_large`` and the other bounds.
    """
    file = _opened(path, mapping.format)
    return _closing(file, READERS[mapping.format](counted(file, on_read), mapping))


def rows_of(content: bytes, mapping: NationalMapping) -> Iterator[NationalRow]:
    """The same for the bytes of a file."""
    return READERS[mapping.format](BytesIO(content), mapping)


def read_objects(path: Path) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON or JSON Lines file (UTF-8) that is in the harmonised form; raises Rejected as above."""
    form = "jsonl" if path.suffix in {".jsonl", ".ndjson"} else "json"
    file = _opened(path, form)
    rows = _jsonl_rows(file, UTF_8) if form == "jsonl" else _json_rows(file, UTF_8)
    return _closing(file, _faultless(rows))


def _faultless(rows: Iterator[NationalRow]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        if row.problems:
            raise malformed("json", f"record {row.number}: {row.problems[0].parameters['detail']}")
        yield row.fields


def _opened(path: Path, form: str) -> BinaryIO:
    try:
        if not S_ISREG(path.stat().st_mode):
            raise malformed(form, f"{path.name} cannot be opened (it is no file)")
        file = path.open("rb")
    except OSError as error:
        raise malformed(form, f"{path.name} cannot be opened ({error.strerror})") from None
    try:
        if form in READ_AS_A_WHOLE:
            check_whole(form, path.stat().st_size)
    except Rejected:
        file.close()
        raise
    return file


def _closing(file: BinaryIO, rows: Iterator[Row]) -> Iterator[Row]:
    with file:
        yield from rows


def _json_rows(file: BinaryIO, encoding: str) -> Iterator[NationalRow]:
    value = parse_json(decoded(file.read(MAX_FILE_BYTES + 1), encoding))
    records = value.get(RECORDS) if isinstance(value, dict) else value
    if not isinstance(records, list):
        raise malformed("json", f'an array of records, or an object with "{RECORDS}", is expected')
    for number, record in enumerate(records, start=1):
        yield _object_row(number, record)


def _jsonl_rows(file: BinaryIO, encoding: str) -> Iterator[NationalRow]:
    lines = Lines(file, encoding, ends="\n")
    for line in lines:
        lines.taken = 0
        if line.strip():
            yield _line_row(lines.number, line)


def _line_row(number: int, line: str) -> NationalRow:
    try:
        return _object_row(number, parse_json(line))
    except Rejected as error:
        fault = problem("malformed_record", detail=error.parameters["detail"])
        return NationalRow(number, {UNREADABLE: line[:SHOWN_CHARACTERS].rstrip("\r\n")}, (fault,))


def _object_row(number: int, record: Any) -> NationalRow:
    if isinstance(record, Mapping):
        return NationalRow(number, record)
    fault = problem("malformed_record", detail="an object with names and values is expected")
    return NationalRow(number, {UNREADABLE: str(record)[:SHOWN_CHARACTERS]}, (fault,))


READ_AS_A_WHOLE = frozenset({"json", "xlsx"})
READERS: Mapping[str, Callable[[BinaryIO, NationalMapping], Iterator[NationalRow]]] = MappingProxyType(
    {
        "csv": csv_rows,
        "xlsx": xlsx_rows,
        "xml": xml_records,
        "json": lambda file, mapping: _json_rows(file, mapping.encoding),
        "jsonl": lambda file, mapping: _jsonl_rows(file, mapping.encoding),
    }
)
