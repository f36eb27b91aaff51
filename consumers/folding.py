"""One transaction of the loop: effects, event rows, quarantine and positions, all or none.

It changes when the transaction gets a step. Its order: positions are locked, then the buckets of all that handlers
may read or change, then the events that are new are written and folded, then the quarantine, then positions move.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, Handler, SetAside
from consumers.checking import events_of, faults_of
from consumers.plan import Batch, Cut, Hole, cut
from consumers.quarantine import Faulty, PostgresQuarantine, Verdict
from consumers.store import buckets, positions
from consumers.store import events as applied
from schemas.errors import QuarantineFull, Stop, Undecodable, Unusable
from schemas.steps import Reached, Step
from schemas.topics import stream_of

HANDLER_FAILED = "handler_failed"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a fold goes by. ``quarantine_limit``: unresolved entries of one topic."""

    handlers: Sequence[Handler]
    quarantine_limit: int
    reached: Reached


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a transaction did, to be told when it is committed."""

    positions: Mapping[str, int]
    events: Sequence[CheckedEvent]
    conflicts: Sequence[CheckedEvent]
    quarantined: Sequence[Faulty]
    gaps: Mapping[str, Sequence[Hole]]
    holes: Mapping[str, Hole]
    paused: Mapping[str, str]


def fold(transaction: Connection[Any], batch: Batch, rules: Rules) -> Outcome:
    """Fold a batch.

    Raises QuarantineFull when a topic would exceed its limit, PositionMoved when another instance has the topic, and
    whatever a handler or the driver raises.
    """
    stored = positions.lock(transaction, list(batch.items))
    flowing = {topic: at for topic, at in stored.items() if at.paused is None}
    cuts = {t: cut(batch.items[t], at.next_offset, batch.holes.get(t)) for t, at in flowing.items()}
    usable = [item for part in cuts.values() for item in part.usable]
    new, set_aside = _effects(transaction, list(events_of(usable)), rules)
    rules.reached(Step.FOLDED)
    faults = [*faults_of(usable), *set_aside]
    _quarantine(transaction, faults, rules.quarantine_limit)
    moves = {t: (flowing[t].next_offset, part.next_offset) for t, part in cuts.items() if part.usable}
    positions.move(transaction, moves)
    rules.reached(Step.POSITIONED)
    paused = {topic: at.paused for topic, at in stored.items() if at.paused is not None}
    return _outcome(cuts, new, faults, paused)


def _outcome(
    cuts: Mapping[str, Cut], new: applied.Applied, faults: Sequence[Faulty], paused: Mapping[str, str]
) -> Outcome:
    return Outcome(
        positions={topic: part.next_offset for topic, part in cuts.items()},
        events=new.new,
        conflicts=new.conflicts,
        quarantined=faults,
        gaps={topic: part.gaps for topic, part in cuts.items() if part.gaps},
        holes={topic: part.hole for topic, part in cuts.items() if part.hole},
        paused=paused,
    )


def _effects(
    transaction: Connection[Any], events: Sequence[CheckedEvent], rules: Rules
) -> tuple[applied.Applied, list[Faulty]]:
    """Write and fold what is new of these events; what handlers set aside is taken back and returned."""
    shares = [(handler, _share(handler, events)) for handler in rules.handlers]
    buckets.lock(transaction, (key for handler, own in shares for key in handler.bucket_keys(transaction, own)))
    new = applied.add(transaction, events)
    aside: list[tuple[CheckedEvent, SetAside]] = []
    for handler in rules.handlers:
        if own := _share(handler, new.new):
            aside += _matched(own, handler.fold(transaction, own))
    if not aside:
        return new, []
    gone = [checked for checked, _ in aside]
    applied.remove(transaction, gone)
    away = {applied.identity(checked) for checked in gone}
    kept = [checked for checked in new.new if applied.identity(checked) not in away]
    return replace(new, new=kept), [_set_aside(checked, why) for checked, why in aside]


def _share(handler: Handler, events: Sequence[CheckedEvent]) -> list[CheckedEvent]:
    return [checked for checked in events if stream_of(checked.record.topic) in handler.streams]


def _matched(events: Sequence[CheckedEvent], aside: Iterable[SetAside]) -> list[tuple[CheckedEvent, SetAside]]:
    reasons = {(why.topic, why.event_id): why for why in aside}
    named = [(checked, reasons.get((checked.record.topic, checked.event.event_id))) for checked in events]
    return [(checked, why) for checked, why in named if why is not None]


def _set_aside(checked: CheckedEvent, why: SetAside) -> Faulty:
    ids = (checked.event.event_id, checked.event.member)
    return Faulty(checked.record, Verdict.UNUSABLE, why.reason, why.parameters, *ids)


def _quarantine(transaction: Connection[Any], faults: Sequence[Faulty], limit: int) -> None:
    if not faults:
        return
    quarantine = PostgresQuarantine(transaction)
    quarantine.put(faults)
    topics = sorted({fault.record.topic for fault in faults})
    for topic, waiting in quarantine.unresolved(topics).items():
        if waiting > limit:
            raise QuarantineFull(
                f"{topic} has {limit} unresolved entries in quarantine: it is paused until they are worked on",
                parameters={"topic": topic},
            )


def failed(batch: Batch, error: Exception) -> Batch:
    """A batch of one event whose fold raised, as one that sends it to quarantine.

    The reason is the handler's own, or ``handler_failed`` with the error's class; never its text, which may quote
    values. Raises Stop when the record went to quarantine already and even that failed.
    """
    topic, item = batch.only()
    if isinstance(item, Faulty):
        raise Stop(f"record {item.record.offset} of {topic} cannot even be quarantined ({type(error).__name__})")
    reason, parameters = HANDLER_FAILED, {"error": type(error).__name__}
    if isinstance(error, Unusable | Undecodable):
        reason, parameters = error.code, error.parameters
    ids = (item.event.event_id, item.event.member)
    return batch.with_only(Faulty(item.record, Verdict.UNUSABLE, reason, parameters, *ids))
