"""Desks to play with: what reaches an inbox, and an exchange of three desks and a region without a broker."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from consumers.desk.inbox import InboxEntry, SubmittedAct
from consumers.desk.known import KnownTrace, known_trace
from consumers.desk.standpoint import standpoint
from consumers.tracing.fold import fold
from consumers.tracing.table import Standing
from consumers.tracing.trace import Trace
from consumers.tracing.wants import ROUTING, Want, addressees, wants
from histories import ASKER, FIRST, KEY, SECOND, STRANGER, act_event, decision, on_log, request_event
from schemas.errors import Rejected
from schemas.events.decision import Decision
from schemas.events.ids import delivery_event_id, value_sha256
from schemas.events.trace import TraceAct
from schemas.wire.codec import encode, event_json

RECEIVED = datetime(2026, 1, 5, 9, tzinfo=UTC)
ANSWERERS = {1: FIRST, 2: SECOND, 3: STRANGER}
"""Who has to answer which hop; from the fourth on the duty officer has it."""


def an_entry(event: TraceAct, sent_by: Decision, inbox: str, purpose: str, **changes: Any) -> InboxEntry:
    """The inbox row of a delivery that a decision sent."""
    routing = sent_by.routing
    columns = {
        "event_id": delivery_event_id(sent_by.event_id, inbox),
        "of_event": event.event_id,
        "sha256": value_sha256(encode(event)),
        "from_member": event.member,
        "act": event.act,
        "purpose": purpose,
        "requester": event.requester,
        "trace_id": event.trace_id,
        "hop": sent_by.hop,
        "rule": routing.rule if routing else ("handed_over" if sent_by.handed_over else None),
        "accountable": routing.accountable if routing else None,
        "decision_id": sent_by.event_id,
        "own_reference": event.own_reference,
        "recorded_at": event.recorded_at,
        "received_at": RECEIVED,
        "body": event_json(event),
        "receipt_event": None,
    }
    return InboxEntry(**{**columns, **changes})


def a_submission(event: TraceAct) -> SubmittedAct:
    """What a desk keeps of an act that it sent."""
    body = {"own_reference": event.own_reference, event.act: event_json(event)[event.act]}
    about = (event.requester, event.trace_id, event.hop, event.cause, event.event_id, event.recorded_at)
    return SubmittedAct(event.record_id, event.act, *about, body)


@dataclass
class Exchange:
    """A trace among three desks; ``skew`` says by how many minutes a member's clock is ahead."""

    skew: dict[str, int] = field(default_factory=dict)
    acts: list[TraceAct] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    inboxes: dict[str, list[InboxEntry]] = field(default_factory=dict)
    sent: dict[str, list[SubmittedAct]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.take(request_event().model_copy(update={"own_reference": "KT-1"}))

    def take(self, event: TraceAct) -> None:
        """An act that a desk has sent is on the log."""
        self.acts.append(event)
        self.sent.setdefault(event.member, []).append(a_submission(event))

    def known(self, member: str) -> KnownTrace:
        """What a member's desk knows."""
        return known_trace(KEY, member, self.inboxes.get(member, []), self.sent.get(member, []))

    def say(self, member: str, act: str) -> TraceAct | None:
        """Say an act where the desk thinks that it belongs; None when there is no such place."""
        try:
            place = standpoint(self.known(member), act)
        except Rejected:
            return None
        number = len(self.acts)
        minutes = number + self.skew.get(member, 0)
        event = act_event(act, member, place.cause, f"act {number}", hop=place.hop, minutes=minutes)
        self.take(event)
        return event

    def region(self) -> Trace:
        """The trace as the region folds it."""
        return fold(KEY, [on_log(event, seq) for seq, event in enumerate(self.acts, start=1)], self.decisions)

    def standing(self, event: TraceAct) -> Standing:
        """What an act counts for in the region."""
        return next(told.standing for told in self.region().standings if told.act.event == event)

    def deliver(self) -> None:
        """The region decides all that is wanted, and its deliveries reach their inboxes."""
        while wanted := wants(self.region(), self.decisions):
            for want in wanted:
                self._settle(want)

    def _settle(self, want: Want) -> None:
        trace = self.region()
        event = next(event for event in self.acts if event.event_id == want.subject)
        if want.kind == ROUTING:
            answers = ANSWERERS.get(want.hop)
            made = decision("routing", want.hop, want.cause, to=answers)
            told = [(answers, "accountable"), (ASKER, "copy")] if answers else [(ASKER, "copy")]
        else:
            made = decision("delivery", want.hop, want.cause, subject=want.subject)
            told = [(member, "party") for member in addressees(trace, event)]
        self.decisions.append(made)
        for member, purpose in told:
            self.inboxes.setdefault(member, []).append(an_entry(event, made, member, purpose))
