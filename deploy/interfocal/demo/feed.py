"""Feeds a region: each member's sample files, or one file of records, through the members' own intakes.

It changes when samples come in by another way.
"""

import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from interfocal.demo.screen import Screen
from interfocal.endpoints import producer_endpoint
from interfocal.installation import Installation
from interfocal.intake_client import IntakeClient
from interfocal.region_folder import RegionFolder
from interfocal.submitting import FileReport, Handing, hand_over
from producers.mapping_files import MappingSet, load_mappings
from producers.submission import Result
from schemas.codes.lists import load_code_lists
from schemas.errors import Misconfigured

AT_ONCE = 4
SHOWN_REJECTIONS = 3
RECORDS_FILE = "demo.toml"


@dataclass(frozen=True, slots=True)
class Feed:
    """What is submitted, where it comes from, and who is told."""

    installation: Installation
    folder: RegionFolder
    screen: Screen

    def samples(self) -> None:
        """Every member's sample files, several members at once; raises Misconfigured for a file no mapping reads."""
        mappings = self._mappings()
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(lambda code: self._member(code, mappings), self._codes()))

    def records(self, path: Path) -> None:
        """One file with records of many members, by the mappings that the region's ``demo.toml`` names, in order."""
        mappings = self._mappings()
        for name in self._record_mappings():
            with ThreadPoolExecutor(AT_ONCE) as threads:
                reports = list(threads.map(lambda code, n=name: self._hand(code, mappings, path, n), self._codes()))
            self._tell_records(name, reports)

    def _codes(self) -> Sequence[str]:
        return [member.code for member in self.installation.directory.members if not member.observer]

    def _mappings(self) -> MappingSet:
        return load_mappings(self.folder.mappings, load_code_lists())

    def _record_mappings(self) -> Sequence[str]:
        file = self.folder.path / RECORDS_FILE
        try:
            return [str(name) for name in tomllib.loads(file.read_text(encoding="utf-8"))["records"]["mappings"]]
        except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
            raise Misconfigured(f"{file} has to name the mappings for a file of records, in order") from error

    def _member(self, code: str, mappings: MappingSet) -> None:
        folder = self.folder.samples / code.lower()
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            report = self._hand(code, mappings, path, None)
            self._tell_file(code, report)

    def _hand(self, code: str, mappings: MappingSet, path: Path, mapping: str | None) -> FileReport:
        client = IntakeClient.to(producer_endpoint(self.installation.var, code))
        try:
            report = hand_over(Handing(client, code, mappings, {}, mapping), path)
        finally:
            client.http.close()
        if report.fault:
            raise Misconfigured(f"{path.name} of {code}: {report.fault}")
        return report

    def _tell_file(self, code: str, report: FileReport) -> None:
        accepted = report.counts.get("accepted", 0)
        self.screen.say("accepted", f"{code}: {accepted} records of {report.file}", [code])
        rejected = [result for result in report.results if result.outcome == "rejected"]
        for result in rejected[:SHOWN_REJECTIONS]:
            self.screen.say("rejected", f"{code}: {describe(result)}", [code])

    def _tell_records(self, name: str, reports: Sequence[FileReport]) -> None:
        accepted = sum(report.counts.get("accepted", 0) for report in reports)
        self.screen.say("accepted", f"{accepted} records by the mapping {name}")
        for report in reports:
            for result in report.results:
                if result.outcome == "rejected":
                    self.screen.say("rejected", describe(result))


def describe(result: Result) -> str:
    """A rejection in one line: where, and the first reason."""
    rows = ", ".join(str(row) for row in result.rows) or "?"
    reason = result.problems[0].message if result.problems else "rejected"
    more = f" (and {len(result.problems) - 1} more)" if len(result.problems) > 1 else ""
    return f"row {rows}: {reason}{more}"
