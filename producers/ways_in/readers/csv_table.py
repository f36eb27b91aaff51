"""CSV files, as a stream. It changes with how tables are written as text."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from producers.ways_in.json_text import malformed
from producers.ways_in.readers.streams import Lines
from producers.ways_in.readers.tables import Cells, table_rows


def csv_rows(file: BinaryIO, mapping: NationalMapping) -> Iterator[NationalRow]:
    """Rows of a CSV file; raises Rejected for what is wrong with the file as a whole."""
    return table_rows(_numbered(file, mapping), mapping)


def _numbered(file: BinaryIO, mapping: NationalMapping) -> Iterator[tuple[int, Cells]]:
    lines = Lines(file, mapping.encoding)
    number = 0
    try:
        for number, cells in enumerate(csv.reader(lines, delimiter=mapping.delimiter, strict=True), start=1):
            lines.taken = 0
            yield number, cells
    except csv.Error as error:
        raise malformed("csv", f"row {number + 1}: {error}") from None
