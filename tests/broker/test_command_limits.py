"""Every command that reads tells the limits of its region: in JSON, and on stderr beside records of an exercise."""

import json

import pytest
from typer.testing import CliRunner, Result

from command_tree import leaves
from interfocal.commands.main import build_app
from interfocal.limits import EXERCISE_NOTICE, limits_of
from small_records import ASKED, ASKER
from small_region import SmallRegion

READING = {
    "view": ["view", "seizures"],
    "export list": ["export", "list"],
    "explain": ["explain", "{seizure}", "--to", ASKED],
    "inbox": ["inbox", "--as", ASKED],
    "rejected list": ["rejected", "list", "--as", ASKER],
    "rejected show": ["rejected", "show", "{rejected}", "--as", ASKER],
    "trace list": ["trace", "list"],
    "trace show": ["trace", "show", "{trace}"],
    "trace explain": ["trace", "explain", "{trace}"],
    "quarantine list": ["quarantine", "list"],
    "quarantine show": ["quarantine", "show", "1"],
    "quarantine diff": ["quarantine", "diff", "1"],
    "ledger verify": ["ledger", "verify"],
    "audit list": ["audit", "list"],
    "audit verify": ["audit", "verify"],
    "rebuild": ["rebuild", "--verify", "--into", "limits_rebuild"],
    "tail": ["tail", "aa.seizure", "--count", "1"],
    "provision plan": ["provision", "plan"],
    "top": ["top"],
}
NO_RECORDS = {"ledger verify", "audit verify", "rebuild", "provision plan", "top"}
"""What counts, proves or compares, and shows no record."""

DESK_CSV = {"trace list": ["--as", ASKER]}
TESTED_APART = {
    "submit",
    "producer recover",
    "region recover",
    "backup",
    "restore",
    "provision apply",
    "provision try",
    "erase",
    "doctor",  # a region without processes is never in order
    "rejected resubmit",
    "quality",
    "mapping check",
    "schemas codes",  # prints the contract, which is of no region
    "config check",  # prints settings, which are of no region
    *(str(leaf) for leaf in leaves() if leaf.module.endswith((".desk_acts", ".desk_open"))),
}
"""Commands that need another situation; their own tests look at what they print."""


def run(region: SmallRegion, command: str, *options: str) -> Result:
    ((trace,),) = region.rows(region.installation.region_url, "select trace_id from trace")
    words = [word.format(trace=trace, **region.events) for word in READING[command]]
    var = ["--var", str(region.installation.var)]
    return CliRunner().invoke(build_app(), [*words, *options, *var], catch_exceptions=False)


def test_no_command_that_prints_json_is_forgotten() -> None:
    printing = {str(leaf) for leaf in leaves() if "--json" in leaf.options}
    assert printing - TESTED_APART == set(READING)


@pytest.mark.parametrize("command", READING)
def test_json_says_its_limits_and_stderr_once_that_records_are_of_an_exercise(
    settled: SmallRegion, command: str
) -> None:
    told = run(settled, command, "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["limits"] == limits_of(settled.installation.directory) == [EXERCISE_NOTICE]
    assert told.stderr.count(EXERCISE_NOTICE) == (command not in NO_RECORDS)


@pytest.mark.parametrize("command", sorted(READING.keys() - NO_RECORDS))
def test_people_are_told_the_same_beside_what_they_read(settled: SmallRegion, command: str) -> None:
    told = run(settled, command)
    assert told.exit_code == 0, told.output
    assert told.stderr.count(EXERCISE_NOTICE) == 1
    assert EXERCISE_NOTICE not in told.stdout


@pytest.mark.parametrize("command", [str(leaf) for leaf in leaves() if "--csv" in leaf.options])
def test_csv_holds_rows_only_and_the_limits_are_told_beside(settled: SmallRegion, command: str) -> None:
    told = run(settled, command, "--csv", *DESK_CSV.get(command, []))
    assert told.exit_code == 0, told.output
    assert told.stderr.count(EXERCISE_NOTICE) == 1
    assert EXERCISE_NOTICE not in told.stdout
    header, *rows = told.stdout.splitlines()
    assert "jurisdiction_note" in header
    assert rows
