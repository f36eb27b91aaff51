"""Submits files of national systems to a member's intake. It changes with how files are handed over.

A file is read with every mapping that names it: one export may hold the records of several streams.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interfocal.intake_client import IntakeClient
from producers.intake.submission import Result
from producers.mapping.files import MappingSet
from producers.mapping.grouping import bulks, group
from producers.mapping.mapping import NationalMapping
from producers.mapping.shape import EVENTS
from producers.ways_in.bodies import row_object
from producers.ways_in.files import read_objects, read_rows
from schemas.errors import Rejected
from schemas.rejection import REJECTION_MESSAGES, problem

BULK_ROWS = 500
STREAM_ORDER = tuple(EVENTS)


@dataclass(frozen=True, slots=True)
class Handing:
    """How files are handed over: for which member, with which mappings, and how they are to be taken."""

    client: IntakeClient
    member: str
    mappings: MappingSet
    asked: Mapping[str, str]
    mapping: str | None = None
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file: its results in the order of the file, or why it could not be read."""

    file: str
    results: tuple[Result, ...] = ()
    fault: str = ""

    @property
    def counts(self) -> Mapping[str, int]:
        """Outcome -> how many records."""
        return Counter(result.outcome for result in self.results)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was rejected."""
        return not self.fault and not self.counts.get("rejected")


def hand_over(handing: Handing, path: Path) -> FileReport:
    """Submit one file; raises StoreAway when the producer is away (what was sent before is kept: submit again)."""
    try:
        if handing.stream:
            return FileReport(path.name, tuple(_harmonised(handing, handing.stream, path)))
        chosen = chosen_mappings(handing, path)
        return FileReport(path.name, tuple(result for m in chosen for result in _national(handing, m, path)))
    except Rejected as error:
        known = error.code in REJECTION_MESSAGES
        return FileReport(path.name, (), problem(error.code, **error.parameters).message if known else str(error))


def chosen_mappings(handing: Handing, path: Path) -> Sequence[NationalMapping]:
    """The mappings to read a file with; raises Rejected (``unknown_mapping``) when there is none."""
    if handing.mapping:
        return [handing.mappings.find(handing.member, handing.mapping)]
    found = handing.mappings.for_file(handing.member, path.name)
    if not found:
        names = ", ".join(mapping.name for mapping in handing.mappings.of_member(handing.member)) or "none"
        raise Rejected(
            f"no mapping of {handing.member} reads {path.name}; there are: {names}",
            code="unknown_mapping",
            parameters={"mapping": f"for {path.name}", "member": handing.member, "nearest": names},
        )
    return sorted(found, key=lambda mapping: STREAM_ORDER.index(mapping.stream))


def report_json(reports: Sequence[FileReport], limits: str) -> str:
    """The reports for other programs."""
    files = [
        {
            "file": report.file,
            "fault": report.fault or None,
            "counts": dict(report.counts),
            "results": [result.model_dump(mode="json", exclude_defaults=True) for result in report.results],
        }
        for report in reports
    ]
    return json.dumps({"limits": [limits], "files": files}, indent=2, ensure_ascii=False)


def _national(handing: Handing, mapping: NationalMapping, path: Path) -> Iterator[Result]:
    records = group(mapping, handing.member, read_rows(path, mapping))
    for bulk in bulks(records, BULK_ROWS):
        rows = [row_object(row) for record in bulk for row in record.rows]
        asked = {**handing.asked, "mapping": mapping.name, "source": path.name}
        yield from _results(handing.client.submit_all(mapping.stream, rows, **asked))


def _harmonised(handing: Handing, stream: str, path: Path) -> Iterator[Result]:
    records = list(read_objects(path))
    asked = {**handing.asked, "source": path.name}
    for start in range(0, len(records), BULK_ROWS):
        bulk = records[start : start + BULK_ROWS]
        for result in _results(handing.client.submit_all(stream, bulk, **asked)):
            yield result.model_copy(update={"rows": tuple(start + row for row in result.rows)})


def _results(answer: Any) -> Iterator[Result]:
    """One result per record; raises Rejected when the bulk as a whole was not taken."""
    if not isinstance(answer, list):
        raise Rejected(str(answer.get("detail", "the intake did not take this bulk")))
    yield from map(Result.model_validate, answer)
