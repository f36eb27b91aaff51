"""Compares what was accepted, what is on the log and what the databases hold. Pure; it changes with the promises.

Unit: event id of members' seizure, missing and trace events; a repeat adds none. Nothing here trusts a counter of
the pipeline.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from interfocal.ledger.checks import (
    check_decisions,
    check_deliveries,
    check_inbox,
    check_lines,
    check_store,
    check_told,
)
from interfocal.ledger.expected import Expected, put_away
from interfocal.ledger.heads import check_all_heads
from interfocal.ledger.log import Problem, TopicLog
from interfocal.ledger.stores import Applied, Desk, EventId, OutboxFacts, RegionFacts
from interfocal.wiring.desks import desk_topics
from schemas.events.decision import Decision
from schemas.topics import (
    RECORD_STREAMS,
    REGION,
    inbox_topic,
    is_compacted,
    is_short_lived,
    member_topic,
    owner_of,
    stream_of,
)

NOT_FOLDED = frozenset({"inbox", "quarantine", "directory"})
"""Streams of the region that its own view does not fold."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything that was read: outboxes by owner, topics, the region's database, desks by member."""

    outboxes: Mapping[str, OutboxFacts]
    logs: Mapping[str, TopicLog]
    expected: Expected
    region: RegionFacts
    desks: Mapping[str, Desk]


@dataclass(frozen=True, slots=True)
class Balance:
    """The result: where each accepted event is, what is lost or doubled, and every other problem."""

    accepted: int
    published: int
    in_view: int
    quarantined: int
    waiting: int
    foreign: int
    lost: Sequence[str]
    doubled: Sequence[str]
    problems: Sequence[Problem]

    @property
    def holds(self) -> bool:
        """Whether every promise held."""
        settled = self.accepted == self.in_view + self.quarantined
        return settled and not (self.lost or self.doubled or self.problems)


def balance(counted: Counted) -> Balance:
    """Settle the accounts."""
    accepted = {event for event in accepted_events(counted.outboxes) if is_record(event[0])}
    logged = places(counted.logs)
    unsent = {event for event in waiting_events(counted.outboxes) if event in accepted} - logged.keys()
    entries = {(entry.topic, entry.offset) for entry in counted.region.store.quarantined}
    in_view = {event for event in accepted & logged.keys() if stands_in_view(counted, event)}
    aside = {event for event in (accepted & logged.keys()) - in_view if logged[event] & entries}
    return Balance(
        accepted=len(accepted),
        published=len(accepted & logged.keys()),
        in_view=len(in_view),
        quarantined=len(aside),
        waiting=len(unsent),
        foreign=sum(len(log.foreign) for log in counted.logs.values()),
        lost=sorted(event_id for _, event_id in accepted - in_view - aside - unsent),
        doubled=sorted(doubled(counted)),
        problems=list(problems(counted)),
    )


def accepted_events(outboxes: Mapping[str, OutboxFacts]) -> Iterator[EventId]:
    """Everything that intakes accepted, by the topic that it is for."""
    for owner, outbox in outboxes.items():
        yield from ((member_topic(owner, stream), event_id) for event_id, stream in outbox.accepted.items())


def waiting_events(outboxes: Mapping[str, OutboxFacts]) -> Iterator[EventId]:
    """What outboxes hold that Kafka has not acknowledged."""
    for owner, outbox in outboxes.items():
        for event_id in outbox.waiting & outbox.accepted.keys():
            yield member_topic(owner, outbox.accepted[event_id]), event_id


def is_record(topic: str) -> bool:
    """Whether a topic's events are counted."""
    return stream_of(topic) in RECORD_STREAMS


def places(logs: Mapping[str, TopicLog]) -> Mapping[EventId, set[tuple[str, int]]]:
    """Where each member's event lies on the log, whole or sealed but unusable."""
    found: dict[EventId, set[tuple[str, int]]] = {}
    for topic, log in logs.items():
        whole = ((event.event.event_id, event.record.offset) for event in log.events)
        unusable = ((fault.event_id, fault.record.offset) for fault in log.unusable)
        for event_id, offset in chain(whole, unusable):
            if event_id:
                found.setdefault((topic, event_id), set()).add((topic, offset))
    return found


