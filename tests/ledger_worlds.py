"""Small worlds for the ledger: outboxes, log and databases as they are when every promise held; each single change."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from consumers.checked import CheckedEvent
from consumers.quarantine.entries import Faulty, Verdict
from consumers.tracing.wants import ROUTING, Want, settled_by
from interfocal.ledger.expected import Expected, identity
from interfocal.ledger.log import Problem, TopicLog
from interfocal.ledger.stores import (
    Applied,
    Desk,
    EventId,
    InboxRow,
    LineCounts,
    OutboxFacts,
    PutAway,
    RegionFacts,
    StoreFacts,
)
from interfocal.ledger.verdict import Counted
from interfocal.wiring.desks import desk_topics
from schemas.events.decision import Decision, PlannedDelivery
from schemas.events.delivery import Delivery
from schemas.events.envelope import Event
from schemas.events.ids import value_sha256
from schemas.events.quarantined import Quarantined
from schemas.events.receipt import Receipt
from schemas.events.seizure import Seizure
from schemas.events.trace import TraceAct
from schemas.record import Record
from schemas.topics import (
    DECISION_TOPIC,
    inbox_topic,
    is_compacted,
    member_topic,
    owner_of,
    quarantine_topic,
    stream_of,
)
from sealing import an_id, claims

MEMBERS = ("aa", "bb")
KINDS: Mapping[str, type[Event]] = {"seizure": Seizure, "trace": TraceAct, "receipt": Receipt}
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much there is: of each member's stream whole, unusable and foreign records, set-aside acts; decisions."""

    seizures: int = 2
    acts: int = 1
    receipts: int = 1
    unusable: int = 1
    foreign: int = 1
    set_aside: int = 1
    decisions: int = 2


def only(model: type[M], **fields: object) -> M:
    """A value of which only these fields matter."""
    construct: Any = model.model_construct
    made: M = construct(**fields)
    return made


def event_on(topic: str, offset: int, event: Event) -> CheckedEvent:
    """An event as the log holds it."""
    value = event.event_id.encode()
    sealed = claims(topic=topic, event_id=event.event_id, seq=offset + 1)
    return CheckedEvent(Record(topic, offset, b"", value), sealed, event, value_sha256(value), 1)


def named(topic: str, offset: int) -> str:
    """The event id of what lies there."""
    return f"{topic}-{offset}"


def member_log(owner: str, stream: str, plan: Plan) -> TopicLog:
    """One member's topic: whole events first, then those that are set aside, then unusable and foreign records."""
    topic = member_topic(owner, stream)
    whole = {"seizure": plan.seizures, "trace": plan.acts + plan.set_aside, "receipt": plan.receipts}[stream]
    kind = KINDS[stream]
    events = [event_on(topic, o, only(kind, event_id=named(topic, o))) for o in range(whole)]
    unusable = [
        Faulty(Record(topic, o, b"", b""), Verdict.UNDECODABLE, "malformed", event_id=named(topic, o))
        for o in range(whole, whole + plan.unusable)
    ]
    end = whole + plan.unusable
    return TopicLog(topic, events, unusable, range(end, end + plan.foreign), end + plan.foreign, ())


def decisions(plan: Plan) -> list[Decision]:
    """Decisions, each with a delivery to the last member."""
    return [
        only(
            Decision,
            event_id=named(DECISION_TOPIC, number),
            kind=ROUTING,
            subject=f"subject {number}",
            requester="AA",
            trace_id=an_id(f"trace {number}"),
            hop=1,
            cause=f"cause {number}",
            deliveries=(only(PlannedDelivery, event_id=f"delivery {number}"),),
        )
        for number in range(plan.decisions)
    ]


def logs_of(plan: Plan) -> dict[str, TopicLog]:
    """Every topic."""
    logs = {log.topic: log for owner in MEMBERS for stream in KINDS for log in [member_log(owner, stream, plan)]}
    told = [event_on(DECISION_TOPIC, o, decision) for o, decision in enumerate(decisions(plan))]
    logs[DECISION_TOPIC] = TopicLog(DECISION_TOPIC, told, (), (), len(told), ())
    for owner in MEMBERS:
        topic, count = inbox_topic(owner), plan.decisions if owner == MEMBERS[-1] else 0
        sent = [event_on(topic, o, only(Delivery, event_id=f"delivery {o}")) for o in range(count)]
        logs[topic] = TopicLog(topic, sent, (), (), count, ())
    for owner in MEMBERS:
        topic = quarantine_topic(owner)
        told = [event_on(topic, o, event) for o, event in enumerate(told_of(logs, plan, owner))]
        logs[topic] = TopicLog(topic, told, (), (), len(told), ())
    return logs


