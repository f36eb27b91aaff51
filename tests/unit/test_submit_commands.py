"""Submitting files, listing what was rejected, and API keys, from the command line."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from re import sub
from typing import cast

import pytest
from openpyxl import load_workbook
from rich.console import Console

from asgi import client_of
from intake_cases import CODE_LISTS, MAPPING, NOW, ROW, seizure, written_mapping
from interfocal.clock import now
from interfocal.commands.main import run
from interfocal.commands.submit import region_mappings, watched
from interfocal.installation.endpoints import Endpoint, producer_endpoint, write_endpoints
from interfocal.installation.enrolment import Enrolment
from interfocal.installation.installation import Places
from interfocal.installation.region_folder import open_region
from interfocal.limits import EXERCISE_NOTICE
from interfocal.member import intake as members_intake
from interfocal.member.submitting import Handing
from producers.intake.intake import Intake
from producers.intake.result import Result
from producers.mapping.files import load_mappings
from producers.outbox import OutboxFile
from producers.ways_in.api_keys import KeyFiles
from producers.ways_in.http import create_app
from producers.ways_in.python_call import Exchange

DIRECTORY = """
region = "test"
title = "Test"
exercise = true
[[members]]
code = "RS"
name = "Serbia"
languages = ["sr-Cyrl", "sq"]
[[members]]
code = "BA"
name = "Bosnia and Herzegovina"
"""
ENGLISH = "KOM: dva is not a number."
CYRILLIC = "KOM: dva није број."  # noqa: RUF001  # Serbian
HEADER = ";".join(ROW)
LINE = ";".join(ROW.values()).replace(ROW["BROJ"], "C-41?377")


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """An enrolled installation of a small region, with the address of RS's producer."""
    region = tmp_path / "region"
    (region / "mappings").mkdir(parents=True)
    (region / "directory.toml").write_text(DIRECTORY, encoding="utf-8")
    written_mapping(region / "mappings")
    missing = (
        MAPPING.partition("[items]")[0].replace('"seizure"', '"missing"').replace("agency = {", "absent_agency = {")
    )
    lines = [line for line in missing.splitlines() if not line.startswith(("absent_agency", '"place.'))]
    both = "\n".join([*lines, 'type = { constant = "stolen" }', 'state = { constant = "open" }'])
    both += '\nweapon_class = { constant = "pistol" }\n"marks.make" = "MARKA"\n'
    written_mapping(region / "mappings", both.replace("zaplene*", "oboje*"), "rs-ukradeno")
    Enrolment(tmp_path / "var", open_region(region), now()).run()
    write_endpoints(tmp_path / "var", {"producers": {"RS": "http://intake"}})
    return tmp_path / "var"


@pytest.fixture
def intake(var: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Intake]:
    """RS's intake, which the commands reach without a socket."""
    places = Places(var)
    opened = Intake(
        member="RS",
        directory=Enrolment(var, open_region(var.parent / "region"), NOW).run(),
        id_key=bytes.fromhex((places.secrets("rs") / "id.key").read_text()),
        code_lists=CODE_LISTS,
        outbox=OutboxFile.open(places.outbox("rs"), now=now, min_free_bytes=0),
        now=lambda: NOW,
        mappings=load_mappings(var.parent / "region" / "mappings", CODE_LISTS),
    )
    app = create_app({"RS": opened}, KeyFiles({"RS": places.member("rs") / "api-keys.json"}).caller)

    def at(endpoint: Endpoint) -> Exchange:
        return Exchange(endpoint.url, endpoint.api_key.get_secret_value(), client_of(app))

    monkeypatch.setattr(members_intake, "intake_at", at)
    yield opened
    opened.outbox.close()


def submit(var: Path, path: Path, *more: str) -> int:
    return run(["submit", str(path), "--as", "rs", "--var", str(var), *more])


def csv_file(folder: Path, *lines: str, name: str = "zaplene.csv") -> Path:
    path = folder / name
    path.write_bytes("\n".join([HEADER, *lines]).encode("cp1250"))
    return path


