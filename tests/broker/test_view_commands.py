"""The lists of the view and of the quarantine: filters, forms, footnotes."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from consumers.view.handler import ViewHandler
from interfocal.commands import quarantine, view
from interfocal.commands.main import build_app
from interfocal.installation.installation import Places
from interfocal.installation.settings import Settings
from looping import Bench, bench
from records import MARKS, Station, a_missing, a_seizure, an_item
from schemas.directory import Directory
from sealing import SEALED_AT

TOPICS = ["rs.seizure", "rs.missing", "al.seizure"]
DIRECTORY = Directory.model_validate(
    {
        "region": "test-region",
        "title": "Test",
        "version": 1,
        "exercise": True,
        "issued_at": SEALED_AT,
        "expires_at": SEALED_AT,
        "members": [{"code": "RS", "name": "RS"}, {"code": "AL", "name": "AL", "footnote": "* a note"}],
    }
)
PARTIAL = {
    **MARKS,
    "make": "ZASTAVA ARMS",
    "numbers": [{"place": "receiver", "as_read": "K 77-?2", "state": "partial"}],
}


@dataclass(frozen=True, slots=True)
class OpenedInstallation:
    """What the commands read of an installation."""

    region_url: str
    places: Places = field(default_factory=lambda: Places(Path(mkdtemp())))
    directory: Directory = DIRECTORY
    settings: Settings = field(default_factory=Settings)


@pytest.fixture
def at(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    opened = bench(database, TOPICS, handler=ViewHandler())
    for command in (view, quarantine):
        monkeypatch.setattr(command, "open_installation", lambda _: OpenedInstallation(database))
    fold_samples(opened)
    yield opened
    opened.close()


def fold_samples(at: Bench) -> None:
    pistol = {"weapon_class": "pistol", "action": None, "modification": None, "marks": PARTIAL}
    march = {"at": "2026-03-05T10:00:00.000Z", "offset_minutes": 60, "precision": "day"}
    rounds = {"kind": "cartridge", "calibre": "=1+1", "headstamp": None}
    ammunition = an_item("rounds", kind="ammunition", quantity=40, firearm=None, ammunition=rounds)
    Station("rs.seizure").put(
        at.log,
        a_seizure("case-1"),
        a_seizure("case-2", occurred=march, items=[an_item("p", firearm=pistol), ammunition]),
        a_seizure("case-3", status="retracted"),
        a_seizure("case-4", exercise=False),
    )
    Station("al.seizure").put(at.log, a_seizure("=case-5", member="AL"))
    Station("rs.missing").put(at.log, a_missing("gun-1"), a_missing("gun-2", state="recovered", marks=PARTIAL))
    at.log.write("rs.seizure", b"\xff", b"\x00\x00\x00\x00\x65\x01", (("na\x1bme", b"\x01"),))
    at.drain(at.loop())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), arguments)


def told(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    assert answer["limits"] == ["Exercise data only: nothing here may hold a real case."]
    return answer


def references(*arguments: str) -> list[str]:
    return sorted(row["reference"] for row in told("view", *arguments)["rows"])


@pytest.mark.usefixtures("at")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["seizures"], ["=case-5", "case-1", "case-2"]),
        (["seizures", "--retracted"], ["=case-5", "case-1", "case-2", "case-3"]),
        (["seizures", "--member", "al"], ["=case-5"]),
        (["seizures", "--class", "pistol"], ["case-2"]),
        (["seizures", "--make", "zastava arms"], ["case-2"]),
        (["seizures", "--serial", "c 41377"], ["=case-5", "case-1"]),
        (["seizures", "--serial", "S-41377"], ["=case-5", "case-1"]),
        (["seizures", "--serial", "?4*7"], ["=case-5", "case-1"]),
        (["seizures", "--serial", "C4137"], []),
        (["seizures", "--reference", "case-1"], ["case-1"]),
        (["seizures", "--from", "2026-03-05"], ["case-2"]),
        (["seizures", "--to", "2026-03-04"], ["=case-5", "case-1"]),
        (["seizures", "--from", "2026-03-05", "--to", "2026-03-05"], ["case-2"]),
        (["seizures", "--limit", "1"], ["case-2"]),
        (["items"], ["=case-5", "case-1", "case-2", "case-2"]),
        (["items", "--class", "pistol"], ["case-2"]),
        (["items", "--serial", "С41377", "--member", "RS"], ["case-1"]),  # noqa: RUF001  # Cyrillic, as stamped
        (["missing"], ["gun-1", "gun-2"]),
        (["missing", "--state", "open"], ["gun-1"]),
        (["missing", "--make", "arms"], ["gun-2"]),
        (["traces"], []),
        (["traces", "--state", "closed", "--member", "RS"], []),
    ],
)
def test_a_list_is_narrowed_by_its_filters(arguments: list[str], expected: list[str]) -> None:
    assert references(*arguments) == expected


@pytest.mark.usefixtures("at")
def test_the_summary_counts_what_stands() -> None:
    answer = told("view", "summary")
    assert answer["rows"] == [
        {"member": "AL", "seizures": 1, "retracted": 0, "items": 1, "firearms": 1, "missing_open": 0, "traces": 0},
        {"member": "RS", "seizures": 2, "retracted": 1, "items": 3, "firearms": 2, "missing_open": 1, "traces": 0},
    ]
    assert answer["footnotes"] == {"AL": "* a note"}


@pytest.mark.usefixtures("at")
def test_the_footnote_of_a_member_stands_wherever_it_is_shown() -> None:
    assert "AL: * a note" in run("view", "seizures").stdout
    assert "* a note" not in run("view", "seizures", "--member", "RS").stdout
    rows = list(csv.DictReader(io.StringIO(run("view", "seizures", "--csv").stdout)))
    assert {row["member"]: row["jurisdiction_note"] for row in rows} == {"RS": "", "AL": "* a note"}


@pytest.mark.usefixtures("at")
def test_no_cell_is_a_formula() -> None:
    (row,) = csv.DictReader(io.StringIO(run("view", "seizures", "--member", "AL", "--csv").stdout))
    assert row["reference"] == "'=case-5"


@pytest.mark.usefixtures("at")
@pytest.mark.parametrize(
    "arguments",
    [
        ["missing", "--retracted", "--json", "--csv"],
        ["seizures", "--state", "open"],
        ["summary", "--class", "pistol"],
        ["seizures", "--member", "ZZ"],
    ],
)
def test_what_cannot_be_answered_is_not_answered_with_something_else(arguments: list[str]) -> None:
    result = run("view", *arguments)
    assert result.exit_code != 0
    assert result.stdout == ""


@pytest.mark.usefixtures("at")
def test_the_quarantine_is_listed_by_whose_it_is() -> None:
    rows = told("quarantine", "list")["rows"]
    assert [(row["member"], row["reason"], row["offset"]) for row in rows] == [
        ("RS", "other_exercise", 3),
        (None, "no_seal", 4),
    ]
    assert [row["reason"] for row in told("quarantine", "list", "--member", "-")["rows"]] == ["no_seal"]
    assert [row["reason"] for row in told("quarantine", "list", "--member", "rs")["rows"]] == ["other_exercise"]
    assert told("quarantine", "list", "--stream", "missing")["rows"] == []
    assert [row["offset"] for row in told("quarantine", "list", "--reason", "no_seal")["rows"]] == [4]


@pytest.mark.usefixtures("at")
def test_an_entry_shows_its_bytes_and_what_they_say() -> None:
    whole, foreign = (row["number"] for row in told("quarantine", "list")["rows"])
    shown = told("quarantine", "show", str(whole))
    assert shown["decoded"]["event"]["own_reference"] == "case-4"
    assert "Exercise data" in shown["meaning"]
    shown = told("quarantine", "show", str(foreign))
    assert (shown["key"], shown["value"], shown["headers"]) == ("ff", "000000006501", [["na\x1bme", "01"]])
    assert shown["decoded"]["schema_id"] == 101
    text = run("quarantine", "show", str(foreign)).stdout
    assert "\x1b" not in text
    assert "no seal header" in text
    assert run("quarantine", "show", "999").exit_code != 0