def told_of(logs: Mapping[str, TopicLog], plan: Plan, owner: str) -> list[Event]:
    """What a member is told of: each of its records that is unusable or set aside."""
    own = {topic: log for topic, log in logs.items() if owner_of(topic) == owner}
    records = [fault.record for fault in unusable_of(own)] + [event.record for event in set_aside_of(logs, plan)]
    places = [(record.topic, record.offset) for record in records if owner_of(record.topic) == owner]
    return [only(Quarantined, event_id=f"told {t} {o}", topic=t, offset=o) for t, o in places]


def set_aside_of(logs: Mapping[str, TopicLog], plan: Plan) -> list[CheckedEvent]:
    """The last acts of each member."""
    acts = [logs[member_topic(owner, "trace")].events for owner in MEMBERS]
    return [event for events in acts for event in events[len(events) - plan.set_aside :]]


def store_of(logs: Mapping[str, TopicLog], aside: list[CheckedEvent]) -> StoreFacts:
    """What a database holds that has folded these topics."""
    away = {identity(event) for event in aside}
    whole = [event for log in logs.values() for event in log.events]
    entries = [PutAway(f.record.topic, f.record.offset, f.event_id, f.reason) for f in unusable_of(logs)]
    entries += [PutAway(log.topic, offset, None, "no_seal") for log in logs.values() for offset in log.foreign]
    entries += [PutAway(e.record.topic, e.record.offset, e.event.event_id, "wrong_party") for e in aside]
    return StoreFacts(
        positions={topic: log.end for topic, log in logs.items()},
        applied={identity(event): 0.1 for event in whole if identity(event) not in away},
        quarantined=entries,
        doubled=frozenset(),
    )


def unusable_of(logs: Mapping[str, TopicLog]) -> list[Faulty]:
    return [fault for log in logs.values() for fault in log.unusable]


def expected_of(logs: Mapping[str, TopicLog], plan: Plan) -> Expected:
    """What a fold of the log says, with lines that are made up."""
    aside = frozenset(identity(event) for event in set_aside_of(logs, plan))
    counted = [event for log in logs.values() for event in log.events if identity(event) not in aside]
    view = {key(event): Counter([f'["seizure" {key(event)}']) for event in counted if isinstance(event.event, Seizure)}
    acts = {key(event): f'["trace_act" {key(event)}' for event in counted if isinstance(event.event, TraceAct)}
    told = [event.event for event in counted if isinstance(event.event, Decision)]
    inboxes = {
        inbox_topic(owner): {e.event.event_id: f"line {e.event.event_id}" for e in logs[inbox_topic(owner)].events}
        for owner in MEMBERS
    }
    return Expected(
        view=view,
        tracing=Counter([*acts.values(), *(f'["decision" {decision.event_id}' for decision in told)]),
        acts=acts,
        traces=(),
        inboxes=inboxes,
        decisions=told,
        receipts=frozenset(identity(event) for event in counted if isinstance(event.event, Receipt)),
        undecided=(),
        unforwarded=(),
        set_aside=aside,
    )


def key(event: CheckedEvent) -> EventId:
    return event.record.topic, event.event.event_id


def outbox_of(owner: str, logs: Mapping[str, TopicLog]) -> OutboxFacts:
    """The outbox of a member all of whose events are published."""
    mine = [logs[member_topic(owner, stream)] for stream in KINDS]
    places = {(log.topic, e.event.event_id): e.record.offset for log in mine for e in log.events}
    places |= {(log.topic, f.event_id or ""): f.record.offset for log in mine for f in log.unusable}
    return OutboxFacts({event_id: stream_of(topic) for topic, event_id in places}, frozenset(), places)


def world(plan: Plan) -> Counted:
    """Everything as it must be."""
    logs = logs_of(plan)
    expected = expected_of(logs, plan)
    folded = {topic: log for topic, log in logs.items() if stream_of(topic) not in {"inbox", "quarantine"}}
    region = RegionFacts(
        store=store_of(folded, set_aside_of(logs, plan)),
        view=sum(expected.view.values(), Counter()),
        tracing=Counter(expected.tracing),
        decided={want: d.event_id for d in expected.decisions if (want := settled_by(d))},
        receipts=expected.receipts,
    )
    desks = {
        owner.upper(): Desk(
            store_of(
                {topic: logs[topic] for topic in desk_topics(owner) if topic in logs and not is_compacted(topic)}, []
            ),
            [
                InboxRow(d, "of", "accountable", d, 1.0, line)
                for d, line in expected.inboxes[inbox_topic(owner)].items()
            ],
        )
        for owner in MEMBERS
    }
    return Counted({owner: outbox_of(owner, logs) for owner in MEMBERS}, logs, expected, region, desks)


