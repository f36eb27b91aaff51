"""Rebuilds an outbox from its own topics: index, rows and chain. It changes when the two can differ in another way.

What stands on a topic under a valid seal of its owner is what was said; the outbox is brought into agreement with it.
What was accepted and does not stand there waits again, and is sealed in a new life that names where the chain stood.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from producers.comparison import Found, newest
from producers.comparison import judge as judge_topic
from producers.intake.assemble import draft_of, finished
from producers.intake.sameness import ONCE_ONLY, Candidate, Sameness, judge
from producers.outbox import OutboxFile, RejectedRecord, Revision
from producers.outbox.rebuilding import FoundEvent, Moved, Rebuilding, TopicRebuilt, begin_anew, rebuilding
from producers.recover_grants import clear_erased, index_grants
from schemas.errors import Malformed, Stop, TopicAhead, Undecodable, UnknownSchema
from schemas.events.envelope import MemberEvent
from schemas.events.ids import event_id
from schemas.record import SEAL_HEADER, Draft, Record, TopicBounds, TopicReader
from schemas.rejection import Problem, problem
from schemas.topics import is_compacted, is_short_lived, owner_of, stream_of
from schemas.trust.chain import Expectation, verify_records
from schemas.trust.seal import Seal, SealClaims, read_seal
from schemas.wire.codec import decode, encode

READ_RECORDS = 500
WAY = "recovery"


@dataclass(slots=True)
class Settled:
    """What became of events that the outbox had accepted under ids that its topics had given to others.

    ``renumbered`` is old id -> new id; ``again`` says what a topic says already; ``rejected`` is id -> code, and each
    of them is kept among the rejected records.
    """

    renumbered: dict[str, str] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did. ``waiting`` rows will be sealed and sent; ``unreadable`` are events without an index row."""

    topics: tuple[TopicRebuilt, ...]
    settled: Settled
    unreadable: tuple[str, ...]
    conflicts: tuple[str, ...]
    waiting: int


def recover(
    outbox: OutboxFile, reader: TopicReader, topics: Sequence[str], expected: Expectation, now: Callable[[], datetime]
) -> Recovered:
    """Bring an outbox into agreement with its topics, in one transaction; again it finds nothing to do.

    Raises BrokerAway, StoreAway, and Stop (``written_by_a_newer_version``) for an event that this version cannot read.
    Nothing is changed then.
    """
    every = reader.bounds(topics)
    kept = [topic for topic in topics if not is_short_lived(topic)]
    with rebuilding(outbox) as rebuild:
        unreadable = []
        for topic in kept:
            for found in found_events(reader, topic, every[topic], expected):
                is_new = rebuild.note(found, lowest_wins=stream_of(topic) in ONCE_ONLY)
                if is_new and found.revision is None:
                    unreadable.append(found.draft.event_id)
        conflicts = tuple(rebuild.conflicts)
        settled = Settled()
        rebuilt = [
            begin_anew(rebuild, topic, number)
            for topic in sorted(set(topics) - set(kept))
            if (number := ahead(outbox, newest(reader, topic, every[topic], expected, 1), topic)) is not None
        ]
        for topic in kept:
            one, moved = rebuild.settle(topic, lambda seal: counts(seal, expected))
            rebuilt.append(one)
            for row in moved:
                settle_again(row, rebuild, settled, now())
        for topic in filter(is_compacted, topics):
            bounds = every[topic]
            index_grants(rebuild, found_events(reader, topic, bounds, expected))
            clear_erased(rebuild, topic, reader.read(topic, bounds.start, bounds.end), now())
    return Recovered(tuple(rebuilt), settled, tuple(unreadable), conflicts, outbox.backlog().rows)


def counts(header: bytes, expected: Expectation) -> bool:
    """Whether a seal of ours is still ours: not when its key was ended before it."""
    claims = read_seal(header).claims
    key = expected.ring.find(claims.kid)
    if key is None or key.honest is None:
        return True
    last = key.honest.get(claims.topic)
    return last is not None and (claims.life, claims.seq) <= (last.life, last.seq)


def ahead(outbox: OutboxFile, last: Sequence[Found], topic: str) -> tuple[int, int] | None:
    """The number at which a topic stands that its outbox does not know; None where the two agree."""
    try:
        judge_topic(topic, outbox.heads().get(topic), last, ())
    except TopicAhead:
        return max(found.number for found in last)
    return None


