"""What a trace calls for and no decision has settled. It changes when the region takes on another duty."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from consumers.tracing.in_force import about_request
from consumers.tracing.table import State
from consumers.tracing.trace import Trace
from schemas.events.decision import Decision
from schemas.events.trace import TraceAct
from schemas.handling.rules import TERM_KINDS

ROUTING = "routing"
DELIVERY = "delivery"


@dataclass(frozen=True, slots=True, order=True)
class Want:
    """One row of work, settled once by one decision.

    ``routing``: subject is the request, cause the act that opened the hop, or the earlier decision that a duty officer
    answers. ``delivery``: subject and cause are the act to be sent on. ``embargo_end``, ``expiry``: subject is the
    revision or act whose handling has the term, cause the term's id, hop 0.
    """

    kind: str
    subject: str
    hop: int
    cause: str


def settled_by(decision: Decision) -> Want | None:
    """The want that a decision settles, whatever it decided; None for one that is about neither a trace nor a term."""
    if decision.kind in TERM_KINDS and decision.cause is not None:
        return Want(decision.kind, decision.subject, decision.hop or 0, decision.cause)
    if decision.hop is None or decision.cause is None or decision.trace_id is None:
        return None
    kind = ROUTING if about_request(decision) else DELIVERY
    return Want(kind, decision.subject, decision.hop, decision.cause)


def wants(trace: Trace, decisions: Iterable[Decision]) -> tuple[Want, ...]:
    """All that a trace calls for, in order, without what these decisions have settled."""
    settled = {settled_by(decision) for decision in decisions}
    return tuple(want for want in sorted({*_routings(trace), *_deliveries(trace)}) if want not in settled)


def addressees(trace: Trace, act: TraceAct) -> tuple[str, ...]:
    """Who is to be told of a later act: the other party of its hop; of a closure or reopening the last hop's too."""
    if act.member != trace.key.requester:
        return (trace.key.requester,)
    hops = [hop for hop in trace.hops if hop.number == act.hop]
    if act.act in ("closure", "reopening"):
        hops += trace.hops[-1:]
    told = dict.fromkeys(hop.accountable for hop in hops)
    return tuple(member for member in told if member is not None and member != act.member)


def _routings(trace: Trace) -> Collection[Want]:
    if trace.state is State.CLOSED:
        return ()
    return [
        Want(ROUTING, trace.key.request_id, hop.number, hop.opened_by)
        for hop in trace.hops
        if hop.opened_by is not None and hop.decision is None
    ]


def _deliveries(trace: Trace) -> Collection[Want]:
    decided = {hop.number for hop in trace.hops if hop.decision is not None}
    return [
        Want(DELIVERY, act.event_id, act.hop, act.event_id)
        for act in trace.counted
        if act.act != "request" and (act.hop in decided or trace.state is State.CLOSED)
    ]
