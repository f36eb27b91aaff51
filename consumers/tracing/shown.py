"""What the tables show of a trace and its hops, by column. Pure. It changes with those tables."""

from typing import Any

from consumers.tracing.table import State
from consumers.tracing.trace import ActStanding, Hop, Trace

Columns = dict[str, Any]


def trace_columns(trace: Trace) -> Columns:
    """The row of a trace. ``last_hop`` is 0 while its request is not here."""
    request = trace.request
    asked = request.request if request else None
    hops = [hop.number for hop in trace.hops] if trace.state is not State.WAITING else []
    return {
        "requester": trace.key.requester,
        "trace_id": trace.key.trace_id,
        "request_id": trace.key.request_id,
        "state": trace.state.value,
        "outcome": trace.outcome,
        "last_hop": max(hops, default=0),
        "own_reference": request.own_reference if request else None,
        "priority": asked.priority if asked else None,
        "recorded_at": request.recorded_at if request else None,
    }


def hop_columns(trace: Trace, hop: Hop) -> Columns:
    """The row of one hop."""
    return {
        "requester": trace.key.requester,
        "trace_id": trace.key.trace_id,
        "hop": hop.number,
        "state": hop.state.value,
        "opened_by": hop.opened_by,
        "decision_id": hop.decision.event_id if hop.decision else None,
        "rule": hop.rule,
        "accountable": hop.accountable,
        "receipt_id": hop.receipt,
        "basis_changed": hop.basis_changed,
    }


def standing_columns(told: ActStanding, place: int) -> Columns:
    """What an act's row says of its standing; ``place`` is its place in the trace, from 1."""
    return {"place": place, "standing": told.standing.value, "reason": told.reason}
