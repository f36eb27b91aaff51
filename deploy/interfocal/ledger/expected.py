"""Folds the log by itself, as the view must have it. It changes with the folds that it checks.

It uses the pure folds of view and tracing and nothing of the loop: no positions, no transactions, no batches.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from consumers.checked import CheckedEvent
from consumers.tracing.dump import decision_row, trace_rows
from consumers.tracing.fold import fold
from consumers.tracing.table import Standing
from consumers.tracing.trace import Act, Trace, TraceKey
from consumers.view.dump import dump_row, lines
from interfocal.ledger.log import TopicLog
from interfocal.ledger.stores import LineCounts, lines_of_rows
from schemas.events.decision import Decision
from schemas.events.missing import Missing
from schemas.events.receipt import Receipt
from schemas.events.seizure import Seizure
from schemas.events.trace import TraceAct


@dataclass(frozen=True, slots=True)
class Expected:
    """What the databases must hold: lines of the view and of acts by event id, traces, and acts that are set aside."""

    view: Mapping[str, Counter[str]]
    tracing: LineCounts
    acts: Mapping[str, str]
    traces: Sequence[Trace]
    set_aside: frozenset[str]
    decisions: Sequence[CheckedEvent]


def expect(logs: Mapping[str, TopicLog]) -> Expected:
    """Fold every whole event of the log."""
    events = distinct(event for log in logs.values() for event in log.events)
    view = {event.event.event_id: Counter[str]() for event in events}
    for event in events:
        view[event.event.event_id].update(view_lines(event))
    decisions = [event for event in events if isinstance(event.event, Decision)]
    traces = fold_traces(events)
    rows = [row for trace in traces for row in trace_rows(trace)]
    rows += [decision_row(event.event, event.sha256) for event in decisions if isinstance(event.event, Decision)]
    acts = {
        str(row["event_id"]): line
        for (table, row), line in zip(rows, lines_of_rows(rows), strict=True)
        if table == "trace_act"
    }
    aside = {
        told.act.event.event_id for trace in traces for told in trace.standings if told.standing is Standing.SET_ASIDE
    }
    return Expected(view, Counter(lines_of_rows(rows)), acts, traces, frozenset(aside), decisions)


def view_lines(checked: CheckedEvent) -> Iterator[str]:
    """The lines of the view that one event makes."""
    if not isinstance(checked.event, Seizure | Missing):
        return iter(())
    return lines(dump_row(checked.event, checked.sha256, checked.claims.life, checked.claims.seq))


def distinct(events: Iterable[CheckedEvent]) -> list[CheckedEvent]:
    """Without repeats: the same value under the same id on the same topic counts once."""
    known: dict[tuple[str, str, str], CheckedEvent] = {}
    for event in events:
        known.setdefault((event.record.topic, event.event.event_id, event.sha256), event)
    return list(known.values())


def fold_traces(events: Sequence[CheckedEvent]) -> list[Trace]:
    """Every trace that acts or decisions name."""
    acts: dict[TraceKey, list[Act]] = {}
    decisions: dict[TraceKey, list[Decision]] = {}
    receipts: dict[str, list[Receipt]] = {}
    for checked in events:
        event, claims = checked.event, checked.claims
        if isinstance(event, TraceAct):
            act = Act(event, checked.sha256, claims.life, claims.seq)
            acts.setdefault(act.key, []).append(act)
        elif isinstance(event, Decision) and event.requester and event.trace_id:
            decisions.setdefault(TraceKey(event.requester, event.trace_id), []).append(event)
        elif isinstance(event, Receipt):
            receipts.setdefault(event.of_event, []).append(event)
    keys = sorted(acts.keys() | decisions.keys())
    return [fold(key, acts.get(key, []), decisions.get(key, []), receipts.get(key.request_id, [])) for key in keys]
