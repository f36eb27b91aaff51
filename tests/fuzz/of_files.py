"""Targets: what national systems hand in, as files and as JSON. It changes when another form is read."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from fuzz.target import Octets, Target, edited, outcome
from intake_cases import CODE_LISTS, ID_KEY, MAPPING, NOW, ROW, directory, mapping_of
from office import XLSX_MAPPING, XML_MAPPING, workbook, xml_export
from producers.intake.assemble import Identity
from producers.intake.checks import Standards
from producers.intake.judging import look_at
from producers.intake.submission import Entrance, national_submission
from producers.mapping.files import load_mapping
from producers.mapping.grouping import group
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from producers.ways_in.bodies import national_rows, read_body, row_object
from producers.ways_in.files import rows_of
from producers.ways_in.json_text import parse_json
from schemas.errors import Misconfigured, Rejected
from schemas.messages.sentences import message
from schemas.rejection import Problem, problem
from schemas.wire.codec import decode, encode

ROWS = [ROW, {**ROW, "RB": "2", "KOM": "3", "NAVLAKA": "A-1"}, {**ROW, "PREDMET": "KU-18", "VRSTA": "top"}]
PROBLEM = {"code": "malformed_record", "parameters": {"detail": "x"}}
MARKED = json.dumps([{**ROW, "@row": 7, "@problems": [PROBLEM]}]).encode()
AT_THE_DOOR = Entrance("file", "fuzz")
STANDARDS = Standards("RS", directory(), CODE_LISTS)
IDENTITY = Identity("RS", ID_KEY, exercise=True)
LANGUAGES = ("en", "sr-Cyrl", "sq")
PARTS = ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml")


def texts(form: str, encoding: str) -> str:
    """The mapping's text for another form and encoding."""
    base = {"xlsx": XLSX_MAPPING, "xml": XML_MAPPING}.get(form, MAPPING)
    return base.replace('format = "csv"', f'format = "{form}"').replace("cp1250", encoding)


@cache
def mapping(form: str, encoding: str = "utf-8") -> NationalMapping:
    """A mapping that reads files of a form."""
    with tempfile.TemporaryDirectory() as folder:
        return mapping_of(Path(folder), texts(form, encoding))


def csv_text() -> str:
    return "\n".join(";".join(row) for row in (list(ROW), *(row.values() for row in ROWS))) + "\n"


@cache
def good(form: str, encoding: str = "utf-8") -> bytes:
    """A file with right and wrong rows."""
    if form == "xlsx":
        return workbook([list(ROW), *(list(row.values()) for row in ROWS)])
    if form == "xml":
        return xml_export(ROWS)
    lines = {
        "csv": csv_text(),
        "jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS),
        "json": json.dumps(ROWS, ensure_ascii=False),
    }
    return lines[form].replace("С", "C").encode(encoding)  # noqa: RUF001  # no Cyrillic in every encoding


def run_file(form: str, encodings: Sequence[str], data: bytes) -> None:
    """A file is rejected with one sentence, or each of its records is an event or has its reasons."""
    octets = Octets(data)
    encoding = octets.pick(encodings)
    content = edited(good(form, encoding), octets) if octets.number(4) else octets.rest()
    judge(content, mapping(form, encoding))


