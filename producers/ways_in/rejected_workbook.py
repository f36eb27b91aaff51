"""Rejected records as a workbook, to be mended by a clerk and handed in again. It changes with what she needs to see.

A sheet holds the records of one mapping, under the clerk's own columns; what is wrong stands in a column beside them,
which is no content when the sheet is read. Every cell is text: a spreadsheet keeps zeros and calculates nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from producers.intake.resubmit import numbered_fields
from producers.intake.submission import REASON_COLUMN
from producers.mapping.mapping import NationalMapping
from producers.outbox import Rejection
from producers.ways_in.readers.xlsx_bounds import examined
from schemas.errors import Rejected
from schemas.messages.sentences import WORKING_LANGUAGE, message

ENDING = ".xlsx"
SHEET_CHARACTERS = 31
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
CELL_CHARACTERS = 32_767


@dataclass(frozen=True, slots=True)
class Sheet:
    """The table of one mapping's rejected records."""

    mapping: NationalMapping
    columns: Sequence[str]
    rows: Sequence[Mapping[str, str]]


def sheet_name(mapping: str) -> str:
    """The name of a mapping's sheet; a spreadsheet allows no more characters."""
    return mapping[:SHEET_CHARACTERS]


def sheet_of(mapping: NationalMapping, rejections: Sequence[Rejection], language: str = WORKING_LANGUAGE) -> Sheet:
    """Rows of rejected records that were read with a mapping, in the order in which they were rejected."""
    rows = [row for kept in rejections for row in _rows(kept, language)]
    there = dict.fromkeys(column for row in rows for column in row if column != REASON_COLUMN)
    named = [column for column in mapping.columns if column in there or mapping.is_table]
    return Sheet(mapping, (*named, *(column for column in there if column not in named)), rows)


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write the sheets; raises OSError when the file cannot be written."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for sheet in sheets:
        page = workbook.create_sheet(sheet_name(sheet.mapping.name))
        header = [*sheet.columns, REASON_COLUMN]
        for number, row in enumerate([dict(zip(header, header, strict=True)), *sheet.rows], start=1):
            for place, column in enumerate(header, start=1):
                cell = page.cell(number, place)
                cell.number_format = "@"
                if text := UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", row.get(column, ""))[:CELL_CHARACTERS]:
                    cell.value = text
                    cell.data_type = "s"  # a value that begins with = is text as well
        page.freeze_panes = "A2"
    workbook.save(path)


def as_workbook(mapping: NationalMapping, path: Path) -> NationalMapping:
    """The mapping as it reads its own sheet of such a workbook; as it is for any other file. Raises Rejected."""
    if not (mapping.is_table and path.suffix.lower() == ENDING and _has_reasons(path, mapping)):
        return mapping
    sheet = {"format": "xlsx", "sheet": sheet_name(mapping.name), "header_row": 1, "header_rows": 1}
    return mapping.model_copy(update=sheet)


def _has_reasons(path: Path, mapping: NationalMapping) -> bool:
    try:
        with path.open("rb") as file:
            examined(file)
            workbook = load_workbook(file, read_only=True, keep_links=False)
            try:
                page = {sheet.title: sheet for sheet in workbook.worksheets}.get(sheet_name(mapping.name))
                header = next(iter(page.iter_rows(max_row=1, values_only=True)), ()) if page else ()
            finally:
                workbook.close()
    except Rejected:
        raise
    except Exception:  # noqa: BLE001  # the library answers a broken workbook with any error; its reader says which
        return False
    return REASON_COLUMN in header


def _rows(kept: Rejection, language: str) -> Iterator[Mapping[str, str]]:
    problems = kept.rejected.problems
    rows = list(numbered_fields(kept))
    numbers = {str(number) for number, _ in rows}
    for place, (number, fields) in enumerate(rows):
        found = [one for one in problems if one.parameters.get("row", "") == str(number)]
        found += [one for one in problems if place == 0 and one.parameters.get("row", "") not in numbers]
        reasons = "\n".join(dict.fromkeys(message(one, language) for one in found))
        yield {name: _text(value) for name, value in fields.items() if name != REASON_COLUMN} | {REASON_COLUMN: reasons}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
