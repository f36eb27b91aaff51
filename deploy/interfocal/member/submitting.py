"""Submits files to a member's intake over HTTP. It changes with how the command line hands files over."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from producers.intake.result import Result
from producers.mapping.files import MappingSet
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRecord
from producers.ways_in.bodies import row_object
from producers.ways_in.files import read_objects
from producers.ways_in.handing import (
    NOBODY,
    FileReport,
    Tally,
    Watch,
    fault_of,
    hand_over_file,
    mappings_for,
)
from producers.ways_in.python_call import Exchange, How, Stream
from producers.ways_in.rejected_workbook import as_workbook
from schemas.errors import Rejected

BULK_RECORDS = 500


@dataclass(frozen=True, slots=True)
class Handing:
    """How files are handed over: for which member, with which mappings, and how they are to be taken."""

    exchange: Exchange
    member: str
    mappings: MappingSet
    how: How
    mapping: str | None = None
    stream: Stream | None = None

    def take(self, mapping: NationalMapping, records: Sequence[NationalRecord], source: str) -> Sequence[Result]:
        """Hand over a bulk of national records in one transaction."""
        rows = [row_object(row) for record in records for row in record.rows]
        how: How = {**self.how, "mapping": mapping.name, "source": source}
        return self.exchange.submit(mapping.stream, rows, **how)


def hand_over(handing: Handing, path: Path, watch: Watch = NOBODY) -> FileReport:
    """Submit one file; raises StoreAway when the producer is away (what was sent before is kept: submit again)."""
    try:
        if handing.stream:
            return _harmonised(handing, handing.stream, path, watch)
        chosen = chosen_mappings(handing, path)
    except Rejected as error:
        return FileReport(path.name, (), fault_of(error))
    return hand_over_file(path, handing.member, chosen, handing.take, watch)


def chosen_mappings(handing: Handing, path: Path) -> Sequence[NationalMapping]:
    """The mappings to read a file with; one that is named also reads its sheet of an export of rejected records.

    Raises Rejected (``unknown_mapping``) when there is none.
    """
    if handing.mapping:
        return [as_workbook(handing.mappings.find(handing.member, handing.mapping), path)]
    return mappings_for(handing.mappings, handing.member, path.name)


def _harmonised(handing: Handing, stream: Stream, path: Path, watch: Watch) -> FileReport:
    """A file is read twice, so that nothing is sent of one that cannot be read to its end."""
    tally = Tally()
    for _ in read_objects(path):
        pass
    for start, bulk in _bulks(read_objects(path)):
        how: How = {**handing.how, "source": path.name}
        results = handing.exchange.submit(stream, bulk, **how)
        tally.add(r.model_copy(update={"rows": tuple(start + row for row in r.rows)}) for r in results)
        watch.on_handed(tally.counts.total())
    return tally.report(path.name)


def _bulks(objects: Iterator[Mapping[str, Any]]) -> Iterator[tuple[int, list[Mapping[str, Any]]]]:
    start = 0
    while bulk := list(islice(objects, BULK_RECORDS)):
        yield start, bulk
        start += len(bulk)
