"""Tables: header and rows, whether a CSV file or a sheet brought them. It changes with how an office makes tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from producers.ways_in.json_text import malformed
from producers.ways_in.readers.bounds import MAX_COLUMNS, not_readable
from schemas.errors import Rejected
from schemas.rejection import Problem, problem

SHOWN_CHARACTERS = 200

SHEET_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"})
"""What a cell shows whose formula went wrong: never a value of the record."""

Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class Merge:
    """Cells that an office made one, from the upper left to the lower right one; all counted from 1."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """Texts that are no values, and the columns where that matters."""

    texts: frozenset[str]
    columns: frozenset[str]


def table_rows(
    numbered: Iterable[tuple[int, Cells]], mapping: NationalMapping, merges: Sequence[Merge] = ()
) -> Iterator[NationalRow]:
    """Rows of a table under the mapping's header; what is blank is left out.

    Raises Rejected: ``malformed_file`` (no header, a name twice), ``missing_column``, ``too_many_columns``.
    """
    last = mapping.header_row + mapping.header_rows - 1
    head: list[Cells] = []
    header: list[str] = []
    wrong = Wrong(SHEET_ERRORS - {*mapping.empty, *mapping.absent}, frozenset(mapping.columns))
    for number, cells in numbered:
        if number < mapping.header_row:
            continue
        if not header:
            head.append(_bounded(number, cells))
            header = _header(_names(head, mapping, merges), mapping) if number >= last else []
        elif any(cell.strip() for cell in cells):
            yield _row(number, header, cells, wrong)
    if not header:
        what = "the first row" if last == 1 else f"row {last}"
        raise malformed(mapping.format, f"it is empty; {what} has to name the columns")


def _bounded(number: int, cells: Cells) -> Cells:
    if len(cells) > MAX_COLUMNS:
        raise not_readable("too_many_columns", row=str(number), count=str(len(cells)), limit=str(MAX_COLUMNS))
    return cells


def _names(head: Sequence[Cells], mapping: NationalMapping, merges: Sequence[Merge]) -> list[str]:
    """Names of columns: of several header rows the parts, from above; a merged cell stands for all that it covers."""
    if len(head) == 1:
        return [cell.strip() for cell in head[0]]
    width = max(map(len, head))
    rows = [[cells[place].strip() if place < len(cells) else "" for place in range(width)] for cells in head]
    for merge in merges:
        _spread(rows, merge, mapping.header_row)
    columns = [[row[place] for row in rows if row[place]] for place in range(width)]
    return [" ".join(part for part, _ in groupby(column)) for column in columns]


def _spread(rows: list[list[str]], merge: Merge, first: int) -> None:
    """Write a merged cell's text into the cells of the header that it covers."""
    last = first + len(rows) - 1
    if not first <= merge.top <= last or merge.left > len(rows[0]):
        return
    text = rows[merge.top - first][merge.left - 1]
    # What reaches the last header row names its first column only: a name stands for one column.
    right = merge.left if merge.bottom >= last else min(merge.right, len(rows[0]))
    for number in range(merge.top, min(merge.bottom, last) + 1):
        for place in range(merge.left, right + 1):
            rows[number - first][place - 1] = text


def _header(written: Sequence[str], mapping: NationalMapping) -> list[str]:
    names = [name or f"column {place}" for place, name in enumerate(written, start=1)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise malformed(mapping.format, f"two columns are called {twice}")
    missing = [column for column in mapping.columns if column not in names]
    if missing:
        raise Rejected(
            f"the file has no column {', '.join(missing)}; it has {', '.join(names)[:SHOWN_CHARACTERS]}",
            code="missing_column",
            parameters={"column": ", ".join(missing), "mapping": mapping.name},
        )
    return names


def _row(number: int, header: Sequence[str], cells: Cells, wrong: Wrong) -> NationalRow:
    fields = dict(zip(header, cells, strict=False))
    if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
        detail = f"it has {len(cells)} cells where the header has {len(header)}"
        return NationalRow(number, fields, (problem("malformed_record", detail=detail),))
    if not wrong.texts.isdisjoint(cells):
        return NationalRow(number, fields, tuple(_error_cells(fields, wrong)))
    return NationalRow(number, fields)


def _error_cells(fields: Mapping[str, str], wrong: Wrong) -> Iterator[Problem]:
    detail = "the formula of this cell went wrong"
    for column, cell in fields.items():
        if cell in wrong.texts and column in wrong.columns:
            yield problem("malformed_value", field=column, value=cell, detail=detail, column=column)
