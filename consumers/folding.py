"""One transaction of the loop: effects, event rows, quarantine and positions, all or none.

It changes when the transaction gets a step. Its order: positions are locked, then the buckets of all that handlers
may read or change, then the events that are new are written and folded, then the quarantine, then positions move.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, Handler, SetAside
from consumers.checking import Checked, events_of, faults_of
from consumers.plan import Batch, Hole, cut
from consumers.quarantine import settling
from consumers.quarantine.entries import Faulty, PostgresQuarantine, Verdict
from consumers.quarantine.handler import share_of
from consumers.store import buckets, chains, positions
from consumers.store import events as applied
from schemas.errors import QuarantineFull, Stop, Undecodable, Unusable
from schemas.steps import Reached, Step
from schemas.trust.gaps import Gap

HANDLER_FAILED = "handler_failed"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a fold goes by. ``quarantine_limit``: unresolved entries of one topic."""

    handlers: Sequence[Handler]
    quarantine_limit: int
    reached: Reached


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a transaction did, to be told when it is committed. ``chain_gaps``: numbers that a writer's chain lacks."""

    positions: Mapping[str, int] = field(default_factory=dict)
    events: Sequence[CheckedEvent] = ()
    conflicts: Sequence[CheckedEvent] = ()
    quarantined: Sequence[Faulty] = ()
    gaps: Mapping[str, Sequence[Hole]] = field(default_factory=dict)
    holes: Mapping[str, Hole] = field(default_factory=dict)
    paused: Mapping[str, str] = field(default_factory=dict)
    chain_gaps: Sequence[Gap] = ()


def fold(transaction: Connection[Any], batch: Batch, rules: Rules) -> Outcome:
    """Fold a batch.

    Raises QuarantineFull when a topic would exceed its limit, PositionMoved when another instance has the topic, and
    whatever a handler or the driver raises.
    """
    stored = positions.lock(transaction, list(batch.items))
    flowing = {topic: at for topic, at in stored.items() if at.paused is None}
    cuts = {t: cut(batch.items[t], at.next_offset, batch.holes.get(t)) for t, at in flowing.items()}
    usable = _without_discarded(transaction, [item for part in cuts.values() for item in part.usable])
    lacking = chains.follow(transaction, [item.claims for item in usable if item.claims is not None])
    new, set_aside = effects(transaction, list(events_of(usable)), rules)
    rules.reached(Step.FOLDED)
    faults = [*faults_of(usable), *set_aside]
    _quarantine(transaction, faults, rules.quarantine_limit)
    moves = {t: (flowing[t].next_offset, part.next_offset) for t, part in cuts.items() if part.usable}
    positions.move(transaction, moves)
    rules.reached(Step.POSITIONED)
    paused = {topic: at.paused for topic, at in stored.items() if at.paused is not None}
    return Outcome(
        positions={topic: part.next_offset for topic, part in cuts.items()},
        events=new.new,
        conflicts=new.conflicts,
        quarantined=faults,
        gaps={topic: part.gaps for topic, part in cuts.items() if part.gaps},
        holes={topic: part.hole for topic, part in cuts.items() if part.hole},
        paused=paused,
        chain_gaps=lacking,
    )


def _without_discarded(transaction: Connection[Any], items: Sequence[Checked]) -> list[Checked]:
    """The records, each that a person has discarded as an entry for the quarantine."""
    places = settling.discarded(transaction, sorted({item.record.topic for item in items}))
    if not places:
        return list(items)
    gone = [(item.record.topic, item.record.offset) in places for item in items]
    return [_discarded(item) if away else item for item, away in zip(items, gone, strict=True)]


def _discarded(item: Checked) -> Checked:
    if isinstance(item, CheckedEvent):
        ids = (item.event.event_id, item.event.member)
        return Faulty(item.record, Verdict.UNUSABLE, settling.DISCARDED, {}, *ids, item.claims)
    return replace(item, reason=settling.DISCARDED) if isinstance(item, Faulty) else item


def effects(
    transaction: Connection[Any], events: Sequence[CheckedEvent], rules: Rules
) -> tuple[applied.Applied, list[Faulty]]:
    """Write and fold what is new of these events; what handlers set aside is taken away again and returned."""
    shares = [(handler, share_of(handler, events)) for handler in rules.handlers]
    buckets.lock(transaction, (key for handler, own in shares for key in handler.bucket_keys(transaction, own)))
    new = applied.add(transaction, events)
    aside: list[tuple[CheckedEvent, SetAside]] = []
    for handler in rules.handlers:
        if own := share_of(handler, new.new):
            aside += _matched(own, handler.fold(transaction, own))
    if not aside:
        return new, []
    gone = [checked for checked, _ in aside]
    applied.remove(transaction, gone)
    away = {applied.identity(checked) for checked in gone}
    kept = [checked for checked in new.new if applied.identity(checked) not in away]
    return replace(new, new=kept), [_set_aside(checked, why) for checked, why in aside]


def _matched(events: Sequence[CheckedEvent], aside: Iterable[SetAside]) -> list[tuple[CheckedEvent, SetAside]]:
    reasons = {(why.topic, why.event_id): why for why in aside}
    if not reasons:
        return []
    named = [(checked, reasons.get((checked.record.topic, checked.event.event_id))) for checked in events]
    return [(checked, why) for checked, why in named if why is not None]


def _set_aside(checked: CheckedEvent, why: SetAside) -> Faulty:
    ids = (checked.event.event_id, checked.event.member)
    return Faulty(checked.record, Verdict.UNUSABLE, why.reason, why.parameters, *ids, checked.claims)


def _quarantine(transaction: Connection[Any], faults: Sequence[Faulty], limit: int) -> None:
    if not faults:
        return
    quarantine = PostgresQuarantine(transaction)
    quarantine.put(faults)
    topics = sorted({fault.record.topic for fault in faults})
    settling.settle_discarded(transaction, topics)  # also what a decision of this very batch discards
    for topic, waiting in quarantine.waiting(topics).items():
        if waiting > limit:
            raise QuarantineFull(
                f"{topic} has {limit} entries in quarantine that wait: it is paused until they are worked on",
                parameters={"topic": topic},
            )


def failed(batch: Batch, error: Exception) -> Batch:
    """A batch of one event whose fold raised, as one that sends it to quarantine.

    The reason is the handler's own, or ``handler_failed`` with the error's class; never its text, which may quote
    values. Raises Stop when the record went to quarantine already and even that failed.
    """
    topic, item = batch.only()
    if not isinstance(item, CheckedEvent):
        raise Stop(f"record {item.record.offset} of {topic} cannot even be quarantined ({type(error).__name__})")
    return batch.with_only(fault_of_failure(item, error))


def fault_of_failure(checked: CheckedEvent, error: Exception) -> Faulty:
    """The entry for an event whose fold raised."""
    reason, parameters = HANDLER_FAILED, {"error": type(error).__name__}
    if isinstance(error, Unusable | Undecodable):
        reason, parameters = error.code, error.parameters
    ids = (checked.event.event_id, checked.event.member)
    return Faulty(checked.record, Verdict.UNUSABLE, reason, parameters, *ids, checked.claims)