def run_mapping(data: bytes) -> None:
    """A mapping file is refused with what is wrong and where, or reads files as its member says."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rs-zaplene.toml"
        path.write_bytes(edited(MAPPING.encode(), Octets(data)))
        found = outcome(lambda: load_mapping(path, CODE_LISTS), Misconfigured)
    if isinstance(found, Misconfigured):
        check_text(str(found))
    else:
        judge(good("csv", "cp1250"), found)


def run_sheet(data: bytes) -> None:
    """The same for a workbook that is whole, whatever its parts say."""
    octets = Octets(data)
    changed = octets.pick(PARTS)
    written = BytesIO()
    with ZipFile(BytesIO(good("xlsx"))) as old, ZipFile(written, "w", ZIP_STORED) as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, edited(part, octets) if name == changed else part)
    judge(written.getvalue(), mapping("xlsx"))


def judge(content: bytes, by: NationalMapping) -> None:
    """Read a file and look at every record in it."""
    rows = outcome(lambda: list(rows_of(content, by)), Rejected)
    if isinstance(rows, Rejected):
        check_rejected(rows)
        return
    for record in group(by, "RS", rows):
        submission = national_submission(by, record, AT_THE_DOOR, NOW)
        judged = look_at(submission, IDENTITY, STANDARDS, NOW)
        assert judged.event is not None or judged.problems
        check_text(json.dumps(submission.kept, ensure_ascii=False))
        for found in (*judged.problems, *judged.warnings):
            check_problem(found)
        if judged.event is not None and not judged.problems:
            assert decode(encode(judged.event))[1] == judged.event


def check_rejected(error: Rejected) -> None:
    """One sentence, for people and for programs."""
    check_problem(problem(error.code, **error.parameters))
    check_text(str(error))


def check_problem(found: Problem) -> None:
    """It has its sentence in every language, and can be kept."""
    check_text(json.dumps(found.parameters, ensure_ascii=False))
    for language in LANGUAGES:
        check_text(message(found, language))


def check_text(text: str) -> None:
    """It can be written: no half of a surrogate pair is in it."""
    assert text.encode()


def run_json(data: bytes) -> None:
    """JSON is one value, which is read back from what is written of it, or is rejected with its place."""
    octets = Octets(data)
    text = (edited(good("json"), octets) if octets.number(2) else octets.rest()).decode(errors="replace")
    value = outcome(lambda: parse_json(text), Rejected)
    if isinstance(value, Rejected):
        check_rejected(value)
        return
    check_text(json.dumps(value, ensure_ascii=False))
    assert parse_json(json.dumps(value)) == value


def run_body(data: bytes) -> None:
    """The body of a request is records or is rejected; a row with its marks is the same row again."""
    octets = Octets(data)
    media_type = octets.pick(("application/json", "application/x-ndjson", "text/plain"))
    content = edited(octets.pick((good("json"), good("jsonl"), MARKED)), octets)
    body = outcome(lambda: read_body(content, media_type), Rejected)
    rows = body if isinstance(body, Rejected) else outcome(lambda: national_rows(body.records), Rejected)
    if isinstance(rows, Rejected):
        check_rejected(rows)
        return
    assert national_rows([row_object(row) for row in rows]) == tuple(map(_whole, rows))


def _whole(row: NationalRow) -> NationalRow:
    return NationalRow(row.number, dict(row.fields), row.problems)


def plain() -> Sequence[bytes]:
    """Nothing changed, and a little of everything."""
    return [b"", b"\x00\x01", b"\x00\x00{}", b"\x00\x01" + bytes(range(40)), bytes([1] * 30)]


WORDS: Mapping[str, Sequence[bytes]] = {
    "csv": (b'"', b";", b"\r\n", b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"=1+1"),
    "json": (b"1e400", b"-0", b"NaN", b"\\ud800", b"[" * 30, b'{"a":1,"a":2}', b"9" * 40, b"null", b'"@row":'),
    "xml": (b"<!DOCTYPE", b"<!ENTITY", b"&amp;", b"&#0;", b"<![CDATA[", b"xmlns:a='b'", b'<?xml encoding="utf-7"?>'),
    "mapping": (
        b"[" * 30,
        b'"utf-16"',
        b'"%Y"',
        b'constant = "x"',
        b"number = true",
        b"a.b.c = 1",
        b"9" * 30,
        b"1e999",
    ),
    "sheet": (b't="s"', b't="b"', b't="e"', b't="d"', b"<f>", b'r="A1048577"', b's="99999"', b"<mergeCell ", b"1E+400"),
}
FORMS: Mapping[str, Sequence[str]] = {
    "csv": ("cp1250", "utf-8", "utf-16"),
    "jsonl": ("utf-8", "cp1250"),
    "json": ("utf-8", "utf-16"),
    "xlsx": ("utf-8",),
    "xml": ("utf-8",),
}


def _file_target(form: str) -> Target:
    run: Callable[[bytes], None] = partial(run_file, form, FORMS[form])
    return Target(f"file-{form}", run, plain, WORDS.get(form, WORDS["json"]))


TARGETS = (
    *(_file_target(form) for form in FORMS),
    Target("mapping", run_mapping, plain, WORDS["mapping"]),
    Target("sheet", run_sheet, plain, WORDS["sheet"]),
    Target("json", run_json, plain, WORDS["json"]),
    Target("body", run_body, plain, WORDS["json"]),
)
