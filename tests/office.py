"""Workbooks and XML as an office makes them, for tests: rows of a table in other clothes."""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook

from intake_cases import MAPPING

XLSX_MAPPING = MAPPING.replace('format = "csv"', 'format = "xlsx"').replace("zaplene*.csv", "zaplene*.xlsx")
XML_MAPPING = (
    MAPPING.replace('format = "csv"', 'format = "xml"')
    .replace("zaplene*.csv", "zaplene*.xml")
    .replace("[record]", '[record]\nelement = "izvoz/predmeti/predmet"')
)


def workbook(rows: Sequence[Sequence[Any]], change: Callable[[Any], None] | None = None) -> bytes:
    """An XLSX file with one sheet of these rows; ``change`` may do more to the sheet."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    if change:
        change(sheet)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def xml_export(records: Sequence[Mapping[str, str]], encoding: str = "utf-8") -> bytes:
    """An XML export with an element for each column."""
    written = "".join(
        "<predmet>" + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in record.items()) + "</predmet>\n"
        for record in records
    )
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<izvoz><predmeti>\n{written}</predmeti></izvoz>'
    return text.encode(encoding)
