"""Decides one want in one transaction. It changes with what a decision reads or writes.

The order: lock the buckets of trace and marks, read anew what they guard, decide, then write that the want is
settled, the decision, its deliveries after it, and take the work away; all or none.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from consumers.audit.log import Acting, Deed, Kind, append
from consumers.blocking import blocking_keys
from consumers.store import buckets, outbox
from consumers.tracing import knowledge, rows
from consumers.tracing.decide import REGION_MEMBER, Matter, Ruling, Stamp, decision_of, delivery_of, ruling_of
from consumers.tracing.fold import fold
from consumers.tracing.handler import refold
from consumers.tracing.knowledge import Arrival
from consumers.tracing.question import Knowledge, OpenMissing, Question, question_of
from consumers.tracing.rows import History
from consumers.tracing.rules import Choice, route
from consumers.tracing.table import Standing
from consumers.tracing.trace import Act, Trace, TraceKey
from consumers.tracing.wants import ROUTING, Want, addressees, wants
from schemas.directory import Directory
from schemas.events.decision import Decision, PlannedDelivery, Settled, SourceHandling, Undeliverable
from schemas.events.ids import value_sha256
from schemas.events.trace import TraceAct
from schemas.handling.combined import Stated
from schemas.handling.rules import shows, terms_at
from schemas.marks.reference import Reference
from schemas.record import Draft
from schemas.topics import DECISION_TOPIC, MAX_DELIVERY_BYTES, inbox_topic, member_topic
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode
from schemas.wire.traceparent import TraceContext

PART = "router"
PURPOSE = "tracing"
TOO_LARGE = Ruling("undeliverable", Undeliverable(reason="too_large"))
NO_ADDRESSEE = Ruling("none", Settled(reason="no_addressee"))
NOT_RELEASABLE = Ruling("undeliverable", Undeliverable(reason="not_releasable"))


@dataclass(frozen=True, slots=True)
class Office:
    """What the region decides by: its directory, the reference tables, and the clock."""

    directory: Directory
    reference: Reference
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Case:
    """A trace as it stands under lock, and the act that a want is about."""

    trace: Trace
    history: History
    act: Act


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision that was taken, and how the act came that called for it."""

    decision: Decision
    arrival: Arrival


def decide(transaction: Connection[Any], office: Office, want: Want, key: TraceKey) -> Taken | None:
    """Settle one want; None when that is not wanted any more, or other marks than those locked would be read."""
    locked = _marks_to_lock(transaction, want, key)
    buckets.lock(transaction, {key.bucket_key, *locked})
    case = read_case(transaction, want, key)
    if case is None or want not in wants(case.trace, case.history.decisions):
        refold(transaction, [key])  # work that nothing calls for is left by another version of the program
        return None
    if want.kind == ROUTING and not _mark_keys(case) <= locked:
        return None
    return settle(transaction, office, case, want, rule(transaction, office, case, want))


def read_case(transaction: Connection[Any], want: Want, key: TraceKey) -> Case | None:
    """The trace under lock; None when the act that the want is about does not count."""
    history = rows.histories(transaction, [key])[key]
    trace = fold(key, history.acts, history.decisions, history.receipts)
    counted = (told.act for told in trace.standings if told.standing is Standing.COUNTED)
    act = next((act for act in counted if act.event.event_id == want.subject), None)
    return None if act is None else Case(trace, history, act)


def rule(transaction: Connection[Any], office: Office, case: Case, want: Want) -> Ruling:
    """What is decided: for a request the route, for a later act who gets it."""
    if want.kind != ROUTING:
        return _later_act(case, office.now())
    hop = case.trace.hop(want.hop)
    question = question_of(case.trace, hop) if hop else None
    if question is None:
        return NO_ADDRESSEE
    at = office.now()
    missing = knowledge.open_missing(transaction, question.marks, at)
    choice = route(question, Knowledge(office.directory, office.reference, at, missing))
    return ruling_of(choice, question.requester, sources_of(choice, question, missing))


def sources_of(choice: Choice, question: Question, missing: Iterable[OpenMissing]) -> tuple[SourceHandling, ...]:
    """The records of members other than the asker that a choice's evidence names."""
    stated: list[OpenMissing | TraceAct] = [*missing, *([question.referral] if question.referral else [])]
    named = {evidence.event_id for evidence in choice.evidence}
    return tuple(
        SourceHandling(event_id=record.event_id, member=record.member, handling=record.handling)
        for record in stated
        if record.event_id in named and record.member != question.requester
    )


