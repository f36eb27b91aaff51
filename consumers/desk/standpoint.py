"""Where a desk's next act of a trace belongs: its hop, and the event that it answers. Pure.

It changes when the table of acts does.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from consumers.desk.known import ABOUT_THE_WHOLE, REQUEST, KnownAct, KnownTrace
from consumers.tracing.table import ACTS, Party
from schemas.errors import Rejected
from schemas.rejection import problem

ACTS_OF_A_DESK = frozenset(act for act, turn in ACTS.items() if turn.may is not Party.PROBED and act != REQUEST)
"""Acts that a person at a desk sends in a trace that is open already."""


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where an act belongs."""

    requester: str
    trace_id: str
    hop: int
    cause: str


def standpoint(trace: KnownTrace, act: str) -> Standpoint:
    """Where this act by the desk's member belongs.

    The accountable member answers the request, or what the asker said last on its hop. The asker answers what the
    accountable member said last; a closure or reopening follows the last act of all, and the request where there is
    none. Raises Rejected (``unknown_code``, ``wrong_party``, ``missing_cause``) where there is no such place.
    """
    if act not in ACTS_OF_A_DESK:
        known = ", ".join(sorted(ACTS_OF_A_DESK))
        raise _rejected("unknown_code", value=act, list="acts of a desk", field="act", nearest=known)
    party = _party(trace, act)
    hop = trace.last_hop if party is Party.ASKER else trace.own_hop
    if hop is None or (party is Party.ASKER and not trace.asks):
        raise _rejected("wrong_party", act=act, party=party.value, member=trace.member, field="act")
    cause = _cause(trace, act, party, hop)
    if cause is None:
        raise Rejected(
            f"there is nothing that {act} could answer: nothing of hop {hop} of this trace has reached this desk",
            code="missing_cause",
            parameters={"act": act, "field": "cause"},
        )
    return Standpoint(trace.key.requester, trace.key.trace_id, hop, cause)


def _party(trace: KnownTrace, act: str) -> Party:
    may = ACTS[act].may
    if may is Party.EITHER:
        return Party.ASKER if trace.asks else Party.ACCOUNTABLE
    return may


def _cause(trace: KnownTrace, act: str, party: Party, hop: int) -> str | None:
    if party is Party.ACCOUNTABLE:
        return _last(_said_by(Party.ASKER, trace.acts, hop)) or trace.key.request_id
    if act in ABOUT_THE_WHOLE or ACTS[act].may is Party.EITHER:
        return _last(trace.acts) or trace.key.request_id
    return _last(_said_by(Party.ACCOUNTABLE, trace.acts, hop))


def _said_by(party: Party, acts: Iterable[KnownAct], hop: int) -> Iterable[KnownAct]:
    """The acts of a hop that are one party's to send; a member that asks itself is both parties."""
    return (a for a in acts if a.hop == hop and a.act != REQUEST and a.act in ACTS and ACTS[a.act].may is party)


def _last(acts: Iterable[KnownAct]) -> str | None:
    return next((act.event_id for act in reversed(tuple(acts))), None)


def _rejected(code: str, **parameters: str) -> Rejected:
    return Rejected(problem(code, **parameters).message, code=code, parameters=parameters)
