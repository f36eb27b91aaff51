"""Workbooks become rows as their clerk sees them."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest

from intake_cases import NOW, ROW, mapping_of
from office import XLSX_MAPPING, workbook
from producers.mapping.grouping import group
from producers.mapping.harmonise import harmonise
from producers.mapping.mapping import NationalMapping
from producers.ways_in.files import rows_of
from schemas.errors import Rejected

HEADER = list(ROW)


@pytest.fixture
def xlsx(tmp_path: Path) -> NationalMapping:
    return mapping_of(tmp_path, XLSX_MAPPING)


def cells(**changed: Any) -> list[Any]:
    return list({**{name: value or None for name, value in ROW.items()}, **changed}.values())


def rejected(content: bytes, mapping: NationalMapping) -> Rejected:
    with pytest.raises(Rejected) as caught:
        list(rows_of(content, mapping))
    return caught.value


def test_a_sheet_gives_the_rows_that_its_csv_would(xlsx: NationalMapping) -> None:
    rows = list(rows_of(workbook([HEADER, cells(), [], cells(PREDMET="KU-2")]), xlsx))
    assert [row.number for row in rows] == [2, 4]
    assert rows[0].fields == ROW
    assert not rows[1].problems


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12, "12"),
        (12.0, "12"),
        (2.5, "2,5"),
        (True, "true"),
        (date(2026, 2, 14), "14.02.2026"),
        (datetime(2026, 2, 14, 6, 45), "14.02.2026 06:45"),  # noqa: DTZ001  # cells have no zone
        (time(6, 45, 7), "06:45:07"),
        (123456789012345678, "1,23457E+17"),
        ("  a\n b ", "a b"),
    ],
)
def test_a_cell_is_the_text_that_its_clerk_sees(xlsx: NationalMapping, value: Any, text: str) -> None:
    (row,) = rows_of(workbook([HEADER, cells(MARKA=value)]), xlsx)
    assert row.fields["MARKA"] == text


def test_zeros_that_a_format_shows_are_kept(xlsx: NationalMapping) -> None:
    def form(sheet: Any) -> None:
        sheet.cell(2, HEADER.index("BROJ") + 1).number_format = "000000"

    (row,) = rows_of(workbook([HEADER, cells(BROJ=4377)], form), xlsx)
    assert row.fields["BROJ"] == "004377"


def test_a_date_cell_fits_the_mappings_dates(xlsx: NationalMapping) -> None:
    content = workbook([HEADER, cells(DATUM=date(2026, 2, 14), VREME=time(6, 45), KOM=2)])
    (record,) = group(xlsx, "RS", rows_of(content, xlsx))
    made = harmonise(xlsx, record, NOW)
    assert made.problems == ()
    assert made.fields["occurred"]["at"] == "2026-02-14T05:45:00.000Z"
    assert made.fields["items"][0]["quantity"] == 2


@pytest.mark.parametrize("value", ["1,23E+05", "1E+05", 123456789012345678, date(2026, 5, 12)])
def test_a_serial_that_a_spreadsheet_rewrote_names_column_and_row(xlsx: NationalMapping, value: Any) -> None:
    (record,) = group(xlsx, "RS", rows_of(workbook([HEADER, cells(BROJ=value)]), xlsx))
    (found,) = harmonise(xlsx, record, NOW).problems
    assert (found.code, found.parameters["column"], found.parameters["row"]) == ("rewritten_number", "BROJ", "2")


def test_a_serial_that_lost_its_zeros_names_column_and_row(tmp_path: Path) -> None:
    text = XLSX_MAPPING.replace('column = "BROJ", empty', 'column = "BROJ", digits = 6, empty')
    mapping = mapping_of(tmp_path, text)
    for value, codes in ((4377, ["lost_zeros"]), (104377, []), ("A-437", []), ("004377", [])):
        (record,) = group(mapping, "RS", rows_of(workbook([HEADER, cells(BROJ=value)]), mapping))
        found = harmonise(mapping, record, NOW).problems
        assert [one.code for one in found] == codes
        assert all((one.parameters["column"], one.parameters["row"]) == ("BROJ", "2") for one in found)


def test_a_formula_that_went_wrong_names_column_and_row(xlsx: NationalMapping) -> None:
    (record,) = group(xlsx, "RS", rows_of(workbook([HEADER, cells(MARKA="#REF!", IZVOZ="#N/A")]), xlsx))
    (found,) = harmonise(xlsx, record, NOW).problems
    assert (found.code, found.parameters["column"], found.parameters["row"]) == ("malformed_value", "MARKA", "2")


def test_a_sheet_is_found_by_its_name_whatever_its_capitals(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, XLSX_MAPPING.replace("decimal_comma", 'sheet = "Zaplene"\ndecimal_comma'))

    def two(sheet: Any) -> None:
        sheet.title = "Uputstvo"
        second = sheet.parent.create_sheet("ZAPLENE")
        second.append(HEADER)
        second.append(cells())

    assert len(list(rows_of(workbook([["read me"]], two), mapping))) == 1
    found = rejected(workbook([HEADER]), mapping)
    assert (found.code, found.parameters["nearest"]) == ("missing_sheet", "Sheet")


def test_merged_header_cells_name_every_column_that_they_cover(tmp_path: Path) -> None:
    text = XLSX_MAPPING.replace("decimal_comma", "header_row = 2\nheader_rows = 2\ndecimal_comma")
    text = text.replace('"MARKA"', '"ORUŽJE MARKA"').replace('"BROJ"', '"ORUŽJE BROJ"')
    mapping = mapping_of(tmp_path, text)
    make, serial = HEADER.index("MARKA") + 1, HEADER.index("BROJ") + 1
    above = ["" if name in {"MARKA", "BROJ"} else name for name in HEADER]
    above[make - 1] = "ORUŽJE"
    below = [name if name in {"MARKA", "BROJ"} else None for name in HEADER]

    def merge(sheet: Any) -> None:
        sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=13)
        sheet.merge_cells(start_row=2, end_row=2, start_column=make, end_column=serial)
        for place in range(1, len(HEADER) + 1):
            if place not in {make, serial}:
                sheet.merge_cells(start_row=2, end_row=3, start_column=place, end_column=place)

    (row,) = rows_of(workbook([["Izvoz"], above, below, cells()], merge), mapping)
    assert row.number == 4
    assert row.fields["ORUŽJE MARKA"] == ROW["MARKA"]
    assert row.fields["ORUŽJE BROJ"] == ROW["BROJ"]
    assert row.fields["PREDMET"] == ROW["PREDMET"]


@pytest.mark.parametrize("keep", [0, 10, 1000, -100, -10])
def test_a_workbook_that_was_cut_off_is_one_sentence(xlsx: NationalMapping, keep: int) -> None:
    found = rejected(workbook([HEADER, cells()])[:keep], xlsx)
    assert found.code == "malformed_file"
    assert "no whole workbook" in found.parameters["detail"]


def repacked(content: bytes, folder: Path, part: str, inside: bytes, method: int = ZIP_DEFLATED) -> bytes:
    """The workbook with another content of one part."""
    source, target = folder / "source.xlsx", folder / "target.xlsx"
    source.write_bytes(content)
    with ZipFile(source) as old, ZipFile(target, "w", method) as new:
        for name in old.namelist():
            new.writestr(name, inside if name == part else old.read(name))
        if part not in old.namelist():
            new.writestr(part, inside)
    return target.read_bytes()


SHEET = "xl/worksheets/sheet1.xml"
OPEN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        (OPEN + b"<row>" + b"<c/>" * 200_000, "unpacks_too_large"),
        (OPEN + b"<row><c><v>" + b"1" * 2_000_000, "line_too_long"),
        (OPEN + b"<row><c a='" + b"1" * 2_000_000, "line_too_long"),
        (OPEN + b"<row r='99999999999'/>", "malformed_file"),
        (OPEN + b"<row><c r='AAAAAAAAAA1'/>", "malformed_file"),
        (b"<a>" * 100, "malformed_file"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + OPEN, "document_type"),
        (b"<worksheet", "malformed_file"),
        (b"", "malformed_file"),
    ],
)
def test_a_sheet_beyond_its_bounds_is_one_sentence(
    xlsx: NationalMapping, tmp_path: Path, inside: bytes, code: str
) -> None:
    assert rejected(repacked(workbook([HEADER]), tmp_path, SHEET, inside), xlsx).code == code


def test_too_many_or_too_large_parts_are_not_unpacked(xlsx: NationalMapping, tmp_path: Path) -> None:
    large = repacked(workbook([HEADER]), tmp_path, "xl/sharedStrings.xml", b" " * (33 * 1024 * 1024))
    assert rejected(large, xlsx).code == "unpacks_too_large"
    many = tmp_path / "many.xlsx"
    with ZipFile(many, "w") as archive:
        for number in range(2_001):
            archive.writestr(f"{number}", b"")
    assert rejected(many.read_bytes(), xlsx).code == "unpacks_too_large"
    odd = repacked(workbook([HEADER]), tmp_path, "other.bin", b"x", ZIP_BZIP2)
    assert "packed in a way" in rejected(odd, xlsx).parameters["detail"]


def test_a_table_of_ten_thousand_columns_is_one_sentence(xlsx: NationalMapping) -> None:
    found = rejected(workbook([[f"K{n}" for n in range(10_000)]]), xlsx)
    assert (found.code, found.parameters["count"]) == ("too_many_columns", "10000")
