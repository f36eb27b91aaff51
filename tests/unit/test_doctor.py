"""The doctor's checks each fail by themselves, and every finding names a command that there is."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from interfocal.commands.doctor import command_of
from interfocal.commands.main import build_app
from interfocal.doctor import next_steps
from interfocal.doctor.examination import CHECKS, made
from interfocal.doctor.finding import Check, Finding, Subject
from interfocal.doctor.of_flow import span
from interfocal.installation.settings import SETTINGS_FILE
from schemas.errors import BrokerAway
from source_tree import source_files
from told_commands import is_a_command


def doctor(*arguments: str) -> Any:
    told = CliRunner().invoke(build_app(["doctor"]), ["doctor", *arguments])
    assert told.exception is None or isinstance(told.exception, SystemExit)
    return told


def test_where_nothing_is_it_says_how_to_begin(tmp_path: Path) -> None:
    told = doctor("--var", str(tmp_path))
    assert told.exit_code == 1
    first, left_out, last = told.stdout.splitlines()
    assert first.endswith(f"->  interfocal demo --var {tmp_path}")
    assert "heartbeats" in left_out
    assert last == "One thing is wrong."


def test_settings_that_cannot_be_used_are_one_finding_and_the_rest_is_left_out(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text("[kafka]\nbootsrap = 'x'\n", encoding="utf-8")
    told = json.loads(doctor("--json", "--var", str(tmp_path)).stdout)
    assert {finding["check"] for finding in told["findings"]} == {"settings"}
    assert all("kafka.bootsrap" in finding["sentence"] for finding in told["findings"])
    assert told["limits"] == []  # no directory says yet what the region is
    assert "topics" in told["left_out"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BrokerAway("nobody listens"), "could not be made: nobody listens"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ZeroDivisionError("a fault"), "failed itself (ZeroDivisionError): report it"),
    ],
)
def test_a_check_that_fails_says_so_after_what_it_has_found(error: Exception, told: str, tmp_path: Path) -> None:
    def look(_subject: Subject) -> Iterator[Finding]:
        yield Finding("lag", "a finding", "interfocal status")
        raise error

    first, second = made(Check("lag", look), Subject(tmp_path))
    assert first.sentence == "a finding"
    assert told in second.sentence


def test_no_two_checks_have_one_name() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)


COMMANDS = [
    *(text for name, text in vars(next_steps).items() if name.isupper()),
    *(
        next_steps.run_producer("AA", "BB"),
        next_steps.run("desks"),
        next_steps.run("region-2"),
        next_steps.recover("AA"),
    ),
    *(next_steps.sign(Path("root.pem")), next_steps.rotate("aa"), next_steps.show_member("AA")),
    *(next_steps.quarantine("trace"), next_steps.quarantine("inbox", "AA")),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_finding_names_a_command_that_there_is(command: str) -> None:
    assert is_a_command(command)


def test_every_command_of_ours_is_written_in_one_place() -> None:
    others = {
        source.path
        for source in source_files()
        if source.path.startswith("deploy/interfocal/doctor/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and str(node.value).startswith("interfocal ")
    }
    assert others == {"deploy/interfocal/doctor/next_steps.py"}


def test_a_command_of_ours_is_told_with_the_folder_that_it_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = (Finding("stack", "x", command) for command in ("interfocal up", "timedatectl"))
    assert command_of(ours, tmp_path) == f"interfocal up --var {tmp_path}"
    assert command_of(ours, Path("var")) == "interfocal up"
    assert command_of(theirs, tmp_path) == "timedatectl"
    monkeypatch.setenv("INTERFOCAL_VAR", str(tmp_path))
    assert command_of(ours, tmp_path) == "interfocal up"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "0 seconds"),
        (59, "59 seconds"),
        (119, "119 seconds"),
        (300, "5 minutes"),
        (7_200, "2 hours"),
        (2e5, "2 days"),
    ],
)
def test_a_time_is_said_in_one_unit(seconds: float, said: str) -> None:
    assert span(seconds) == said
