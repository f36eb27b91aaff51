"""Looks at one submitted record without the outbox: its event, and all that is wrong. It changes with those steps.

Pure: the same submission, standards and instant give the same.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from producers.intake.assemble import Identity, digest_of, raw_event
from producers.intake.checks import Standards, event_problems, submission_problems, validated
from producers.intake.oddities import oddities
from producers.intake.sealing import content_of
from producers.intake.submission import Submission
from producers.mapping.tree import Origin
from schemas.events.envelope import MemberEvent, Provenance
from schemas.events.sealed_part import SealedPart
from schemas.rejection import Problem, problem

UNREADABLE = "malformed_record"


@dataclass(frozen=True, slots=True)
class Judged:
    """A submission, looked at without the outbox: its event, what is to be sealed, what is wrong, and what is odd."""

    submission: Submission
    record_id: str = ""
    digest: str = ""
    event: MemberEvent | None = None
    part: SealedPart | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def look_at(submission: Submission, identity: Identity, standards: Standards, at: datetime) -> Judged:
    """Everything that can be said of a submission without the outbox. Pure."""
    unreadable = tuple(found for found in submission.problems if found.code == UNREADABLE)
    if unreadable:  # whatever else is missing in such a row only follows from that
        return Judged(submission, problems=unreadable)
    unusable = tuple(submission_problems(submission.fields))
    try:
        digest = digest_of(identity, submission.content)
    except UnicodeEncodeError:
        digest = ""
        unusable = unusable or (problem("malformed_record", detail="half a surrogate pair is no character"),)
    if unusable:
        return Judged(submission, problems=merged(submission, (*submission.problems, *unusable)))
    version = submission.fields.get("national_version")
    source = Provenance(
        mapping=submission.mapping,
        mapping_version=submission.mapping_version,
        content=digest,
        national_version=version or None,
    )
    raw = raw_event(submission.stream, submission.fields, identity, source, at)
    event, found = validated(submission.stream, json.dumps(raw))
    content = content_of(submission.stream, submission.fields, standards.code_lists)
    wrong = event_problems(submission.stream, raw, standards, at)
    problems = (*submission.problems, *content.problems, *wrong, *found)
    warnings = tuple(_located(one, submission) for one in oddities(event, standards.suggest)) if event else ()
    return Judged(submission, raw["record_id"], digest, event, content.part, merged(submission, problems), warnings)


def merged(submission: Submission, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """One problem per field, the first, each with the clerk's own column and row where they are known.

    A part that is missing or too short only because something in it is wrong is not named beside that.
    """
    by_field: dict[str, Problem] = {}
    for number, found in enumerate(problems):
        by_field.setdefault(found.parameters.get("field", f" {number}"), found)
    parts = {part for field in by_field for part in _parts_around(field)}
    return tuple(_located(found, submission) for found in by_field.values() if not _follows(found, parts))


def _follows(found: Problem, parts: Collection[str]) -> bool:
    """Whether a problem only follows from another, inside the part that it misses; ``parts`` have problems inside."""
    path = found.parameters.get("field", "")
    if found.code == "part_disagrees":
        path = path.rpartition(".")[0]
        path = f"{path}.{found.parameters['value']}" if path else found.parameters["value"]
    elif found.code not in {"missing_field", "malformed_value"}:
        return False
    return path in parts


def _located(found: Problem, submission: Submission) -> Problem:
    origin = _origin(found.parameters.get("field", ""), submission)
    if origin is None or "row" in found.parameters:
        return found
    column = {"column": origin.column} if origin.column else {}
    return Problem(code=found.code, parameters={**column, "row": str(origin.row), **found.parameters})


def _origin(path: str, submission: Submission) -> Origin | None:
    """Where a field came from, or the part that it is in."""
    return next((submission.origins[part] for part in (path, *_parts_around(path)) if part in submission.origins), None)


def _parts_around(path: str) -> Iterator[str]:
    """``items[0].kind`` -> ``items[0]``, ``items``."""
    while path := path[: max(path.rfind("."), path.rfind("["), 0)]:
        yield path
