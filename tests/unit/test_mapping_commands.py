"""Writing a mapping from the command line: a skeleton, what is missing in it, and what records become."""

import json
import tomllib
from pathlib import Path

import pytest

from intake_cases import CODE_LISTS, MAPPING, NOW, ROW, mapping_of, written_mapping
from interfocal.clock import now
from interfocal.commands.main import run
from interfocal.installation.enrolment import Enrolment
from interfocal.installation.region_folder import open_region
from producers.mapping.files import load_mapping
from producers.mapping.grouping import group
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from producers.mapping.schema import SCHEMA_LINE, mapping_schema
from producers.mapping.trial import Findings, before_and_after, examine
from source_tree import ROOT

REGIONS = ROOT / "deploy" / "interfocal" / "regions"
FILES = sorted(REGIONS.glob("*/mappings/*.toml"))
DIRECTORY = """
region = "test"
title = "Test"
exercise = true
members = [{ code = "RS", name = "Serbia" }]
"""
HEADER = ";".join(ROW)
LINES = [
    ";".join({**ROW, "PREDMET": f"KU-{n}/26", "ORGAN": organ, "BROJ": f"C{n}", "RB": str(n)}.values())
    for n, organ in enumerate(["Carina", "Carina", "Granična policija"] * 3, start=1)
]


@pytest.fixture
def var(tmp_path: Path) -> Path:
    region = tmp_path / "region"
    (region / "mappings").mkdir(parents=True)
    (region / "directory.toml").write_text(DIRECTORY, encoding="utf-8")
    written_mapping(region / "mappings")
    Enrolment(tmp_path / "var", open_region(region), now()).run()
    return tmp_path / "var"


def export(folder: Path, *lines: str, name: str = "zaplene.csv") -> Path:
    path = folder / name
    path.write_bytes("\n".join([HEADER, *lines]).encode("cp1250", errors="replace"))
    return path


def command(var: Path, *words: object) -> int:
    return run(["mapping", *map(str, words), "--as", "rs", "--var", str(var)])


def findings(mapping: NationalMapping, *rows: dict[str, str]) -> Findings:
    numbered = [NationalRow(number, row) for number, row in enumerate(rows, start=2)]
    return examine(mapping, group(mapping, "RS", numbered), CODE_LISTS, NOW)


def test_the_schema_in_the_repository_is_that_of_the_model() -> None:
    there = (REGIONS / "mapping.schema.json").read_text(encoding="utf-8")
    assert json.loads(there) == mapping_schema(), "run: interfocal mapping schema > mapping.schema.json"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_mapping_says_where_its_schema_is(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == SCHEMA_LINE
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == REGIONS / "mapping.schema.json"


def test_the_schema_knows_every_key_of_every_mapping() -> None:
    schema = mapping_schema()
    assert "name" not in schema["properties"]
    for path in FILES:
        assert set(tomllib.loads(path.read_text(encoding="utf-8"))) <= set(schema["properties"])
    rule = schema["$defs"]["Rule"]["properties"]
    assert {"column", "with", "codes"} <= set(rule)
    assert all("description" in one for one in rule.values())
    assert all("description" in one for one in schema["properties"].values())


def test_a_new_mapping_is_valid_and_reads_its_file(
    var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = export(tmp_path, *LINES)
    for stream in ("seizure", "missing"):
        assert command(var, "new", path, "--stream", stream) == 0
        text = capsys.readouterr().out
        made = tmp_path / f"made-{stream}.toml"
        made.write_text(text, encoding="utf-8")
        mapping = load_mapping(made, CODE_LISTS)
        assert (mapping.encoding, mapping.delimiter, mapping.record.key) == ("cp1250", ";", ("PREDMET",))
        assert command(var, "check", path, "--mapping", made) == 0
        capsys.readouterr()
    assert '"Carina" = "?"' in text
    assert "C1" not in text
    assert "KU-1/26" not in text


def test_check_names_spellings_without_a_code_and_the_nearest(
    var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = export(tmp_path, LINES[0], LINES[1].replace("Carina", "Carinaa"))
    assert command(var, "check", path, "--json") == 1
    told = json.loads(capsys.readouterr().out)["mappings"]["rs-zaplene"]
    (unmapped,) = told["unmapped"]
    assert (unmapped["column"], unmapped["value"], unmapped["count"]) == ("ORGAN", "Carinaa", 1)
    assert unmapped["nearest"].startswith("Carina = customs")
    assert (told["clean"], told["records"]) == (1, 2)
    assert command(var, "check", path) == 1
    assert "Carinaa" in capsys.readouterr().out


def test_check_of_a_mapping_alone_says_what_is_wrong(
    var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(var, "check", written_mapping(tmp_path, MAPPING, "good")) == 0
    assert "fits the data set" in capsys.readouterr().out
    assert command(var, "check", written_mapping(tmp_path, MAPPING.replace('"customs"', '"custom"'), "bad")) == 2
    assert "nearest: customs" in capsys.readouterr().err


def test_try_shows_before_and_after_and_what_nobody_reads(
    var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(var, "try", export(tmp_path, *LINES), "--records", 1) == 0
    shown = capsys.readouterr().out
    assert "KU-1/26" in shown
    assert "KU-2/26" not in shown
    assert "border_police" not in shown
    assert "customs" in shown


def test_a_file_that_cannot_be_read_is_one_sentence(
    var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "zaplene-empty.csv"
    empty.write_bytes(b"")
    for name in ("check", "try", "new"):
        assert command(var, name, empty) == 2
        assert "zaplene-empty.csv" in capsys.readouterr().err
    assert command(var, "new", tmp_path / "x.pdf") == 2
    assert command(var, "check", tmp_path / "nobody.csv") == 2


def test_coverage_counts_items_for_their_fields(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path)
    told = findings(mapping, ROW, {**ROW, "RB": "2", "MARKA": ""})
    filled = {one.field: (one.filled, one.of) for one in told.coverage}
    assert told.records == 1
    assert filled["agency"] == (1, 1)
    assert filled["items[0].firearm.marks.make"] == (1, 2)


def test_columns_that_nobody_reads_are_named(tmp_path: Path) -> None:
    assert findings(mapping_of(tmp_path), {**ROW, "NAPOMENA": "x"}).unused == ("NAPOMENA",)


def test_every_value_of_a_record_stands_beside_its_column(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path)
    (record,) = group(mapping, "RS", [NationalRow(2, ROW)])
    made, changes = before_and_after(mapping, record, NOW)
    by_field = {one.field: one for one in changes}
    assert (by_field["agency"].before, by_field["agency"].after) == ("Granična policija", "border_police")
    assert by_field["occurred.at"].before == "14.02.2026 06:45"
    assert made.problems == ()