def settle(transaction: Connection[Any], office: Office, case: Case, want: Want, ruling: Ruling) -> Taken | None:
    """Write the decision and its deliveries to the outbox, and what it settles; None when that was settled before.

    A delivery that would be larger than a delivery may be makes the decision ``undeliverable``.
    """
    act = case.act
    arrival = knowledge.arrival_of(transaction, act.event.member, act.event.event_id, act.sha256)
    if arrival is None:
        return None
    matter = Matter(want, case.trace.key, Stated(act.event.member, act.event.handling))
    stamp = _stamp(transaction, office, case, want)
    decision, drafts = _drafted(decision_of(matter, ruling, stamp), arrival)
    if any(len(draft.value) > MAX_DELIVERY_BYTES for draft in drafts[1:]):
        decision, drafts = _drafted(decision_of(matter, TOO_LARGE, stamp), arrival)
    if not rows.settle(transaction, want, decision.event_id):
        return None
    _take_away(transaction, want)
    outbox.add(transaction, drafts[0], drafts[1:])
    if decision.deliveries:
        log_disclosure(transaction, decision)
    return Taken(decision, arrival)


def log_disclosure(transaction: Connection[Any], decision: Decision) -> None:
    """Log to whom a decision discloses what; last, for whoever logs waits for this transaction's end."""
    acting = Acting(decision.decided_by or PART, REGION_MEMBER, PURPOSE, decision.trace_id or decision.subject)
    what = {"decision": decision.event_id, "event": decision.subject}
    append(transaction, acting, Deed(Kind.DISCLOSURE, what, tuple(one.inbox for one in decision.deliveries)))


def decision_draft(decision: Decision, context: TraceContext | None = None) -> Draft:
    """A decision for the outbox; it goes on with the flow that it answers, where it answers one."""
    headers = headers_for(decision, "decision", context)
    return Draft(DECISION_TOPIC, decision.event_id, _key(decision), encode(decision), headers)


def delivery_draft(decision: Decision, sha256: str, planned: PlannedDelivery, arrival: Arrival) -> Draft:
    """A delivery for the outbox: the same bytes whenever it is made from the same decision and original."""
    delivery = delivery_of(decision, sha256, planned, arrival.original)
    headers = headers_for(delivery, "delivery", arrival.context)
    return Draft(inbox_topic(planned.inbox), delivery.event_id, _key(decision), encode(delivery), headers)


def _drafted(decision: Decision, arrival: Arrival) -> tuple[Decision, list[Draft]]:
    """The decision's draft, then those of its deliveries; all go on with the flow that the act is part of."""
    own = decision_draft(decision, arrival.context)
    sha256 = value_sha256(own.value)
    return decision, [own, *(delivery_draft(decision, sha256, planned, arrival) for planned in decision.deliveries)]


def _key(decision: Decision) -> str:
    return decision.trace_id or decision.subject


def _later_act(case: Case, at: datetime) -> Ruling:
    act = case.act.event
    told = addressees(case.trace, act)
    stated, terms = Stated(act.member, act.handling), terms_at(act.handling, at)
    permitted = tuple(member for member in told if shows(stated, member, terms))
    if not permitted:
        return NOT_RELEASABLE if told else NO_ADDRESSEE
    return Ruling("delivery", addressees=tuple((member, "party") for member in permitted))


def _stamp(transaction: Connection[Any], office: Office, case: Case, want: Want) -> Stamp:
    directory = office.directory
    parties = {act.member for act in case.trace.counted}
    topics = [member_topic(member, "trace") for member in parties]
    if want.kind == ROUTING:
        topics += [member_topic(owner, "missing") for owner in directory.owners()]
    seen = knowledge.seen(transaction, topics)
    return Stamp(directory.region, directory.version, directory.exercise, office.now(), seen)


def _marks_to_lock(transaction: Connection[Any], want: Want, key: TraceKey) -> frozenset[str]:
    if want.kind != ROUTING:
        return frozenset()
    case = read_case(transaction, want, key)
    return _mark_keys(case) if case else frozenset()


def _mark_keys(case: Case) -> frozenset[str]:
    return blocking_keys(case.trace.marks) if case.trace.marks else frozenset()


def _take_away(transaction: Connection[Any], want: Want) -> None:
    transaction.execute(
        "delete from work where kind = %s and subject = %s and hop = %s and cause = %s",
        [want.kind, want.subject, want.hop, want.cause],
    )