def test_a_file_of_accepted_records_ends_well(
    var: Path, intake: Intake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = csv_file(tmp_path, LINE, LINE.replace("KU-17/26", "KU-18/26"))
    assert submit(var, path) == 0
    shown = capsys.readouterr()
    assert "zaplene.csv: 2 accepted" in shown.out
    assert EXERCISE_NOTICE in shown.err
    assert submit(var, path) == 0
    assert "2 unchanged" in capsys.readouterr().out
    assert len(list(intake.outbox.reading.all_rows())) == 2


@pytest.mark.usefixtures("intake")
def test_a_rejected_record_names_row_column_and_reason_and_is_listed(
    var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = csv_file(tmp_path, LINE, LINE.replace("KU-17/26", "KU-18/26").replace("Pištolj", "top\x1b[2J"), "short")
    assert submit(var, path) == 1
    out = capsys.readouterr().out
    assert "1 accepted, 2 rejected" in out
    assert "\x1b" not in out
    (line,) = [line for line in out.splitlines() if "VRSTA" in line]
    assert " 3 " in line
    assert "is not a code of the mapping" in line
    assert run(["rejected", "list", "--as", "RS", "--var", str(var)]) == 0
    listed = capsys.readouterr().out
    assert "VRSTA" in listed
    assert "2 rejected records" in listed
    assert run(["rejected", "show", "1", "--as", "RS", "--var", str(var)]) == 0
    shown = capsys.readouterr().out
    assert "MARKA" in shown
    assert "\x1b" not in shown
    assert run(["rejected", "show", "99", "--as", "RS", "--var", str(var)]) == 1


@pytest.mark.usefixtures("intake")
@pytest.mark.parametrize(
    ("asked", "sentence"),
    [((), CYRILLIC), (("--language", "sq"), "KOM: dva nuk është numër."), (("--language", "en"), ENGLISH)],
)
def test_a_rejection_is_told_in_the_members_first_language_or_the_one_asked_for(
    var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, ...], sentence: str
) -> None:
    submit(var, csv_file(tmp_path, LINE.replace("Pištolj;", "Pištolj;dva")))
    assert ENGLISH in capsys.readouterr().out
    whose = ["--as", "RS", "--var", str(var), *asked]
    for command in (["list"], ["show", "1"], ["list", "--json"], ["show", "1", "--json"]):
        assert run(["rejected", *command, *whose]) == 0
        assert sentence in capsys.readouterr().out
    path = tmp_path / "mend.xlsx"
    assert run(["rejected", "export", str(path), *whose]) == 0
    told = [cell.value for row in load_workbook(path)["rs-zaplene"].iter_rows() for cell in row]
    assert sentence in told


@pytest.mark.usefixtures("intake")
@pytest.mark.parametrize("command", [["list"], ["show", "1"], ["export", "mend.xlsx"]])
def test_a_language_without_messages_is_said(var: Path, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rejected", *command, "--as", "RS", "--var", str(var), "--language", "tlh"]) == 2
    assert "there are en, " in capsys.readouterr().err


@pytest.mark.usefixtures("intake")
def test_a_warning_is_shown_and_the_file_is_clean(
    var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(var, csv_file(tmp_path, LINE.replace(ROW["MARKA"], "Zastva"))) == 0
    told = capsys.readouterr().out
    assert "Did you mean Zastava?" in told
    assert "1 accepted" in told


@pytest.mark.usefixtures("intake")
def test_json_output_says_its_limits(var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert submit(var, csv_file(tmp_path, LINE, "short"), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["limits"] == [EXERCISE_NOTICE]
    assert told["files"][0]["counts"] == {"accepted": 1, "rejected": 1}
    assert told["files"][0]["results"][1]["rows"] == [3]
    assert run(["rejected", "list", "--as", "RS", "--var", str(var), "--json"]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert kept["limits"] == [EXERCISE_NOTICE]
    assert kept["rejected"][0]["source"] == "zaplene.csv"


def test_a_terminal_shows_bars_of_what_was_read(var: Path, tmp_path: Path) -> None:
    class Everything:
        def submit(self, _stream: str, rows: list[object], **_: object) -> list[Result]:
            return [Result(outcome="accepted", national_id="1", rows=(1,)) for _ in rows]

    handing = Handing(cast("Exchange", Everything()), "RS", region_mappings(var), {})
    told = StringIO()
    path = csv_file(tmp_path, LINE, LINE.replace("KU-17/26", "KU-18/26"))
    report = watched(handing, path, Console(file=told, force_terminal=True, width=160))
    assert report.counts == {"accepted": 2}
    shown = sub(r"\x1b\[[0-9;]*m", "", told.getvalue())
    assert f"bytes of zaplene.csv read {'━' * 40} {path.stat().st_size}" in shown
    assert "records handed over" in shown


def test_a_dry_run_keeps_nothing(var: Path, intake: Intake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert submit(var, csv_file(tmp_path, LINE), "--dry-run") == 0
    assert "nothing was kept" in capsys.readouterr().out
    assert list(intake.outbox.reading.all_rows()) == []


def test_one_file_may_hold_the_records_of_several_streams(var: Path, intake: Intake, tmp_path: Path) -> None:
    mappings = var.parent / "region" / "mappings"
    written_mapping(mappings, MAPPING.replace("zaplene*", "oboje*"), "rs-oboje")
    object.__setattr__(intake, "mappings", load_mappings(mappings, CODE_LISTS))
    assert submit(var, csv_file(tmp_path, LINE, name="oboje.csv")) == 0
    assert [row.draft.topic for row in intake.outbox.reading.all_rows()] == ["rs.seizure", "rs.missing"]


def test_a_long_file_goes_in_bulks_that_divide_no_record(var: Path, intake: Intake, tmp_path: Path) -> None:
    lines = [LINE.replace("KU-17/26", f"KU-{n % 300}").replace(";1;", f";{n};", 1) for n in range(600)]
    assert submit(var, csv_file(tmp_path, *lines)) == 0
    assert len(list(intake.outbox.reading.all_rows())) == 300


def test_harmonised_records_need_no_mapping(var: Path, intake: Intake, tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(json.dumps(seizure(national_id=str(n))) for n in range(3)), encoding="utf-8")
    assert submit(var, path, "--stream", "seizure") == 0
    assert len(list(intake.outbox.reading.all_rows())) == 3


@pytest.mark.usefixtures("intake")
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("zaplene.csv", b"\x81", "byte 1 does not fit"),
        ("zaplene.csv", b"A;B\n1;2\n", "has no column PREDMET"),
        ("popis.csv", b"", "There is no mapping for popis.csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert submit(var, path) == 1
    assert said in capsys.readouterr().out


def test_without_a_producer_the_command_says_what_to_start(
    var: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["submit", str(csv_file(tmp_path, LINE)), "--as", "BA", "--var", str(var)]) == 2
    assert "start one" in capsys.readouterr().err


def test_a_key_is_shown_once_and_ends_when_revoked(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = KeyFiles({"RS": Places(var).member("rs") / "api-keys.json"})
    assert run(["api-key", "add", "--as", "RS", "--system", "cms", "--var", str(var)]) == 0
    key = capsys.readouterr().out.strip()
    caller = files.caller(key)
    assert caller
    assert (caller.member, caller.system) == ("RS", "cms")
    assert run(["api-key", "list", "--as", "RS", "--var", str(var)]) == 0
    listed = capsys.readouterr().out
    assert "cms" in listed
    assert key not in listed
    assert key.encode() not in files.paths["RS"].read_bytes()
    assert run(["api-key", "revoke", "2", "--as", "RS", "--var", str(var)]) == 0
    assert files.caller(key) is None
    assert files.caller(producer_endpoint(var, "RS").api_key.get_secret_value())
    assert run(["api-key", "revoke", "7", "--as", "RS", "--var", str(var)]) == 2


def test_rejected_records_are_exported_mended_and_submitted_again(
    var: Path, intake: Intake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(var, csv_file(tmp_path, LINE.replace("14.02.2026", "14.32.2026")))
    path = tmp_path / "mend.xlsx"
    assert run(["rejected", "export", str(path), "--as", "rs", "--var", str(var)]) == 0
    assert run(["rejected", "export", str(path), "--as", "rs", "--var", str(var)]) == 2
    assert "--mapping rs-zaplene" in capsys.readouterr().out
    assert run(["rejected", "resubmit", "--all", "--as", "rs", "--var", str(var)]) == 1
    workbook = load_workbook(path)
    for row in workbook["rs-zaplene"].iter_rows():
        for cell in row:
            cell.value = "14.02.2026" if cell.value == "14.32.2026" else cell.value
    workbook.save(path)
    assert submit(var, path, "--mapping", "rs-zaplene") == 0
    assert intake.outbox.reading.rejected() == []
    assert run(["rejected", "resubmit", "--all", "--as", "rs", "--var", str(var)]) == 0
    assert run(["rejected", "resubmit", "--as", "rs", "--var", str(var)]) == 2
