"""The one intake of a member: judges submitted records, and puts the events of the accepted ones into its outbox.

It changes with what accepting means. A bulk is one transaction: all of it is kept, or nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypedDict, Unpack

from producers.intake.acts import needs_own_trace
from producers.intake.assemble import Identity, check_id_key, draft_of, finished
from producers.intake.checks import Standards
from producers.intake.erasing import foreign_grants, tombstones_of
from producers.intake.judging import Judged, look_at
from producers.intake.result import Outcome, Result, show_problem
from producers.intake.sameness import Candidate, MappedBy, Sameness, Verdict, judge, remapped
from producers.intake.sealing import PartSealing, sealed
from producers.intake.submission import Entrance, Submission, harmonised_submission, national_submission
from producers.mapping.files import MappingSet
from producers.mapping.grouping import group
from producers.mapping.national import NationalRow
from producers.mapping.shape import SEALED_PART
from producers.outbox import Acceptance, OutboxFile, RejectedRecord, Revision
from schemas.codes.lists import CodeList
from schemas.directory import Directory
from schemas.errors import Malformed
from schemas.events.envelope import MemberEvent
from schemas.events.grant import Grant
from schemas.marks.suggest import Suggest, own_suggest
from schemas.rejection import Problem, problem
from schemas.topics import GRANT, MAX_EVENT_BYTES
from schemas.wire.codec import decode, encode
from schemas.wire.traceparent import own_context

NOTHING_KNOWN = Verdict(Sameness.NEW, 1)


class Options(TypedDict, total=False):
    """How records are taken: only to see what would be; saying again what an earlier revision said; mapped anew."""

    dry_run: bool
    reassert: bool
    remap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One member's intake. ``now`` gives aware instants. Threads may share it: the outbox puts them in order."""

    member: str
    directory: Directory
    id_key: bytes = field(repr=False)
    code_lists: Mapping[str, CodeList]
    outbox: OutboxFile
    now: Callable[[], datetime]
    mappings: MappingSet = field(default_factory=MappingSet)
    suggest: Suggest = field(default_factory=own_suggest, repr=False)
    sealing: PartSealing | None = None

    def __post_init__(self) -> None:
        check_id_key(self.directory.member(self.member), self.id_key)

    @property
    def identity(self) -> Identity:
        """Whose events are made here, and how their ids are."""
        return Identity(self.member, self.id_key, self.directory.exercise)

    def submit(
        self, stream: str, records: Sequence[Mapping[str, Any]], entrance: Entrance, **options: Unpack[Options]
    ) -> tuple[Result, ...]:
        """Take records of the harmonised form; one result per record, in order. Raises OutboxFull, StoreAway."""
        made = (harmonised_submission(stream, record, row, entrance) for row, record in enumerate(records, start=1))
        return self.take(made, **options)

    def submit_rows(
        self, mapping: str, rows: Iterable[NationalRow], entrance: Entrance, **options: Unpack[Options]
    ) -> tuple[Result, ...]:
        """Take rows of a national form; one result per record, in the order of their first rows.

        Raises Rejected (``unknown_mapping``), OutboxFull, StoreAway.
        """
        used = self.mappings.find(self.member, mapping)
        records, at = group(used, self.member, rows), self.now()
        return self.take((national_submission(used, record, entrance, at) for record in records), **options)

    def take(self, submissions: Iterable[Submission], **options: Unpack[Options]) -> tuple[Result, ...]:
        """Judge and keep all of them in one transaction; a dry run tells what would be, and keeps nothing."""
        at = self.now()
        dry_run = options.get("dry_run", False)
        if options.get("reassert", False):
            submissions = (replace(submission, reassert=True) for submission in submissions)
        if options.get("remap", False):
            submissions = (replace(submission, remap=True) for submission in submissions)
        standards = Standards(self.member, self.directory, self.code_lists, self.suggest)
        judged = [look_at(submission, self.identity, standards, at) for submission in submissions]
        if not judged:
            return ()
        with self.outbox.accept() as acceptance:
            results = tuple(_with_warnings(settle(one, acceptance, self, at), one) for one in judged)
            if dry_run:
                acceptance.discard()
        return tuple(r.model_copy(update={"rejected_id": None}) for r in results) if dry_run else results


def settle(judged: Judged, acceptance: Acceptance, intake: Intake, at: datetime) -> Result:
    """Compare with what was accepted before, and accept or reject within the transaction."""
    verdict = _verdict(judged, acceptance)
    if verdict.sameness in {Sameness.UNCHANGED, Sameness.SUPERSEDED}:
        return _same(judged, verdict)
    problems = (*judged.problems, *_history_problems(judged, verdict, acceptance))
    if problems or judged.event is None:
        taken = verdict.known.event_id if verdict.sameness is Sameness.REUSED and verdict.known else None
        return _rejected(judged.submission, problems, acceptance).model_copy(update={"event_id": taken})
    made = _made(judged, finished(judged.event, verdict.number), intake)
    if isinstance(made, Problem):
        return _rejected(judged.submission, (made,), acceptance)
    stream, event = judged.submission.stream, made.event
    if made.grant:  # before its event: whatever is on the log can be opened
        own = _revision(made.grant, GRANT, made.grant.source.content, at)
        acceptance.add(own, draft_of(made.grant, GRANT, encode(made.grant)))
    context = judged.submission.context or own_context(event.event_id)
    acceptance.add(_revision(event, stream, judged.digest, at), draft_of(event, stream, made.value, context))
    for tombstone in tombstones_of(event):
        if acceptance.find_event(tombstone.event_id) is None:
            acceptance.add(None, tombstone)
    acceptance.close_rejected(stream, judged.submission.national_id, event.event_id)
    return _result(judged, "accepted", event.event_id, event.revision, traceparent=context.text(event.event_id))