def found_events(reader: TopicReader, topic: str, bounds: TopicBounds, expected: Expectation) -> Iterator[FoundEvent]:
    """Every event on a topic that its owner has sealed, in the log's order; everybody else's bytes are left out."""
    for start in range(bounds.start, bounds.end, READ_RECORDS):
        records = list(reader.read(topic, start, min(start + READ_RECORDS, bounds.end)))
        for verdict in verify_records(records, expected):
            if verdict.seal is not None and verdict.record.value is not None:
                yield found_event(verdict.record, verdict.record.value, verdict.seal)


def found_event(record: Record, value: bytes, seal: Seal) -> FoundEvent:
    """A validly sealed record as an outbox keeps it; without a revision when it cannot be read."""
    claims = seal.claims
    headers = tuple((name, content) for name, content in record.headers if name != SEAL_HEADER)
    draft = Draft(record.topic, claims.event_id, claims.key, value, headers)
    (header,) = record.header_values(SEAL_HEADER)
    sealed_at = datetime.fromtimestamp(claims.iat, UTC)
    number = claims.life, claims.seq
    return FoundEvent(draft, number, header, record.offset, sealed_at, revision_of(value, claims))


def revision_of(value: bytes, claims: SealClaims) -> Revision | None:
    """The index row of an event, from what it says of its own origin; None when it says nothing that can be read."""
    try:
        _, event = decode(value)
    except UnknownSchema as error:
        message = f"event {claims.event_id} on {claims.topic} was written by a newer version: recover with that one"
        raise Stop(message, code="written_by_a_newer_version", parameters={"event_id": claims.event_id}) from error
    except Undecodable:
        return None
    if not isinstance(event, MemberEvent) or event.member.lower() != owner_of(claims.topic):
        return None
    if not event.event_id == claims.event_id == event_id(event.record_id, event.revision):
        return None
    return Revision(
        stream=stream_of(claims.topic),
        record_id=event.record_id,
        revision=event.revision,
        content=event.source.content,
        national_version=event.source.national_version,
        event_id=event.event_id,
        accepted_at=event.recorded_at,
    )


def settle_again(row: Moved, rebuild: Rebuilding, settled: Settled, at: datetime) -> None:
    """Judge an accepted event once more, now beside all that its topic holds of the record.

    It was never sent under its id, so it may get the number that it would have got if the index had been whole.
    """
    old, known = row.revision, rebuild.revisions(row.revision.stream, row.revision.record_id)
    verdict = judge(Candidate(old.stream, old.content, old.national_version), known)
    if verdict.sameness in {Sameness.UNCHANGED, Sameness.SUPERSEDED}:
        settled.again.append(old.event_id)
    elif verdict.sameness is Sameness.NEW:
        revision, draft = renumbered(row, verdict.number)
        rebuild.add(revision, draft)
        if revision.event_id != old.event_id:
            settled.renumbered[old.event_id] = revision.event_id
    else:
        stale = verdict.sameness is Sameness.STALE
        found = _stale(old, verdict.newest) if stale else problem("reference_reused", reference=old.event_id)
        rebuild.reject(rejected_row(row, found), at)
        settled.rejected[old.event_id] = found.code


def renumbered(row: Moved, number: int) -> tuple[Revision, Draft]:
    """An accepted event as another revision of its record."""
    event = _event_of(row)
    changed = finished(event, number)
    old = row.revision
    revision = Revision(
        old.stream, old.record_id, number, old.content, old.national_version, changed.event_id, old.accepted_at
    )
    return revision, draft_of(changed, old.stream, encode(changed))


def rejected_row(row: Moved, found: Problem) -> RejectedRecord:
    """An event that cannot be sent any more, as its clerk finds it: the national record itself was not kept."""
    event = _event_of(row).model_dump(mode="json", exclude_none=True)
    return RejectedRecord(WAY, WAY, None, row.revision.stream, "", (found,), event)


def _stale(old: Revision, newest: str | None) -> Problem:
    return problem("stale_version", version=str(old.national_version), newer=str(newest))


def _event_of(row: Moved) -> MemberEvent:
    _, event = decode(row.draft.value)
    if not isinstance(event, MemberEvent):
        raise Malformed(f"event {row.draft.event_id} is no member's")
    return event
