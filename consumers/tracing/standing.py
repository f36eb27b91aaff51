"""Whether a member may send an act at all. It changes when the right to act is judged on something new.

It is judged on the act itself, on the asker, and on who is accountable for the hop that the act names; never on what
came before it or on the order of arrival. So what is set aside once stays set aside whatever arrives later.
"""

from consumers.tracing.table import ACTS, Party
from schemas.events.trace import ACT_PARTS, TraceAct

NOT_A_REQUEST_OF_ITS_TRACE = "not_its_own_trace"
PART_DISAGREES = "part_disagrees"
NOT_THE_ASKER = "not_the_asker"
NOT_ACCOUNTABLE = "not_accountable"
NOT_A_PARTY = "not_a_party"

UNKNOWN_ACT = "unknown_act"
NOBODY_ACCOUNTABLE = "nobody_accountable_yet"
NO_PROBE = "no_probe"


def objection(act: TraceAct, accountable: str | None) -> str | None:
    """Why the act may never count, as a code for the quarantine; None when nothing speaks against it so far."""
    if act.act not in ACTS:
        return None
    if getattr(act, act.act) is None or any(getattr(act, part) is not None for part in ACT_PARTS if part != act.act):
        return PART_DISAGREES
    return _objection_to_request(act) if act.act == "request" else _objection_to_party(act, accountable)


def hesitation(act: TraceAct, accountable: str | None, *, decided: bool) -> str | None:
    """What the act waits for besides its cause, as a code; None when it is known that its member may send it.

    ``decided`` says whether a decision about the act's hop is here: nobody speaks on a later hop before there is one.
    """
    if act.act not in ACTS:
        return UNKNOWN_ACT
    if act.hop > 1 and not decided:
        return NOBODY_ACCOUNTABLE
    may = ACTS[act.act].may
    if may is Party.PROBED:
        return NO_PROBE
    known = may is Party.ASKER or accountable is not None or (may is Party.EITHER and act.member == act.requester)
    return None if known else NOBODY_ACCOUNTABLE


def _objection_to_request(act: TraceAct) -> str | None:
    if act.member != act.requester:
        return NOT_THE_ASKER
    own = (act.record_id, act.revision, act.hop, act.cause) == (act.trace_id, 1, 1, None)
    return None if own else NOT_A_REQUEST_OF_ITS_TRACE


def _objection_to_party(act: TraceAct, accountable: str | None) -> str | None:
    may, asks = ACTS[act.act].may, act.member == act.requester
    if may is Party.ASKER:
        return None if asks else NOT_THE_ASKER
    if may is Party.PROBED or accountable is None or act.member == accountable:
        return None
    if may is Party.EITHER:
        return None if asks else NOT_A_PARTY
    return NOT_ACCOUNTABLE
