"""Folds the log by itself, as the databases must have it. It changes with the folds that it checks.

It uses the pure folds of view, tracing and desk and nothing of the loop: no positions, no transactions, no batches.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from consumers.checked import CheckedEvent
from consumers.checking import Terms
from consumers.desk.handler import inbox_row
from consumers.desk.original import check_original
from consumers.tracing.dump import decision_row, trace_rows
from consumers.tracing.fold import fold
from consumers.tracing.rows import act_id
from consumers.tracing.table import Standing
from consumers.tracing.trace import Act, Trace, TraceKey
from consumers.tracing.wants import Want, wants
from consumers.view.dump import dump_row, lines
from interfocal.ledger.log import TopicLog
from interfocal.ledger.receipts import unforwarded
from interfocal.ledger.stores import Applied, EventId, LineCounts, StoreFacts, inbox_line, lines_of_rows
from schemas.events.decision import Decision
from schemas.events.delivery import Delivery
from schemas.events.missing import Missing
from schemas.events.receipt import Receipt
from schemas.events.seizure import Seizure
from schemas.events.trace import TraceAct


@dataclass(frozen=True, slots=True)
class Expected:
    """What the databases must hold: lines of view and acts by event, inbox lines, decisions, and what is set aside.

    ``set_aside`` are whole events that take no effect and wait in quarantine. ``undecided`` is what traces call for
    and no decision has settled. ``unforwarded``: receipts that their sender was owed and did not get.
    """

    view: Mapping[EventId, LineCounts]
    tracing: LineCounts
    acts: Mapping[EventId, str]
    traces: Sequence[Trace]
    inboxes: Mapping[str, Mapping[str, str]]  # topic -> delivery -> line
    decisions: Sequence[Decision]
    receipts: frozenset[Applied]
    undecided: Sequence[Want]
    unforwarded: Sequence[str]
    set_aside: frozenset[Applied]


def expect(logs: Mapping[str, TopicLog], stores: Sequence[StoreFacts], terms: Terms) -> Expected:
    """Fold every whole event of the log, but for what a database has put into quarantine for a reason of its own.

    Such an event (a handler that failed, say) is not lost: a person finds it there. It must not be applied as well.
    """
    whole = distinct(event for log in logs.values() for event in log.events)
    left_out = put_away(whole, stores) - {identity for trace in fold_traces(whole) for identity in set_aside(trace)}
    folded = [event for event in whole if identity(event) not in left_out]
    traces = fold_traces(folded)
    decisions = {identity(event): event.event for event in folded if isinstance(event.event, Decision)}
    rows = [row for trace in traces for row in trace_rows(trace)]
    rows += [decision_row(decision, sha256) for (_, _, sha256), decision in decisions.items()]
    inboxes, unsound = fold_inboxes(folded, terms)
    return Expected(
        view=fold_view(folded),
        tracing=Counter(lines_of_rows(rows)),
        acts={act: line for trace in traces for act, line in act_lines(trace)},
        traces=traces,
        inboxes=inboxes,
        decisions=list(decisions.values()),
        receipts=frozenset(identity(event) for event in folded if isinstance(event.event, Receipt)),
        undecided=undecided(traces, decisions.values()),
        unforwarded=list(unforwarded(folded)),
        set_aside=frozenset(left_out | unsound | {refused for trace in traces for refused in set_aside(trace)}),
    )


def identity(event: CheckedEvent) -> Applied:
    """What tells one value from every other: topic, event id, SHA-256."""
    return event.record.topic, event.event.event_id, event.sha256


def put_away(events: Sequence[CheckedEvent], stores: Sequence[StoreFacts]) -> set[Applied]:
    """Whole events that wait in a quarantine and are not applied."""
    waiting = {(entry.topic, entry.offset) for store in stores for entry in store.quarantined}
    found = {identity(event) for event in events if (event.record.topic, event.record.offset) in waiting}
    return found.difference(*(store.applied for store in stores))


def distinct(events: Iterable[CheckedEvent]) -> list[CheckedEvent]:
    """Without repeats: the same value under the same id on the same topic counts once."""
    known: dict[Applied, CheckedEvent] = {}
    for event in events:
        known.setdefault(identity(event), event)
    return list(known.values())


def fold_view(events: Iterable[CheckedEvent]) -> Mapping[EventId, LineCounts]:
    """The lines of the view that each seizure and missing record makes."""
    view: dict[EventId, LineCounts] = {}
    for checked in events:
        if isinstance(checked.event, Seizure | Missing):
            held = view.setdefault((checked.record.topic, checked.event.event_id), Counter())
            held.update(lines(dump_row(checked.event, checked.sha256, checked.claims.life, checked.claims.seq)))
    return view


def fold_traces(events: Sequence[CheckedEvent]) -> list[Trace]:
    """Every trace that acts or decisions name."""
    acts: dict[TraceKey, list[Act]] = {}
    decisions: dict[TraceKey, list[Decision]] = {}
    receipts: dict[str, list[Receipt]] = {}
    for act in acts_of(events):
        acts.setdefault(act.key, []).append(act)
    for checked in events:
        event = checked.event
        if isinstance(event, Decision) and event.requester and event.trace_id:
            decisions.setdefault(TraceKey(event.requester, event.trace_id), []).append(event)
        elif isinstance(event, Receipt):
            receipts.setdefault(event.of_event, []).append(event)
    keys = sorted(acts.keys() | decisions.keys())
    return [fold(key, acts.get(key, []), decisions.get(key, []), receipts.get(key.request_id, [])) for key in keys]


def acts_of(events: Iterable[CheckedEvent]) -> list[Act]:
    """Every act; one is overruled where its member gave its id to an earlier act of another trace."""
    read = ((checked, checked.event) for checked in events)
    acts = [Act(e, c.sha256, c.claims.life, c.claims.seq) for c, e in read if isinstance(e, TraceAct)]
    by_id: dict[tuple[str, str], list[Act]] = {}
    for act in acts:
        by_id.setdefault((act.event.member, act.event.event_id), []).append(act)
    return [
        replace(act, overruled=any(overrules(other, act) for other in same)) for same in by_id.values() for act in same
    ]


def overrules(other: Act, act: Act) -> bool:
    """Whether an act of the same id comes before this one, in another trace."""
    return other.key != act.key and (other.life, other.seq, other.sha256) < (act.life, act.seq, act.sha256)


def set_aside(trace: Trace) -> Iterator[Applied]:
    """The acts that are no part of their trace."""
    return (act_id(told.act) for told in trace.standings if told.standing is Standing.SET_ASIDE)


def act_lines(trace: Trace) -> Iterator[tuple[EventId, str]]:
    """The line that each act of a trace makes, by the act's topic and id."""
    rows = [row for row in trace_rows(trace) if row[0] == "trace_act"]
    acts = [told.act for told in trace.standings if told.standing is not Standing.SET_ASIDE]
    for act, line in zip(acts, lines_of_rows(rows), strict=True):
        topic, event_id, _ = act_id(act)
        yield (topic, event_id), line


def undecided(traces: Iterable[Trace], decisions: Iterable[Decision]) -> list[Want]:
    """What the traces call for, without what these decisions have settled."""
    taken: dict[tuple[str | None, str | None], list[Decision]] = {}
    for decision in decisions:
        taken.setdefault((decision.requester, decision.trace_id), []).append(decision)
    return [want for trace in traces for want in wants(trace, taken.get((trace.key.requester, trace.key.trace_id), []))]


def fold_inboxes(
    events: Iterable[CheckedEvent], terms: Terms
) -> tuple[Mapping[str, Mapping[str, str]], frozenset[Applied]]:
    """The line of each delivery by inbox topic, and the deliveries whose original does not hold."""
    inboxes: dict[str, dict[str, str]] = {}
    unsound: set[Applied] = set()
    for checked in events:
        if isinstance(checked.event, Delivery):
            original = check_original(checked.event, terms)
            if isinstance(original, str):
                unsound.add(identity(checked))
            else:
                line = inbox_line(inbox_row(checked.event, original))
                inboxes.setdefault(checked.record.topic, {}).setdefault(checked.event.event_id, line)
    return inboxes, frozenset(unsound)
