"""The duty officer routes what no rule decides. It changes with what he may decide, and must say.

His act is a decision of the region that names him and his reason, and answers the decision that left it to him.
"""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from consumers.store import buckets
from consumers.tracing.decide import Ruling, to_accountable
from consumers.tracing.deciding import Case, Office, read_case, settle
from consumers.tracing.table import FOR_DUTY_OFFICER, State
from consumers.tracing.trace import Hop, TraceKey
from consumers.tracing.wants import ROUTING, Want
from schemas.codes.lists import load_code_lists
from schemas.errors import Rejected
from schemas.events.decision import Decision, Routing
from schemas.handling.combined import Stated
from schemas.handling.rules import shows, terms_at

RULE = "duty_officer"
DECIDABLE = FOR_DUTY_OFFICER | {State.HANDED_OVER}


@dataclass(frozen=True, slots=True)
class DutyOrder:
    """Route this trace to a member. ``because`` is a code of ``duty-reason``, ``by`` the officer's own mark."""

    key: TraceKey
    to: str
    because: str
    by: str


def route_by_hand(transaction: Connection[Any], office: Office, order: DutyOrder) -> Decision:
    """Write the routing decision with its deliveries to the outbox.

    Raises Rejected, with a sentence for the officer, when the reason is no code of the list, the trace does not stand
    on his list, or the member cannot be asked.
    """
    reasons = load_code_lists()["duty-reason"]
    if order.because not in reasons:
        raise Rejected(f"{order.because!r} is no reason of a duty officer; there are: {', '.join(reasons.codes)}")
    buckets.lock(transaction, [order.key.bucket_key])
    request = Want(ROUTING, order.key.request_id, 1, order.key.request_id)
    case = read_case(transaction, request, order.key)
    if case is None:
        raise Rejected(f"there is no trace {order.key.trace_id} of {order.key.requester}; list those there are")
    hop, earlier = _open_hop(case)
    want = Want(ROUTING, order.key.request_id, hop.number, earlier.event_id)
    taken = settle(transaction, office, case, want, _ruling(case, office, order))
    if taken is None:
        raise Rejected(f"trace {order.key.trace_id} was routed by a duty officer; that decision is on its way")
    return taken.decision


def _open_hop(case: Case) -> tuple[Hop, Decision]:
    hop = case.trace.hops[-1]
    if case.trace.state not in DECIDABLE or hop.state not in DECIDABLE or hop.decision is None:
        state = case.trace.state.value
        raise Rejected(f"trace {case.trace.key.trace_id} is {state}: it does not stand on the duty officer's list")
    return hop, hop.decision


def _ruling(case: Case, office: Office, order: DutyOrder) -> Ruling:
    asker, directory = order.key.requester, office.directory
    to = directory.member(order.to).code
    if not directory.has(to):
        raise Rejected(f"{to} is an observer and does not answer traces")
    handling = case.act.event.handling
    if not shows(Stated(asker, handling), to, terms_at(handling, office.now())):
        raise Rejected(f"{asker} does not release this request to {to}: ask {asker} first")
    channel, _, via = ("direct" if to == asker else directory.channel(asker, to)).partition(":")
    if channel == "none":
        raise Rejected(f"{asker} and {to} have no channel: name another member, or enter a relay in the directory")
    routing = Routing(rule=RULE, accountable=to, channel=channel, via=via.lower() or None)
    return Ruling("routing", routing, to_accountable(to, asker), order.by, order.because)