def mutations(counted: Counted) -> Iterator[tuple[str, Counted]]:
    """Every single change, with a name."""
    for owner, outbox in counted.outboxes.items():
        for name, other in outbox_mutations(outbox):
            yield f"{owner} {name}", replace(counted, outboxes={**counted.outboxes, owner: other})
    for topic, log in counted.logs.items():
        for name, events in without_each(log.events):
            changed = {**counted.logs, topic: replace(log, events=events)}
            yield f"{topic} {name}", replace(counted, logs=changed)
        told = replace(log, problems=[Problem("chain_gap", topic)])
        yield f"{topic} problem", replace(counted, logs={**counted.logs, topic: told})
    for name, region in region_mutations(counted.region):
        yield f"region {name}", replace(counted, region=region)
    for code, desk in counted.desks.items():
        for name, other_desk in desk_mutations(desk):
            yield f"desk {code} {name}", replace(counted, desks={**counted.desks, code: other_desk})
    want = Want(ROUTING, "subject", 1, "cause")
    yield "undecided", replace(counted, expected=replace(counted.expected, undecided=[want]))


def outbox_mutations(outbox: OutboxFacts) -> Iterator[tuple[str, OutboxFacts]]:
    for event_id in outbox.accepted:
        rest = {other: stream for other, stream in outbox.accepted.items() if other != event_id}
        yield f"forgot {event_id}", replace(outbox, accepted=rest)
    lost = {**outbox.accepted, "lost": "seizure"}
    yield "lost", replace(outbox, accepted=lost)
    yield "lost receipt", replace(outbox, accepted={**outbox.accepted, "lost": "receipt"})
    yield "not sent", replace(outbox, accepted=lost, waiting=frozenset({"lost"}))
    for event, offset in outbox.published.items():
        yield f"marked {event}", replace(outbox, published={**outbox.published, event: offset + 1})


def region_mutations(region: RegionFacts) -> Iterator[tuple[str, RegionFacts]]:
    for name, store in store_mutations(region.store):
        yield name, replace(region, store=store)
    for name, held in line_mutations(region.view):
        yield f"view {name}", replace(region, view=held)
    for name, held in line_mutations(region.tracing):
        yield f"tracing {name}", replace(region, tracing=held)
    for want in region.decided:
        rest = {other: decision for other, decision in region.decided.items() if other != want}
        yield f"decided {want}", replace(region, decided=rest)
    unsent = {**region.decided, Want(ROUTING, "s", 1, "c"): "unsent"}
    yield "decision not sent", replace(region, decided=unsent)
    for receipt in region.receipts:
        yield f"receipt {receipt}", replace(region, receipts=region.receipts - {receipt})
    yield "receipt from nowhere", replace(region, receipts=region.receipts | {("aa.receipt", "x", "x")})


def desk_mutations(desk: Desk) -> Iterator[tuple[str, Desk]]:
    for name, store in store_mutations(desk.store):
        yield name, replace(desk, store=store)
    for name, rows in without_each(desk.inbox):
        yield f"inbox {name}", replace(desk, inbox=rows)
    for row in desk.inbox:
        altered = [replace(other, line="altered") if other is row else other for other in desk.inbox]
        yield f"inbox altered {row.delivery}", replace(desk, inbox=altered)
        yield f"inbox doubled {row.delivery}", replace(desk, inbox=[*desk.inbox, row])
    yield "inbox from nowhere", replace(desk, inbox=[*desk.inbox, InboxRow("x", "of", "party", "x", 1.0, "x")])


def store_mutations(store: StoreFacts) -> Iterator[tuple[str, StoreFacts]]:
    for event in store.applied:
        rest = {other: at for other, at in store.applied.items() if other != event}
        yield f"applied {event}", replace(store, applied=rest)
    strange: Applied = ("aa.seizure", "strange", "sha")
    yield "applied from nowhere", replace(store, applied={**store.applied, strange: 0.1})
    for name, entries in without_each(store.quarantined):
        yield f"quarantined {name}", replace(store, quarantined=entries)
    nowhere = PutAway("aa.seizure", 1_000, None, "no_seal")
    yield "quarantined from nowhere", replace(store, quarantined=[*store.quarantined, nowhere])
    for topic, position in store.positions.items():
        for other in (position - 1, position + 1):
            yield f"position {topic} {other}", replace(store, positions={**store.positions, topic: other})
    yield "doubled", replace(store, doubled=frozenset({"x"}))


def line_mutations(held: LineCounts) -> Iterator[tuple[str, LineCounts]]:
    for line in held:
        yield f"without {line}", held - Counter([line])
        yield f"doubled {line}", held + Counter([line])
        yield f"altered {line}", held - Counter([line]) + Counter([f"{line}!"])


def without_each(items: Any) -> Iterator[tuple[str, Any]]:
    for place in range(len(items)):
        yield f"without {place}", [*items[:place], *items[place + 1 :]]
