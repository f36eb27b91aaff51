"""Sheets of an office's workbook, row by row, values only. It changes with what an office puts into cells.

A cell becomes the text that its clerk sees: a number with the zeros of its format, a date as dd.mm.yyyy.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from openpyxl import load_workbook

from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from producers.ways_in.json_text import malformed
from producers.ways_in.readers.bounds import not_readable
from producers.ways_in.readers.tables import Cells, table_rows
from producers.ways_in.readers.xlsx_bounds import examined
from schemas.errors import ExchangeError

SURE_DIGITS = 10**15
"""A spreadsheet keeps fifteen digits of a number; the rest is made up."""

ZEROS = re.compile(r"0{2,40}")
ERROR_CELL = "e"


def xlsx_rows(file: BinaryIO, mapping: NationalMapping) -> Iterator[NationalRow]:
    """Rows of the mapping's sheet, or of the first one.

    Raises Rejected: ``malformed_file``, ``unpacks_too_large``, ``missing_sheet`` and those of tables.
    """
    merges = examined(file)
    try:
        workbook = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheets = {sheet.title: sheet for sheet in workbook.worksheets}
    except Exception as error:  # noqa: BLE001  # the library answers a broken workbook with any error at all
        raise _no_workbook(error) from None
    try:
        sheet = _sheet(sheets, mapping.sheet)
        found = merges.get(str(sheet._worksheet_path).lstrip("/"), ())  # noqa: SLF001  # its only trace of the part
        yield from table_rows(_numbered(sheet, mapping), mapping, found)
    finally:
        workbook.close()


def _sheet(sheets: dict[str, Any], wanted: str) -> Any:
    if not sheets:
        raise malformed("xlsx", "it has no sheet with cells")
    if not wanted:
        return next(iter(sheets.values()))
    found = next((sheet for title, sheet in sheets.items() if title.strip().casefold() == wanted.casefold()), None)
    if found is None:
        raise not_readable("missing_sheet", sheet=wanted, nearest=", ".join(sheets))
    return found


def _numbered(sheet: Any, mapping: NationalMapping) -> Iterator[tuple[int, Cells]]:
    sheet.reset_dimensions()  # what a sheet says of its own size is often wrong
    width = 0
    rows = sheet.iter_rows()
    number = 0
    while True:
        try:
            row = next(rows, None)
        except ExchangeError:
            raise
        except Exception as error:  # noqa: BLE001  # as above
            raise _no_workbook(error) from None
        if row is None:
            return
        number += 1
        cells = _trimmed([cell_text(cell, decimal_comma=mapping.decimal_comma) for cell in row])
        # Cells that hold nothing are not in the file: a row is as long as its header.
        width = max(width, len(cells)) if number < mapping.header_row + mapping.header_rows else width
        yield number, [*cells, *[""] * (width - len(cells))]


def _trimmed(cells: Sequence[str]) -> Sequence[str]:
    length = len(cells)
    while length and not cells[length - 1].strip():
        length -= 1
    return cells[:length]


def cell_text(cell: Any, *, decimal_comma: bool) -> str:
    """What a clerk sees in a cell."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value, str(cell.number_format or ""), decimal_comma=decimal_comma)
    if isinstance(value, datetime | date | time | timedelta):
        return moment_text(value)
    return str(value) if cell.data_type == ERROR_CELL else " ".join(str(value).split())


def number_text(value: float, form: str, *, decimal_comma: bool) -> str:
    """A number as text: whole without a point, with the zeros of its format; 1,23457E+17 where digits are lost."""
    if abs(value) >= SURE_DIGITS:
        text = f"{value:.5E}"
    elif value == int(value):
        text = str(int(value))
        return text.zfill(len(form)) if ZEROS.fullmatch(form) and value >= 0 else text
    else:
        text = repr(value)
    return text.replace(".", ",") if decimal_comma else text


def moment_text(value: date | time | timedelta) -> str:
    """A date, or a date and time, as dd.mm.yyyy HH:MM; a time as HH:MM; with seconds where there are any."""
    if isinstance(value, timedelta):
        value = (datetime.min + value % timedelta(days=1)).time()  # noqa: DTZ901  # only its time of day is used
    clock = getattr(value, "second", 0)
    hours = "%H:%M:%S" if clock else "%H:%M"
    if isinstance(value, time):
        return value.strftime(hours)
    day = f"{value.day:02}.{value.month:02}.{value.year:04}"
    timed = isinstance(value, datetime) and value.time() != time()
    return f"{day} {value.strftime(hours)}" if timed else day


def _no_workbook(error: Exception) -> ExchangeError:
    return malformed("xlsx", f"it is no whole workbook ({type(error).__name__}); if it has a password, take it away")
