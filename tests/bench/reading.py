"""Large files through the readers: memory, and time beside a bare reader. It changes with the forms of files."""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from bench.figures import Figures, timed
from intake_cases import MAPPING, ROW, written_mapping
from office import XML_MAPPING
from source_tree import ROOT

MEBIBYTE = 1024 * 1024
MOST_MIB = 300
COLUMNS = ("form", "MiB", "records", "ours s", "bare reader s", "ours / bare", "peak MiB", f"at most {MOST_MIB} MiB")
NOTE = "Each record is grouped on disk and harmonised; the bare reader parses and forgets. Memory: the process's peak."
UTF_8 = MAPPING.replace("cp1250", "utf-8")


@dataclass(frozen=True, slots=True)
class Form:
    """A form of file: the mapping that reads it, one record, what stands around all records, and a bare reader."""

    mapping: str
    line_of: Callable[[int], str]
    bare: Callable[[Path], None]
    before: str = ""
    behind: str = ""


def measure(size_mib: int) -> Iterator[Figures]:
    """Read a file of this size in each form that is read as a stream, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [_row(name, Path(folder), size_mib * MEBIBYTE) for name in FORMS]
    yield Figures("Reading large files", COLUMNS, rows, NOTE)


def _row(name: str, folder: Path, size: int) -> tuple[object, ...]:
    form, path = FORMS[name], folder / f"zaplene.{name}"
    written = _write(path, size, form)
    bare_s, _ = timed(lambda: form.bare(path))
    ours_s, told = timed(lambda: _read_apart(path, form.mapping))
    path.unlink()
    peak = round(told["peak_mib"])
    held = "held" if peak <= MOST_MIB and not told["fault"] else f"missed {told['fault']}"
    return name, written // MEBIBYTE, sum(told["counts"].values()), ours_s, bare_s, ours_s / bare_s, peak, held


def _write(path: Path, size: int, form: Form) -> int:
    """Write records until the file has about this size; returns its size."""
    number = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        written = file.write(form.before)
        while written < size:
            written += file.write(form.line_of(number))
            number += 1
        file.write(form.behind)
    return path.stat().st_size


def _read_apart(path: Path, mapping: str) -> Mapping[str, Any]:
    done = subprocess.run(  # noqa: S603  # our own script and files of this benchmark
        [sys.executable, ROOT / "tests" / "reading_apart.py", path, written_mapping(path.parent, mapping)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
    )
    told: Mapping[str, Any] = json.loads(done.stdout)
    return told


def _record(number: int) -> dict[str, str]:
    return {**ROW, "PREDMET": f"KU-{number}", "BROJ": f"C-{number:06d}", "MARKA": "Zastava M57 " * 20}


def _csv_line(number: int) -> str:
    return ";".join(_record(number).values()) + "\n"


def _json_line(number: int) -> str:
    return json.dumps(_record(number), ensure_ascii=False) + "\n"


def _xml_element(number: int) -> str:
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in _record(number).items())
    return f"<predmet>{fields}</predmet>\n"


def _bare_csv(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        for _ in csv.reader(file, delimiter=";"):
            pass


def _bare_jsonl(path: Path) -> None:
    with path.open("rb") as file:
        for line in file:
            json.loads(line)


def _bare_xml(path: Path) -> None:
    with path.open("rb") as file:
        expat.ParserCreate().ParseFile(file)


FORMS: Mapping[str, Form] = {
    "csv": Form(UTF_8, _csv_line, _bare_csv, ";".join(ROW) + "\n"),
    "jsonl": Form(UTF_8.replace("csv", "jsonl"), _json_line, _bare_jsonl),
    "xml": Form(XML_MAPPING, _xml_element, _bare_xml, "<izvoz><predmeti>\n", "</predmeti></izvoz>\n"),
}
