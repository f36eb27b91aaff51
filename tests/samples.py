"""Regions' folders as intake sees them: their directory, their mappings, and what becomes of a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from consumers.blocking import number_keys
from consumers.tracing.question import Knowledge, OpenMissing, Question
from consumers.tracing.rules import Choice, route
from interfocal.installation.region_folder import open_region
from producers.intake.assemble import Identity
from producers.intake.checks import Standards
from producers.intake.judging import Judged, look_at
from producers.intake.submission import Entrance, national_submission
from producers.mapping.files import MappingSet, load_mappings
from producers.mapping.grouping import group
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from producers.ways_in.files import read_rows
from schemas.codes.lists import load_code_lists
from schemas.directory import Directory
from schemas.events.missing import Missing
from schemas.events.trace import TraceAct
from schemas.marks.reference import load_reference

AT = datetime(2026, 11, 1, tzinfo=UTC)
CODE_LISTS = load_code_lists()
REFERENCE = load_reference()


@dataclass(frozen=True, slots=True)
class Region:
    """A region's folder, its directory as it would be signed, and its mappings."""

    folder: Path
    directory: Directory
    mappings: MappingSet


@cache
def region(folder: Path | None = None) -> Region:
    """The region of a folder, or the default one."""
    opened = open_region(folder)
    dates = {"version": 1, "issued_at": AT, "expires_at": AT.replace(year=2027)}
    directory = Directory.model_validate({**opened.template, **dates})
    return Region(opened.path, directory, load_mappings(opened.mappings, CODE_LISTS))


def judge_rows(where: Region, member: str, mapping: NationalMapping, rows: Sequence[NationalRow]) -> list[Judged]:
    """What a member's intake says of the records of these rows, without what it accepted before."""
    standards = Standards(member, where.directory, CODE_LISTS)
    identity = Identity(member, member.encode().ljust(32, b"."), exercise=True)
    submissions = [
        national_submission(mapping, record, Entrance("file", mapping.name), AT)
        for record in group(mapping, member, rows)
    ]
    return [look_at(submission, identity, standards, AT) for submission in submissions]


def judge_file(where: Region, member: str, mapping: NationalMapping, path: Path) -> list[Judged]:
    """The same for a file."""
    return judge_rows(where, member, mapping, list(read_rows(path, mapping)))


def choose(where: Region, request: TraceAct, missing: Sequence[Missing] = ()) -> Choice:
    """Where a request goes when these records of missing firearms are known."""
    if request.request is None:
        raise AssertionError("only a request is routed")
    marks = request.request.marks
    known = tuple(
        OpenMissing(record.member, record.event_id, record.weapon_class, record.marks, "visual", record.handling)
        for record in missing
        if record.state == "open" and number_keys(record.marks) & number_keys(marks)
    )
    return route(Question(request, 1, marks), Knowledge(where.directory, REFERENCE, request.recorded_at, known))