@dataclass(frozen=True, slots=True)
class _Made:
    """An event as it goes into the outbox, its value, and the grant to the own desk where a part is sealed."""

    event: MemberEvent
    value: bytes
    grant: Grant | None


def _made(judged: Judged, event: MemberEvent, intake: Intake) -> _Made | Problem:
    grant: Grant | None = None
    if judged.part is not None:
        both = sealed(event, judged.part, intake.sealing, intake.identity)
        if both is None:
            return problem("no_opening_key", field=SEALED_PART, member=intake.member)
        event, grant = both
    try:
        value = encode(event)
    except Malformed as error:
        return problem("malformed_record", detail=str(error))
    if len(value) > MAX_EVENT_BYTES:
        return problem("too_large", size=str(len(value)), limit=str(MAX_EVENT_BYTES))
    return _Made(event, value, grant)


def _with_warnings(result: Result, judged: Judged) -> Result:
    if not judged.warnings:
        return result
    return result.model_copy(update={"warnings": tuple(map(show_problem, judged.warnings))})


def _revision(event: MemberEvent, stream: str, content: str, at: datetime) -> Revision:
    return Revision(
        stream=stream,
        record_id=event.record_id,
        revision=event.revision,
        content=content,
        national_version=event.source.national_version,
        event_id=event.event_id,
        accepted_at=at,
    )


def _result(judged: Judged, outcome: Outcome, event_id: str | None, revision: int, **more: Any) -> Result:
    return Result(
        outcome=outcome,
        national_id=judged.submission.national_id,
        rows=judged.submission.rows,
        record_id=judged.record_id,
        event_id=event_id,
        trace_id=getattr(judged.event, "trace_id", None),
        revision=revision,
        **more,
    )


def _verdict(judged: Judged, acceptance: Acceptance) -> Verdict:
    if not judged.digest:
        return NOTHING_KNOWN
    submission = judged.submission
    reassert = submission.reassert or submission.fields.get("reassert") is True
    version = submission.fields.get("national_version") or None
    candidate = Candidate(submission.stream, judged.digest, version, reassert)
    verdict = judge(candidate, acceptance.revisions(submission.stream, judged.record_id))
    if not submission.remap or verdict.known is None:
        return verdict
    before = _mapped_by(verdict.known, acceptance)
    return remapped(verdict, submission.stream, MappedBy(submission.mapping, submission.mapping_version), before)


def _mapped_by(known: Revision, acceptance: Acceptance) -> MappedBy:
    """What made an accepted event; the event says so itself."""
    row = acceptance.find_event(known.event_id)
    said = decode(row.draft.value)[1] if row else None
    if not isinstance(said, MemberEvent):
        return MappedBy("", 0)
    return MappedBy(said.source.mapping, said.source.mapping_version)


def _history_problems(judged: Judged, verdict: Verdict, acceptance: Acceptance) -> Iterable[Problem]:
    """What is wrong only because of what was accepted before."""
    submission = judged.submission
    if verdict.sameness is Sameness.REUSED:
        yield problem("reference_reused", reference=submission.national_id, field="national_id")
    if verdict.sameness is Sameness.STALE:
        version = str(submission.fields.get("national_version"))
        yield problem("stale_version", version=version, newer=str(verdict.newest), field="national_version")
    trace = getattr(judged.event, "trace_id", None)
    for unknown in foreign_grants(judged.event, lambda grant: bool(acceptance.revisions(GRANT, grant))):
        yield problem("unknown_grant", grant=unknown, field="erasure.grants")
    if trace and needs_own_trace(submission.fields) and not acceptance.revisions("trace", trace):
        yield problem("unknown_trace", trace=trace, field="trace_id")


def _same(judged: Judged, verdict: Verdict) -> Result:
    event_id = verdict.known.event_id if verdict.known else None
    if verdict.sameness is Sameness.UNCHANGED:
        return _result(judged, "unchanged", event_id, verdict.number)
    return _result(judged, "superseded", event_id, verdict.number, superseded_by=verdict.latest)


def _rejected(submission: Submission, problems: tuple[Problem, ...], acceptance: Acceptance) -> Result:
    rejected = RejectedRecord(
        way=submission.entrance.way,
        source=submission.entrance.source,
        row=submission.rows[0] if submission.rows else None,
        stream=submission.stream,
        record_key=submission.national_id,
        problems=problems,
        record=submission.kept,
        mapping=submission.mapping,
    )
    return Result(
        outcome="rejected",
        national_id=submission.national_id,
        rows=submission.rows,
        rejected_id=acceptance.reject(rejected),
        problems=tuple(map(show_problem, problems)),
    )
