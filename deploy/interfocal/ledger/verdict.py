"""Compares what was accepted, what is on the log and what the databases hold. Pure; it changes with the promises.

Unit: event id of members' seizure, missing and trace events; a repeat adds none. Nothing here trusts a counter of
the pipeline.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from interfocal.ledger.expected import Expected
from interfocal.ledger.log import Problem, TopicLog
from interfocal.ledger.stores import InboxRow, LineCounts, OutboxFacts, StoreFacts
from schemas.events.decision import Decision
from schemas.topics import RECORD_STREAMS, owner_of, stream_of


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk's database: the shared facts, and its inbox."""

    facts: StoreFacts
    inbox: Sequence[InboxRow]


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything that was read."""

    outboxes: Mapping[str, OutboxFacts]
    logs: Mapping[str, TopicLog]
    expected: Expected
    region: StoreFacts
    view: LineCounts
    tracing: LineCounts
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
    accepted = {event_id for outbox in counted.outboxes.values() for event_id in outbox.accepted}
    waiting = {event_id for outbox in counted.outboxes.values() for event_id in outbox.waiting} & accepted
    logged = set(logged_records(counted.logs))
    quarantined = {q.event_id for q in counted.region.quarantined if q.event_id} & accepted
    in_view = {event_id for event_id in accepted & logged if stands_in_view(counted, event_id)} - quarantined
    lost = accepted - in_view - quarantined - (waiting - logged)
    return Balance(
        accepted=len(accepted),
        published=len(accepted & logged),
        in_view=len(in_view),
        quarantined=len(quarantined),
        waiting=len(waiting - logged),
        foreign=sum(len(log.foreign) for log in counted.logs.values()),
        lost=sorted(lost),
        doubled=sorted(doubled(counted)),
        problems=list(problems(counted, accepted, logged)),
    )


def logged_records(logs: Mapping[str, TopicLog]) -> Iterator[str]:
    """Event ids of members' records on the log, whole or sealed but unusable."""
    for topic, log in logs.items():
        if stream_of(topic) in RECORD_STREAMS:
            yield from (event.event.event_id for event in log.events)
            yield from (fault.event_id for fault in log.unusable if fault.event_id)


def stands_in_view(counted: Counted, event_id: str) -> bool:
    """Whether the view holds exactly the rows that this event makes: of a record its lines, of an act its row."""
    lines = counted.expected.view.get(event_id)
    if lines is None or event_id in counted.expected.set_aside:
        return False
    if lines:
        return all(counted.view[line] == times for line, times in lines.items())
    return counted.tracing[counted.expected.acts.get(event_id, "")] == 1


def doubled(counted: Counted) -> set[str]:
    """Ids of whatever counts twice: view rows, decisions of one question, inbox rows of one delivery."""
    found = {event_id for _, event_id in counted.region.doubled}
    for event_id, lines in counted.expected.view.items():
        if any(counted.view[line] > times for line, times in lines.items()):
            found.add(event_id)
    found |= {event_id for desk in counted.desks.values() for _, event_id in desk.facts.doubled}
    questions = Counter(question(e.event) for e in counted.expected.decisions if isinstance(e.event, Decision))
    return found | {subject for (_, subject, _, _), times in questions.items() if times > 1}


def question(decision: Decision) -> tuple[str, str, int | None, str | None]:
    """What a decision settles, once and for all."""
    return decision.kind, decision.subject, decision.hop, decision.cause


def problems(counted: Counted, accepted: set[str], logged: set[str]) -> Iterator[Problem]:
    """Everything else that should not be."""
    for log in counted.logs.values():
        yield from log.problems
    for event_id in sorted(logged - accepted):
        yield Problem("not_accepted_here", event_id)
    yield from _lines("view", counted.view, sum(counted.expected.view.values(), Counter()))
    yield from _lines("tracing", counted.tracing, counted.expected.tracing)
    region = {topic: log for topic, log in counted.logs.items() if stream_of(topic) != "inbox"}
    yield from folded(counted.region, region)
    for code, desk in counted.desks.items():
        inbox = {topic: log for topic, log in counted.logs.items() if is_inbox_of(topic, code)}
        yield from folded(desk.facts, inbox)
        yield from delivered(code, desk, inbox)
    yield from promised(counted)


def is_inbox_of(topic: str, code: str) -> bool:
    """Whether a topic is this member's inbox."""
    return stream_of(topic) == "inbox" and topic.rsplit(".", 1)[1] == code.lower()


def _lines(name: str, held: LineCounts, expected: LineCounts) -> Iterator[Problem]:
    """The dump as it is against the dump as it must be, by table."""
    for code, difference in ((f"{name}_row_missing", expected - held), (f"{name}_row_unexpected", held - expected)):
        tables = Counter[str]()
        for line, times in difference.items():
            tables[line.split('"', 2)[1]] += times
        for table, times in sorted(tables.items()):
            yield Problem(code, f"{table}: {times}")


def folded(store: StoreFacts, logs: Mapping[str, TopicLog]) -> Iterator[Problem]:
    """Every record before the position is applied or in quarantine, and positions stand at the ends."""
    quarantined = {(entry.topic, entry.offset) for entry in store.quarantined}
    for topic, log in logs.items():
        position = store.positions.get(topic, 0)
        if position != log.end:
            yield Problem("position_not_at_end", f"{topic}: {position} of {log.end}")
        for event in log.events:
            applied = (topic, event.event.event_id, event.sha256) in store.applied
            if not applied and (topic, event.record.offset) not in quarantined:
                yield Problem("not_applied", f"{topic} {event.record.offset}")
        offsets = [*log.foreign, *(fault.record.offset for fault in log.unusable)]
        for offset in offsets:
            if (topic, offset) not in quarantined:
                yield Problem("not_in_quarantine", f"{topic} {offset}")


def delivered(code: str, desk: Desk, logs: Mapping[str, TopicLog]) -> Iterator[Problem]:
    """Every delivery on an inbox topic is an inbox row, or set aside with its reason."""
    rows = {row.delivery for row in desk.inbox}
    aside = {entry.event_id for entry in desk.facts.quarantined}
    for log in logs.values():
        for event in log.events:
            if event.event.event_id not in rows | aside:
                yield Problem("inbox_row_missing", f"{code} {event.event.event_id}")
    sent = {event.event.event_id for log in logs.values() for event in log.events}
    for row in desk.inbox:
        if row.delivery not in sent:
            yield Problem("inbox_row_unexpected", f"{code} {row.delivery}")


def promised(counted: Counted) -> Iterator[Problem]:
    """Every delivery that a decision lists is on its inbox topic."""
    sent = {
        event.event.event_id
        for topic, log in counted.logs.items()
        if stream_of(topic) == "inbox" and owner_of(topic) == "region"
        for event in log.events
    }
    for checked in counted.expected.decisions:
        if isinstance(checked.event, Decision):
            for planned in checked.event.deliveries:
                if planned.event_id not in sent:
                    yield Problem("delivery_missing", f"{planned.inbox} {planned.event_id}")
