"""Large and bad files: each is read, or rejected with one clear sentence, in bounded memory and time."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from intake_cases import MAPPING, ROW, written_mapping
from office import XLSX_MAPPING, XML_MAPPING, workbook
from source_tree import ROOT

MEBIBYTE = 1024 * 1024
MOST_MIB = 300
DEADLINE_S = 240
HEADER = ";".join(ROW) + "\n"
LINE = ";".join({**ROW, "BROJ": "C-41377"}.values()) + "\n"
JSONL_MAPPING = MAPPING.replace('format = "csv"', 'format = "jsonl"').replace("cp1250", "utf-8")


def read_apart(path: Path, mapping: str) -> dict[str, Any]:
    """What became of a file in a process of its own that may take no more than a bounded time."""
    written = written_mapping(path.parent, mapping)
    done = subprocess.run(  # noqa: S603  # our own script and files of this test
        [sys.executable, ROOT / "tests" / "reading_apart.py", path, written],
        check=True,
        capture_output=True,
        timeout=DEADLINE_S,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}"},
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def table(path: Path, size: int, line_of: Callable[[int], str] = lambda n: LINE.replace("KU-17/26", f"KU-{n}")) -> int:
    """Write a table of about so many bytes; returns its rows."""
    rows = written = 0
    with path.open("w", encoding="cp1250", newline="") as file:
        file.write(HEADER)
        while written < size:
            written += file.write(line_of(rows))
            rows += 1
    return rows


def test_fifty_megabytes_are_read_in_flat_memory_wherever_the_rows_of_a_record_stand(tmp_path: Path) -> None:
    path = tmp_path / "zaplene.csv"
    chance = random.Random(7)
    long = "x" * 400

    def line(_: int) -> str:
        key = f"KU-{chance.randrange(40_000)}"
        return LINE.replace("KU-17/26", key).replace("Zastava M57", long)

    rows = table(path, 50 * MEBIBYTE, line)
    told = read_apart(path, MAPPING)
    assert told["fault"] == ""
    assert rows > 80_000
    assert 30_000 < told["counts"]["accepted"] <= 40_000
    assert told["peak_mib"] < MOST_MIB


@dataclass(frozen=True, slots=True)
class Bad:
    """A bad file: its name, the mapping that reads it, how it is made, and what is said of it."""

    name: str
    mapping: str
    make: Callable[[Path], object]
    said: str


def sparse(path: Path) -> None:
    """Five gigabytes that take no room on the disk."""
    path.write_text(HEADER, encoding="cp1250")
    os.truncate(path, 5 * 1024 * MEBIBYTE)


def one_long_line(path: Path) -> None:
    with path.open("wb") as file:
        file.write(HEADER.encode("cp1250"))
        for _ in range(200):
            file.write(b"x" * MEBIBYTE)


def zip_bomb(path: Path) -> None:
    """A workbook of some hundred kilobytes with a sheet of 200 MB in one row."""
    source = path.with_name("source.xlsx")
    source.write_bytes(workbook([list(ROW)]))
    with ZipFile(source) as old, ZipFile(path, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != "xl/worksheets/sheet1.xml":
                new.writestr(name, old.read(name))
        with new.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(
                b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>'
            )
            for _ in range(200):
                sheet.write(b"<c/>" * (MEBIBYTE // 4))


def huge_bomb(path: Path) -> None:
    """Parts that declare more than any workbook holds."""
    with ZipFile(path, "w", ZIP_DEFLATED) as new, new.open("xl/worksheets/sheet1.xml", "w") as sheet:
        for _ in range(300):
            sheet.write(b" " * MEBIBYTE)


def entities(path: Path) -> None:
    levels = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    path.write_text(f'<!DOCTYPE x [<!ENTITY e0 "ha">{levels}]><izvoz>&e9;</izvoz>', encoding="utf-8")


def mixed_encodings(path: Path) -> None:
    lines = LINE.replace("Zastava", "Застава").encode() + LINE.replace("Granična", "Granična").encode("cp1250")
    path.write_bytes(HEADER.encode() + lines)


BAD = [
    Bad("zaplene.xlsx", XLSX_MAPPING, lambda p: p.write_bytes(workbook([list(ROW)])[:3_000]), "no whole workbook"),
    Bad("zaplene.xlsx", XLSX_MAPPING, zip_bomb, "elements, more than"),
    Bad("zaplene.xlsx", XLSX_MAPPING, huge_bomb, "bytes, more than the 268435456 bytes"),
    Bad("zaplene.xlsx", XLSX_MAPPING, sparse, "a file of format xlsx may be"),
    Bad("zaplene.xml", XML_MAPPING, entities, "document type"),
    Bad("zaplene.csv", MAPPING, sparse, "Line 2 is longer than"),
    Bad("zaplene.csv", MAPPING, one_long_line, "Line 2 is longer than"),
    Bad("zaplene.jsonl", JSONL_MAPPING, one_long_line, "Line 2 is longer than"),
    Bad("zaplene.xml", XML_MAPPING, one_long_line, "malformed|syntax error|not well-formed"),
    Bad("zaplene.csv", MAPPING, lambda p: p.write_text(";".join(f"K{n}" for n in range(10_000))), "10000 columns"),
    Bad("zaplene.csv", MAPPING.replace("cp1250", "utf-8"), mixed_encodings, "is not utf-8: byte"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.name}-{bad.said[:12]}")
def test_a_bad_file_is_one_clear_sentence_in_bounded_memory_and_time(tmp_path: Path, bad: Bad) -> None:
    path = tmp_path / bad.name
    bad.make(path)
    told = read_apart(path, bad.mapping)
    assert any(said in told["fault"] for said in bad.said.split("|")), told["fault"]
    assert "\n" not in told["fault"]
    assert told["counts"] == {}
    assert told["peak_mib"] < MOST_MIB
