"""The handler of acts, decisions and receipts: stores them and folds each trace anew. It changes with its streams."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, SetAside
from consumers.tracing import effects, rows
from consumers.tracing.fold import REVISION_CONFLICT, fold
from consumers.tracing.rows import ActId, History
from consumers.tracing.table import Standing
from consumers.tracing.trace import ActStanding, Trace, TraceKey, trace_bucket_key
from schemas.events.decision import Decision
from schemas.events.receipt import Receipt
from schemas.events.trace import TraceAct
from schemas.steps import Reached, Step, not_watched

STREAMS = frozenset({"trace", "receipt", "decision"})


class TracingHandler:
    """Keeps the traces of the region's database equal to the fold of what is stored of them.

    The same final tables come from any order in which events are folded, act by act or in batches.
    """

    def __init__(self, reached: Reached = not_watched) -> None:
        self._reached = reached

    @property
    def streams(self) -> frozenset[str]:
        """Acts, receipts and decisions."""
        return STREAMS

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """The traces of all events; a receipt names its trace by the request that it is for."""
        touched = keys_of(events) | rows.traces_with_acts(transaction, events)
        return {key.bucket_key for key in touched} | {trace_bucket_key(of) for of in _receipted(events)}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Store the events, and write standings, traces, hops and work of every trace that they touch."""
        rows.add_acts(transaction, events)
        rows.add_receipts(transaction, events)
        rows.add_decisions(transaction, events)
        keys = keys_of(events) | rows.traces_with_acts(transaction, events)
        folded = refold(transaction, keys | rows.traces_of_requests(transaction, _receipted(events)))
        self._reached(Step.WORK_DERIVED)
        return _set_aside(transaction, folded, {(e.record.topic, e.event.event_id, e.sha256) for e in events})

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Forget the events, and fold every trace that they touched without them."""
        keys = keys_of(events) | rows.traces_with_acts(transaction, events)
        keys |= rows.traces_of_requests(transaction, _receipted(events))
        rows.forget(transaction, events)
        refold(transaction, keys)


def keys_of(events: Iterable[CheckedEvent]) -> set[TraceKey]:
    """The traces that acts and decisions name."""
    about = [checked.event for checked in events if isinstance(checked.event, TraceAct | Decision)]
    return {TraceKey(e.requester, e.trace_id) for e in about if e.requester is not None and e.trace_id is not None}


def refold(transaction: Connection[Any], keys: Iterable[TraceKey]) -> Sequence[tuple[Trace, History]]:
    """Fold these traces from what is stored and write the result; their buckets must be locked."""
    stored = rows.histories(transaction, keys)
    folded = [(fold(key, h.acts, h.decisions, h.receipts), h) for key, h in stored.items()]
    if folded:
        with transaction.pipeline():  # else each statement waits for the answer to the one before
            for trace, history in folded:
                effects.write_standings(transaction, trace, history)
            effects.write_traces(transaction, [trace for trace, _ in folded])
            effects.write_work(transaction, folded)
    return folded


def _receipted(events: Iterable[CheckedEvent]) -> set[str]:
    return {checked.event.of_event for checked in events if isinstance(checked.event, Receipt)}


def _set_aside(
    transaction: Connection[Any], folded: Iterable[tuple[Trace, History]], batch: Collection[ActId]
) -> Sequence[SetAside]:
    """What the loop has to set aside of its batch. What was applied before is moved to quarantine here.

    So is the loser of two values under one id: the loop knows what is set aside by id only.
    """
    answered: list[SetAside] = []
    moved: dict[ActId, str] = {}
    for told, was in ((told, history) for trace, history in folded for told in _refused(trace)):
        identity, reason = rows.act_id(told.act), told.reason or REVISION_CONFLICT
        if identity in batch and reason != REVISION_CONFLICT:
            answered.append(SetAside(identity[0], identity[1], reason))
        elif identity in batch or was.standings[identity][1] != Standing.SET_ASIDE:
            moved[identity] = reason
    effects.move_to_quarantine(transaction, moved)
    return answered


def _refused(trace: Trace) -> list[ActStanding]:
    return [told for told in trace.standings if told.standing is Standing.SET_ASIDE]
