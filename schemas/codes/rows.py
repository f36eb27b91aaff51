"""Rows of a contract table, from the text of its CSV file. It changes when the tables' outer form does."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Row:
    """One row; ``where`` names table and line, for messages."""

    where: str
    cells: Mapping[str, str]


def read_rows(table: str, text: str) -> tuple[Sequence[str], Sequence[Row]]:
    """Columns and rows of a table; raises Misconfigured where a row has not exactly the header's cells."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    columns: Sequence[str] = ()
    try:
        columns = next(reader, [])
        rows = [_row(f"{table}, line {reader.line_num}", columns, cells) for cells in reader if cells]
    except csv.Error as error:
        raise Misconfigured(f"{table}, line {reader.line_num}: {error}; see to the quotes there") from error
    return columns, rows


def _row(where: str, columns: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(columns):
        raise Misconfigured(
            f"{where}: {len(cells)} cells under {len(columns)} columns; the row needs as many cells as the header, "
            "so quote cells that hold a comma"
        )
    return Row(where, dict(zip(columns, cells, strict=True)))
