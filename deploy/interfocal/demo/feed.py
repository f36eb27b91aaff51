"""Feeds a region: each member's sample files, or one file of records, through the members' own intakes.

It changes when samples come in by another way.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from interfocal.demo.national import WAYS, National, ways_of
from interfocal.demo.screen import Screen
from interfocal.drain import wait_drained
from interfocal.installation.installation import Installation
from interfocal.installation.region_folder import RegionFolder
from interfocal.member.intake import intake_of
from interfocal.member.submitting import Handing, hand_over
from producers.intake.result import Result
from producers.mapping.files import MappingSet, load_mappings
from producers.mapping.grouping import group
from producers.ways_in.files import read_rows
from producers.ways_in.handing import FileReport
from schemas.codes.lists import load_code_lists
from schemas.errors import Misconfigured

AT_ONCE = 4
SHOWN_REJECTIONS = 3
RECORDS_FILE = "demo.toml"
FOLD_S = 120.0
FILE = "file"
WAY_NAMES = {
    FILE: "submitting a file",
    "folder": "a watched folder",
    "http": "HTTP",
    "python": "a call in Python",
    "sql": "an outbox table",
}


@dataclass(frozen=True, slots=True)
class Feed:
    """What is submitted, where it comes from, and who is told."""

    installation: Installation
    folder: RegionFolder
    screen: Screen

    def samples(self) -> Counter[str]:
        """Every member's sample files by its way in, several members at once; how many were accepted, by way.

        A member's own come one after another, by name: a later one may revise what an earlier one said. Requests come
        last, when what they may point to is folded: a router never knows what is told only later.
        Raises Misconfigured for a file that no mapping reads.
        """
        mappings, codes = self._mappings(), self._codes()
        files = [(code, path) for code in codes for path in sample_files(self.folder, code)]
        requests = [(code, path) for code, path in files if holds_requests(mappings, code, path)]
        records = [pair for pair in files if pair not in requests]
        ways = ways_of(self.folder)
        accepted: Counter[str] = Counter()
        for pairs in (records, requests):
            own = {code: [path for owner, path in pairs if owner == code] for code in codes}
            with ThreadPoolExecutor(AT_ONCE) as threads:
                counts = threads.map(lambda code, own=own: self._samples(code, mappings, own[code], ways), codes)
                for code, count in zip(codes, counts, strict=True):
                    accepted[ways.get(code, FILE)] += count
            wait_drained(self.installation, FOLD_S, lambda _left: None)
        return accepted

    def records(self, path: Path) -> Counter[str]:
        """One file with records of many members, by the mappings that the region's ``demo.toml`` names, in order."""
        mappings = self._mappings()
        accepted: Counter[str] = Counter()
        for name in record_mappings(self.folder):
            with ThreadPoolExecutor(AT_ONCE) as threads:
                reports = list(threads.map(lambda code, n=name: self._submit(code, mappings, path, n), self._codes()))
            accepted[FILE] += self._tell_records(name, reports)
            wait_drained(self.installation, FOLD_S, lambda _left: None)
        self._tell_strangers(path, mappings)
        return accepted

    def _codes(self) -> Sequence[str]:
        return [member.code for member in self.installation.directory.members if not member.observer]

    def _mappings(self) -> MappingSet:
        return load_mappings(self.folder.mappings, load_code_lists())

    def _samples(self, code: str, mappings: MappingSet, paths: Sequence[Path], ways: Mapping[str, str]) -> int:
        """Bring files of a member in, one after another; how many of their records were accepted."""
        way = ways.get(code, FILE)
        accepted = 0
        for path in paths:
            report = whole(WAYS[way](National(self.installation, code, mappings), path), code)
            self._tell_file(code, way, report)
            accepted += report.counts.get("accepted", 0)
        return accepted

    def _submit(self, code: str, mappings: MappingSet, path: Path, mapping: str) -> FileReport:
        with intake_of(self.installation.var, code) as exchange:
            return whole(hand_over(Handing(exchange, code, mappings, {}, mapping), path), code)

    def _tell_file(self, code: str, way: str, report: FileReport) -> None:
        accepted = report.counts.get("accepted", 0)
        self.screen.say("accepted", f"{code}: {accepted} records of {report.file}, by {WAY_NAMES[way]}", [code])
        rejected = [result for result in report.results if result.outcome == "rejected"]
        for result in rejected[:SHOWN_REJECTIONS]:
            self.screen.say("rejected", f"{code}: {describe(result)}", [code])

    def _tell_records(self, name: str, reports: Sequence[FileReport]) -> int:
        accepted = sum(report.counts.get("accepted", 0) for report in reports)
        self.screen.say("accepted", f"{accepted} records by the mapping {name}")
        for report in reports:
            for result in report.results:
                if result.outcome == "rejected":
                    self.screen.say("rejected", describe(result))
        return accepted

    def _tell_strangers(self, path: Path, mappings: MappingSet) -> None:
        """Rows that no member's mapping takes: they belong to nobody here, and are named rather than forgotten."""
        used = [mappings.find(self._codes()[0], name) for name in record_mappings(self.folder)]
        for mapping in used:
            rows = list(read_rows(path, mapping))
            taken = {row.number for code in self._codes() for r in group(mapping, code, rows) for row in r.rows}
            left = [str(row.number) for row in rows if row.number not in taken]
            if left:
                told = f"{len(left)} rows belong to no member by the mapping {mapping.name}: {', '.join(left[:10])}"
                self.screen.say("rejected", told)


def whole(report: FileReport, code: str) -> FileReport:
    """The report of a file that could be read; raises Misconfigured for one that could not."""
    if report.fault:
        raise Misconfigured(f"{report.file} of {code}: {report.fault}")
    return report


def record_mappings(folder: RegionFolder) -> Sequence[str]:
    """The mappings for a file of records, in order; raises Misconfigured when the region names none."""
    file = folder.path / RECORDS_FILE
    try:
        return [str(name) for name in tomllib.loads(file.read_text(encoding="utf-8"))["records"]["mappings"]]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise Misconfigured(f"{file} has to name the mappings for a file of records, in order") from error


def sample_files(folder: RegionFolder, code: str) -> Sequence[Path]:
    """A member's sample files, by name."""
    own = folder.samples / code.lower()
    return sorted(own.iterdir()) if own.is_dir() else ()


def holds_requests(mappings: MappingSet, code: str, path: Path) -> bool:
    """Whether a sample file holds acts of traces."""
    return any(mapping.stream == "trace" for mapping in mappings.for_file(code, path.name))


def describe(result: Result) -> str:
    """A rejection in one line: where, and the first reason."""
    rows = ", ".join(str(row) for row in result.rows) or "?"
    reason = result.problems[0].message if result.problems else "rejected"
    more = f" (and {len(result.problems) - 1} more)" if len(result.problems) > 1 else ""
    return f"row {rows}: {reason}{more}"
