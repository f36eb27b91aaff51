"""Judges kept rejected records again, with the mappings of today. It changes with what is kept of a rejected record.

What their reader found wrong with a row (a cell too many) stays wrong: only what a mapping makes of it can change.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from producers.intake.checks import Standards
from producers.intake.intake import Intake, settle
from producers.intake.judging import UNREADABLE, look_at
from producers.intake.result import Result
from producers.intake.submission import HARMONISED, Entrance, Submission, harmonised_submission, national_submission
from producers.mapping.grouping import group
from producers.mapping.national import NationalRow
from producers.outbox import Rejection
from schemas.errors import Rejected
from schemas.wire.traceparent import TraceContext

READERS_CODES = frozenset({UNREADABLE, "rewritten_number"})
ROWS = "rows"
NOT_REJECTED = "not_rejected"


def resubmit(intake: Intake, number: int, context: TraceContext | None = None) -> tuple[str, tuple[Result, ...]]:
    """Judge a rejected record again: its stream, and its results, usually one.

    Its rejection is closed, or kept with the reasons of today; what its mapping leaves out today has no result.

    Raises Rejected: ``NOT_REJECTED`` when there is no such open rejection, ``unknown_mapping`` when the mapping that
    it was read with is gone; OutboxFull, StoreAway.
    """
    kept = intake.outbox.reading.find_rejected(number)
    if kept is None or kept.closed_at is not None:
        raise _not_rejected(number)
    at = intake.now()
    standards = Standards(intake.member, intake.directory, intake.code_lists)
    judged = [look_at(one, intake.identity, standards, at) for one in submissions(intake, kept, at, context)]
    with intake.outbox.accept() as acceptance:
        results = tuple(settle(one, acceptance, intake, at) for one in judged)
        if number not in {result.rejected_id for result in results}:
            closed_by = next((result.event_id for result in results if result.event_id), None)
            acceptance.close_rejected(kept.rejected.stream, "", closed_by, number)
    return kept.rejected.stream, results


def submissions(
    intake: Intake, kept: Rejection, at: datetime, context: TraceContext | None = None
) -> Sequence[Submission]:
    """A kept record as it would be handed in today; none when its mapping leaves it out now."""
    rejected = kept.rejected
    entrance = Entrance(rejected.way, rejected.source, context)
    if rejected.mapping == HARMONISED:
        return [harmonised_submission(rejected.stream, rejected.record, rejected.row or 1, entrance)]
    if not rejected.mapping:
        raise _not_rejected(kept.id)
    mapping = intake.mappings.find(intake.member, rejected.mapping, rejected.stream)
    records = group(mapping, intake.member, kept_rows(kept))
    return [national_submission(mapping, record, entrance, at) for record in records]


def kept_rows(kept: Rejection) -> Iterator[NationalRow]:
    """The national rows of a kept record, with what their reader had found wrong."""
    for number, fields in numbered_fields(kept):
        found = (one for one in kept.rejected.problems if one.code in READERS_CODES)
        problems = tuple(one for one in found if one.parameters.get("row", str(number)) == str(number))
        yield NationalRow(number, fields, problems)


def numbered_fields(kept: Rejection) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Row numbers and columns of a kept record."""
    record, rows = kept.rejected.record, kept.rejected.record.get(ROWS)
    several = set(record) == {ROWS} and isinstance(rows, list) and all(set(row) == {"row", "fields"} for row in rows)
    if several and isinstance(rows, list):
        yield from ((row["row"], row["fields"]) for row in rows)
    else:
        yield kept.rejected.row or 1, record


def _not_rejected(number: int) -> Rejected:
    message = f"there is no open rejected record {number} that can be judged again; hand a mended one in"
    return Rejected(message, code=NOT_REJECTED, parameters={"number": str(number)})