def stands_in_view(counted: Counted, event: EventId) -> bool:
    """Whether the view holds exactly the rows that this event makes: of a record its lines, of an act its row."""
    lines = counted.expected.view.get(event)
    if lines:
        return all(counted.region.view[line] == times for line, times in lines.items())
    act = counted.expected.acts.get(event)
    return act is not None and counted.region.tracing[act] == 1


def doubled(counted: Counted) -> set[str]:
    """Ids of whatever counts twice: view rows, decisions of one question, inbox rows of one delivery."""
    found = set(counted.region.store.doubled)
    for (_, event_id), lines in counted.expected.view.items():
        if any(counted.region.view[line] > times for line, times in lines.items()):
            found.add(event_id)
    for desk in counted.desks.values():
        found |= desk.store.doubled
    questions = Counter(question(decision) for decision in counted.expected.decisions)
    return found | {d.event_id for d in counted.expected.decisions if questions[question(d)] > 1}


def question(decision: Decision) -> tuple[str, str, int | None, str | None]:
    """What a decision settles, once and for all."""
    return decision.kind, decision.subject, decision.hop, decision.cause


def problems(counted: Counted) -> Iterator[Problem]:
    """Everything else that should not be."""
    expected, region = counted.expected, counted.region
    of_logs = (problem for log in counted.logs.values() for problem in log.problems)
    for problem in (*of_logs, *check_all_heads(counted.logs)):
        if problem.where not in region.acknowledged:
            yield problem
    yield from check_outboxes(counted)
    yield from check_lines("view", region.view, sum(expected.view.values(), Counter()))
    yield from check_lines("tracing", region.tracing, expected.tracing)
    folded = {topic: log for topic, log in counted.logs.items() if stream_of(topic) not in NOT_FOLDED}
    yield from check_store(region.store, folded, expected)
    yield from check_told(region.store, counted.logs)
    yield from check_decisions(region, expected)
    for code, desk in counted.desks.items():
        logs = {topic: counted.logs[topic] for topic in desk_topics(code.lower()) if topic in counted.logs}
        yield from check_store(desk.store, logs, replace(expected, set_aside=aside_of_desk(desk, logs, expected)))
        yield from check_inbox(code, desk.inbox, expected.inboxes.get(inbox_topic(code), {}))
    yield from check_deliveries(counted.logs, expected)


def aside_of_desk(desk: Desk, logs: Mapping[str, TopicLog], expected: Expected) -> frozenset[Applied]:
    """Whole events that a desk may not have applied: unsound deliveries, and whatever its own quarantine holds.

    What the region has set aside of the member's own acts, the desk knows all the same.
    """
    inboxes = {event for event in expected.set_aside if owner_of(event[0]) == REGION}
    own = [event for topic, log in logs.items() if owner_of(topic) != REGION for event in log.events]
    return frozenset(inboxes | put_away(own, [desk.store]))


def check_outboxes(counted: Counted) -> Iterator[Problem]:
    """What was accepted is on its topic or waits; what is on a topic was accepted; what is marked lies there."""
    accepted, logged = set(accepted_events(counted.outboxes)), places(counted.logs)
    left = {e for e in accepted if not is_compacted(e[0])} - logged.keys() - set(waiting_events(counted.outboxes))
    yield from (Problem("not_on_log", f"{topic} {event_id}") for topic, event_id in sorted(left))
    owners = counted.outboxes.keys()
    unknown = {e for e in logged.keys() - accepted if owner_of(e[0]) in owners and not is_short_lived(e[0])}
    yield from (Problem("not_accepted_here", f"{topic} {event_id}") for topic, event_id in sorted(unknown))
    for outbox in counted.outboxes.values():
        for event, offset in outbox.published.items():
            if not is_short_lived(event[0]) and (event[0], offset) not in logged.get(event, set()):
                yield Problem("marked_but_not_there", f"{event[0]} {offset}")
