"""Decisions and their deliveries as events. Pure. It changes with what a decision or a delivery carries.

A delivery shows its addressee no more of the evidence than the handling of the records that it rests on allows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consumers.tracing.rules import Choice
from consumers.tracing.trace import TraceKey
from consumers.tracing.wants import Want
from schemas.events.decision import (
    Decision,
    Evidence,
    HandedOver,
    PlannedDelivery,
    Routing,
    Seen,
    Settled,
    SourceHandling,
    Undeliverable,
)
from schemas.events.delivery import Delivery, Original
from schemas.events.envelope import Handling
from schemas.events.ids import decision_record_id, delivery_event_id, event_id
from schemas.handling.combined import Stated, flattened
from schemas.handling.rules import RELATED_RECORD, shows, terms_at
from schemas.wire.codec import decode

REGION_MEMBER = "REGION"
Addressees = tuple[tuple[str, str], ...]
"""Who gets a delivery, and for what purpose."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every decision of a moment carries: region, directory, time, and how far topics had been folded."""

    region: str
    directory_version: int
    exercise: bool
    at: datetime
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is decided: the kind, the part of that name (a delivery has none), and who gets the original.

    ``sources`` are the records of other members that the evidence rests on.
    """

    kind: str
    part: Routing | HandedOver | Undeliverable | Settled | None = None
    addressees: Addressees = ()
    decided_by: str | None = None
    duty_reason: str | None = None
    sources: tuple[SourceHandling, ...] = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """What is decided about: the want, its trace, and the handling of the original."""

    want: Want
    key: TraceKey
    stated: Stated


def ruling_of(choice: Choice, asker: str, sources: tuple[SourceHandling, ...] = ()) -> Ruling:
    """The decision that a route calls for. The asker always gets it: as the accountable member, or as a copy."""
    if choice.system is not None and choice.place is not None:
        handed_over = HandedOver(
            system=choice.system,
            bureau_of=asker,
            place=choice.place,
            evidence=choice.evidence,
            alternatives=choice.alternatives,
        )
        return Ruling("handed_over", handed_over, ((asker, "accountable"),), sources=sources)
    routing = Routing(
        rule=choice.rule,
        accountable=choice.accountable,
        channel=choice.channel,
        via=choice.via,
        evidence=choice.evidence,
        alternatives=choice.alternatives,
    )
    return Ruling("routing", routing, to_accountable(choice.accountable, asker), sources=sources)


def to_accountable(accountable: str | None, asker: str) -> Addressees:
    """One inbox that has to answer, and a copy for the asker unless that is the same."""
    answers = ((accountable, "accountable"),) if accountable else ()
    return answers if accountable == asker else (*answers, (asker, "copy"))


def decision_of(matter: Matter, ruling: Ruling, stamp: Stamp) -> Decision:
    """The decision's event; the same matter and kind has always the same id."""
    want = matter.want
    record = decision_record_id(stamp.region, ruling.kind, want.subject, want.hop, want.cause)
    own_id = event_id(record, 1)
    planned = tuple(
        PlannedDelivery(event_id=delivery_event_id(own_id, inbox), inbox=inbox, purpose=purpose)
        for inbox, purpose in ruling.addressees
    )
    part: Mapping[str, Any] = {ruling.kind: ruling.part} if ruling.part is not None else {}
    return Decision(
        event_id=own_id,
        record_id=record,
        revision=1,
        member=REGION_MEMBER,
        recorded_at=stamp.at,
        status="active",
        exercise=stamp.exercise,
        handling=flattened([matter.stated, *map(stated, ruling.sources)]),
        kind=ruling.kind,
        subject=want.subject,
        requester=matter.key.requester,
        trace_id=matter.key.trace_id,
        hop=want.hop,
        cause=want.cause,
        decided_by=ruling.decided_by,
        duty_reason=ruling.duty_reason,
        directory_version=stamp.directory_version,
        seen=stamp.seen,
        deliveries=planned,
        sources=ruling.sources,
        **part,
    )


def delivery_of(decision: Decision, sha256: str, planned: PlannedDelivery, original: Original) -> Delivery:
    """One delivery of a decision: a function of the decision (``sha256`` of its value) and of the original alone."""
    told = told_to(decision, planned.inbox)
    return Delivery(
        event_id=planned.event_id,
        record_id=planned.event_id,
        revision=1,
        member=REGION_MEMBER,
        recorded_at=decision.recorded_at,
        status="active",
        exercise=decision.exercise,
        handling=_handling(told, original) if decision.sources else decision.handling,
        requester=decision.requester,
        trace_id=decision.trace_id,
        hop=decision.hop,
        inbox=planned.inbox,
        purpose=planned.purpose,
        decision_id=decision.event_id,
        decision_sha256=sha256,
        rule=told.rule,
        accountable=decision.routing.accountable if decision.routing else None,
        evidence_shown=told.evidence,
        original=original,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What an addressee is told of why: the rule, the evidence, and the records that it may see of it."""

    rule: str | None
    evidence: tuple[Evidence, ...]
    sources: tuple[SourceHandling, ...]


def told_to(decision: Decision, reader: str) -> Told:
    """What a member may be told of a decision's rule and evidence, at the moment at which it was taken.

    Of a record that it may not see, it is told that there is one, and in which jurisdiction.
    """
    rule = decision.routing.rule if decision.routing else ("handed_over" if decision.handed_over else None)
    part = decision.routing or decision.handed_over
    evidence = part.evidence if part else ()
    at = decision.recorded_at
    seen = {s.event_id for s in decision.sources if shows(stated(s), reader, terms_at(s.handling, at))}
    hidden = {s.event_id: s.member for s in decision.sources if s.event_id not in seen}
    shown = tuple(dict.fromkeys(_redacted(one, hidden) for one in evidence))
    rests_on_hidden = any(one.event_id in hidden for one in evidence)
    sources = tuple(source for source in decision.sources if source.event_id in seen)
    return Told(RELATED_RECORD if rests_on_hidden and rule else rule, shown, sources)


def stated(source: SourceHandling) -> Stated:
    """Whose a source is, and its handling."""
    return Stated(source.member, source.handling)


def _redacted(evidence: Evidence, hidden: Mapping[str, str]) -> Evidence:
    of = hidden.get(evidence.event_id or "")
    return evidence if of is None else Evidence(kind=RELATED_RECORD, place=of)


def _handling(told: Told, original: Original) -> Handling:
    """What is owed for the original and the evidence that is shown."""
    _, event = decode(original.value)
    return flattened([Stated(event.member, event.handling), *map(stated, told.sources)])
