"""What a trace is made of, and what is known of it. It changes when a trace is told differently."""

from dataclasses import dataclass

from consumers.tracing.table import Standing, State
from schemas.events.decision import Decision
from schemas.events.firearm import Marks
from schemas.events.ids import event_id
from schemas.events.trace import TraceAct


@dataclass(frozen=True, slots=True, order=True)
class TraceKey:
    """A trace is known by who asked and by its id, which is the record id of the request."""

    requester: str
    trace_id: str

    @property
    def request_id(self) -> str:
        """Event id of the request, which follows from the trace's id because an act has one revision only."""
        return event_id(self.trace_id, 1)

    @property
    def bucket_key(self) -> str:
        """What is locked by whoever reads or changes the trace. A receipt can name it before the trace is here."""
        return trace_bucket_key(self.request_id)


def trace_bucket_key(request_id: str) -> str:
    """The key to lock for the trace whose request has this event id."""
    return f"trace:{request_id}"


@dataclass(frozen=True, slots=True)
class Act:
    """An act as read from its member's log: the event, the hash of its value, and its number in the chain.

    ``overruled`` says that the same member gave its event id to an earlier act of another trace.
    """

    event: TraceAct
    sha256: str
    life: int
    seq: int
    overruled: bool = False

    @property
    def key(self) -> TraceKey:
        """The trace that the act says it belongs to."""
        return TraceKey(self.event.requester, self.event.trace_id)


@dataclass(frozen=True, slots=True)
class ActStanding:
    """What one act counts for, and the code of the reason where it does not count."""

    act: Act
    standing: Standing
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """One question to one accountable member.

    ``opened_by`` is the event id of the request or referral that opened it, ``decision`` the one in force.
    ``basis_changed`` says that the decision rests on an act that no longer counts.
    """

    number: int
    state: State
    opened_by: str | None
    decision: Decision | None = None
    receipt: str | None = None
    basis_changed: bool = False

    @property
    def accountable(self) -> str | None:
        """Who has to answer."""
        routing = self.decision.routing if self.decision else None
        return routing.accountable if routing else None

    @property
    def rule(self) -> str | None:
        """The rule of the decision in force; a decision of another kind stands for itself."""
        if self.decision is None:
            return None
        return self.decision.routing.rule if self.decision.routing else self.decision.kind


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace as the facts and decisions known so far make it: ``standings`` in causal order, waiting acts last."""

    key: TraceKey
    state: State
    hops: tuple[Hop, ...]
    standings: tuple[ActStanding, ...]
    outcome: str | None = None

    @property
    def counted(self) -> tuple[TraceAct, ...]:
        """The acts that count, in causal order."""
        return tuple(s.act.event for s in self.standings if s.standing is Standing.COUNTED)

    @property
    def request(self) -> TraceAct | None:
        """The act that opened the trace, when it is here."""
        return next((act for act in self.counted if act.act == "request"), None)

    @property
    def marks(self) -> Marks | None:
        """The marks as last stated by the asker."""
        stated = [marks for act in self.counted if (marks := _marks_of(act))]
        return stated[-1] if stated else None

    def hop(self, number: int) -> Hop | None:
        """The hop with this number, if it was opened."""
        return next((hop for hop in self.hops if hop.number == number), None)


def _marks_of(act: TraceAct) -> Marks | None:
    part = act.request or act.information or act.reopening
    return part.marks if part else None
