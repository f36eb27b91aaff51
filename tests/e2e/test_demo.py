"""The demo, as a person runs it: every promise held, on the samples of the default region and on files of records."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from documents import OPERATION, named, table
from interfocal.demo.national import WAYS
from interfocal.installation.installation import Places, open_directory
from producers.outbox import open_read_only
from schemas.topics import RECORD_STREAMS
from scraping_along import Totals, scraping, total_of
from source_tree import ROOT

US_STATES = ROOT / "tests" / "regions" / "us-states"
RECOVERIES = "INTERFOCAL_RECOVERIES"
LONG_S = 600.0  # for many members
LIMIT_S = 240.0  # and then time to end what was started, before the test's own limit
REPORT = {
    *("accepted", "rejected", "published", "in_view", "quarantined", "foreign", "lost", "doubled"),
    *("traces", "latency_ms", "ways_in", "reference", "forbidden", "seconds"),
}
COLUMNS = ("national_id", "asked_by", "delivered_to", "rule")
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Played:
    """A demo that ended: what it printed, and the folder that it left."""

    said: str
    var: Path
    scrapes: Sequence[Totals] = ()

    @property
    def report(self) -> dict[str, Any]:
        """``demo-report.json``."""
        told: dict[str, Any] = json.loads((self.var / "demo-report.json").read_text(encoding="utf-8"))
        return told

    @property
    def owners(self) -> Sequence[str]:
        """Every member that took part."""
        return open_directory(self.var).owners()

    @property
    def traces(self) -> Sequence[Row]:
        """``traces.csv``, without the column of footnotes."""
        return [{name: row[name] for name in COLUMNS} for row in rows_of(self.var / "traces.csv")]


def play(var: Path, *arguments: str, limit_s: float = LIMIT_S) -> Played:
    """Run ``interfocal demo --once``; it has to end well, and at its limit is ended with all that it started."""
    command = [sys.executable, "-m", "interfocal", "demo", "--once", "--var", str(var), *arguments]
    with scraping(var) as scrapes, started(command) as demo:
        try:
            said, _ = demo.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            demo.terminate()
            said, _ = demo.communicate()
    assert demo.returncode == 0, said
    assert "Traceback" not in said
    return Played(said, var, scrapes)


def started(command: Sequence[str]) -> subprocess.Popen[str]:
    """Our own program, with all that it prints in one."""
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S603  # ours


def rows_of(path: Path) -> Sequence[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check_report(played: Played) -> None:
    """Its shape, and every promise."""
    told = played.report
    assert told.keys() >= REPORT
    assert (told["lost"], told["doubled"]) == ([], [])
    assert told["accepted"] == told["published"] == told["in_view"] + told["quarantined"] > 0
    assert told["foreign"] > told["forged"]["tried"] > 0
    assert (told["forged"]["accepted"], told["forbidden"]["allowed"], told["canaries"]["found"]) == (0, 0, 0)
    assert told["forbidden"]["tried"] >= 200
    assert told["ledger"]["chains"] >= 4
    assert told["ledger"]["gaps"] == 0
    assert 0 < told["traces"]["delivered"] <= told["traces"]["opened"]
    assert told["latency_ms"].keys() == {"publish_to_view", "request_to_inbox"}
    assert all(0 < figures["p50"] <= figures["p99"] for figures in told["latency_ms"].values())
    assert told["seconds"] > 0
    assert 0 < sum(told["ways_in"].values()) <= told["accepted"]
    assert set(told["reference"]) == {"resolved", "ambiguous", "unknown"}
    assert sum(told["reference"].values()) > 0


def accepted_and_rejected(var: Path, owner: str) -> tuple[int, int]:
    """What a member's outbox says: accepted events of records, and rejected records."""
    outbox = open_read_only(Places(var).outbox(owner))
    try:
        accepted = [revision for revision in outbox.all_revisions() if revision.stream in RECORD_STREAMS]
        return len(accepted), len(outbox.rejected(closed=False, limit=1000))
    finally:
        outbox.close()


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demo of the default region."""
    return play(tmp_path_factory.mktemp("demo") / "var")


def test_the_demo_keeps_every_promise(default: Played) -> None:
    check_report(default)
    assert "every promise held" in default.said
    assert "Exercise data only" in default.said


def test_every_documented_metric_is_there_and_moves_or_rests_or_stands(default: Played) -> None:
    kinds = {named(name)[0]: kind for name, _, kind, _ in table(OPERATION, "## Metrics")}
    shows = {name: [total_of(scrape, name) for scrape in default.scrapes] for name in kinds}
    assert len(default.scrapes) > 2
    assert [name for name, kind in kinds.items() if kind == "moves" and len(set(shows[name])) < 2] == []
    assert [name for name, kind in kinds.items() if kind == "rests" and 0.0 not in shows[name]] == []
    steady = [set(shows[name][-3:]) for name, kind in kinds.items() if kind == "constant"]
    assert all(len(values) == 1 and min(values) > 0 for values in steady)
    assert set(kinds.values()) == {"moves", "rests", "constant"}


def test_every_way_in_brings_records(default: Played) -> None:
    assert {way for way, accepted in default.report["ways_in"].items() if accepted} == set(WAYS)
    assert all(count > 0 for count in default.report["reference"].values())
    assert default.report["canaries"]["planted"] > 0
    assert default.report["canaries"]["found"] == 0


def test_every_member_has_records_accepted_and_rejected(default: Played) -> None:
    counts = {owner: accepted_and_rejected(default.var, owner) for owner in default.owners}
    assert len(counts) == 7
    assert {owner: count for owner, count in counts.items() if count[0] < 60 or count[1] < 5} == {}
    assert sum(accepted for accepted, _ in counts.values()) == default.report["accepted"]
    assert sum(rejected for _, rejected in counts.values()) == default.report["rejected"]


def test_who_is_named_with_a_footnote_is_printed_with_it(default: Played) -> None:
    notes = {m.code: m.footnote for m in open_directory(default.var).members if m.footnote}
    assert notes
    assert all(note in default.said for note in notes.values())
    for row in rows_of(default.var / "traces.csv"):
        named = {row["asked_by"], row["delivered_to"]} & notes.keys()
        assert row["jurisdiction_note"] == " ".join(notes[code] or "" for code in sorted(named))


@pytest.mark.timeout(2 * LONG_S)
def test_a_file_of_invented_records_takes_the_ways_that_are_expected(tmp_path: Path) -> None:
    records = US_STATES / "recoveries-invented.csv"
    played = play(tmp_path / "var", "--region", str(US_STATES), "--records", str(records), limit_s=LONG_S)
    check_report(played)
    expected = rows_of(US_STATES / "recoveries-invented-traces.csv")
    assert len(expected) == 20
    assert by_id(played.traces) == by_id(expected)
    assert played.report["traces"]["opened"] == len(expected)


@pytest.mark.skipif(RECOVERIES not in os.environ, reason=f"{RECOVERIES} names no file of real recoveries")
def test_every_real_recovery_reaches_the_right_member_or_the_duty_officer(tmp_path: Path) -> None:
    records = Path(os.environ[RECOVERIES]).resolve()
    played = play(tmp_path / "var", "--region", str(US_STATES), "--records", str(records))
    check_report(played)
    recoveries, traces = rows_of(records), {row["national_id"]: row for row in played.traces}
    assert len(played.traces) == len(traces) == len(recoveries) == played.report["traces"]["opened"]
    members = {owner.upper() for owner in played.owners}
    wrong = [row for row in recoveries if not is_right(row, traces[row["national_id"]], members)]
    assert wrong == []


def is_right(recovery: Row, trace: Row, members: set[str]) -> bool:
    """Whether a request went where the state of first sale says, and to a person where there is none."""
    asker, sold = recovery["recovered_in"].strip().upper(), recovery["first_sold_in"].strip().upper()
    told = (trace["asked_by"], trace["delivered_to"], trace["rule"])
    if sold in members:
        return told == (asker, sold, "own_register" if sold == asker else "named_hop")
    return told in {(asker, "duty_officer", "duty_officer"), (asker, asker, "handed_over")}


def by_id(rows: Sequence[Row]) -> Sequence[Row]:
    return sorted(rows, key=lambda row: row["national_id"])
