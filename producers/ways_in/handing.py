"""From a file to an intake, the same for every way that brings files. It changes with how files are handed over.

A file is read with every mapping that names it: one export may hold the records of several streams.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from producers.intake.intake import Intake
from producers.intake.result import Result
from producers.intake.submission import Entrance
from producers.mapping.files import MappingSet
from producers.mapping.grouping_on_disk import bulks_on_disk
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRecord
from producers.mapping.shape import EVENTS
from producers.ways_in.files import nobody_watches, read_rows
from producers.ways_in.observer import Observer
from schemas.errors import Rejected
from schemas.rejection import REJECTION_MESSAGES, problem

KEPT_RESULTS = 10_000
STREAM_ORDER = tuple(EVENTS)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: its results in the order of the file, or why it could not be read.

    ``counts`` says how many records had which outcome. Of a long file only some ``results`` are kept, those of rejected
    records before others.
    """

    file: str
    results: tuple[Result, ...] = ()
    fault: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was rejected."""
        return not self.fault and not self.counts.get("rejected")


@dataclass(slots=True)
class Tally:
    """Results as they come in, in bounded memory."""

    counts: Counter[str] = field(default_factory=Counter)
    kept: list[Result] = field(default_factory=list)
    rejected: list[Result] = field(default_factory=list)

    def add(self, results: Iterable[Result]) -> None:
        """Count them; keep them as long as there is room."""
        for result in results:
            self.counts[result.outcome] += 1
            room = self.kept if self.counts.total() <= KEPT_RESULTS else self.rejected
            if room is self.kept or (result.outcome == "rejected" and len(room) < KEPT_RESULTS):
                room.append(result)

    def report(self, file: str, fault: str = "") -> FileReport:
        """The report of a file."""
        return FileReport(file, (*self.kept, *self.rejected), fault, dict(self.counts))


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how far a file is: bytes of it that were read, and records that were handed over."""

    on_read: Callable[[int], None] = nobody_watches
    on_handed: Callable[[int], None] = nobody_watches


NOBODY = Watch()
Take = Callable[[NationalMapping, Sequence[NationalRecord], str], Sequence[Result]]
"""What hands a bulk of a file over in one transaction; one result a record. Raises Rejected, StoreAway, OutboxFull."""


@dataclass(frozen=True, slots=True)
class IntakeTaker:
    """An intake in this process, and who is told of the results."""

    intake: Intake
    observer: Observer
    way: str

    def take(self, mapping: NationalMapping, records: Sequence[NationalRecord], source: str) -> Sequence[Result]:
        """Hand over a bulk in one transaction; one result a record. Raises OutboxFull, StoreAway."""
        rows = [row for record in records for row in record.rows]
        results = self.intake.submit_rows(mapping.name, rows, Entrance(self.way, source))
        self.observer.tell(self.intake.member, mapping.stream, results)
        return results


def hand_over_file(
    path: Path, member: str, mappings: Sequence[NationalMapping], take: Take, watch: Watch = NOBODY
) -> FileReport:
    """Read a file with each of these mappings, and hand its records over. What cannot be read is the report's fault.

    Raises StoreAway, OutboxFull when the intake takes nothing now; what was handed over before is kept, and handing
    the file over again changes nothing.
    """
    tally = Tally()
    try:
        for mapping in mappings:
            for bulk in bulks_on_disk(mapping, member, read_rows(path, mapping, watch.on_read)):
                tally.add(take(mapping, bulk, path.name))
                watch.on_handed(tally.counts.total())
    except Rejected as error:
        return tally.report(path.name, fault_of(error))
    return tally.report(path.name)


def mappings_for(mappings: MappingSet, member: str, filename: str) -> Sequence[NationalMapping]:
    """The mappings that read a file of this name; raises Rejected (``unknown_mapping``) when there is none."""
    found = mappings.for_file(member, filename)
    if not found:
        names = ", ".join(mapping.name for mapping in mappings.of_member(member)) or "none"
        raise Rejected(
            f"no mapping of {member} reads {filename}; there are: {names}",
            code="unknown_mapping",
            parameters={"mapping": f"for {filename}", "member": member, "nearest": names},
        )
    return sorted(found, key=lambda mapping: STREAM_ORDER.index(mapping.stream))


def fault_of(error: Rejected) -> str:
    """The sentence for a file that could not be read."""
    known = error.code in REJECTION_MESSAGES
    return problem(error.code, **error.parameters).message if known else str(error)


def report_of(report: FileReport) -> dict[str, Any]:
    """A report as JSON values, for other programs."""
    return {
        "file": report.file,
        "fault": report.fault or None,
        "counts": dict(report.counts),
        "results": [result.model_dump(mode="json", exclude_defaults=True) for result in report.results],
    }


def reports_text(reports: Sequence[FileReport], limits: Sequence[str]) -> str:
    """Reports as JSON text."""
    content = {"limits": list(limits), "files": [report_of(report) for report in reports]}
    return json.dumps(content, indent=2, ensure_ascii=False)
