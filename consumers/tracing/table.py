"""The states of a trace, and who may do what in which of them. It changes when the rules of tracing change.

A *hop* is one question to one accountable member; a trace has one hop or more. Read a row of ``ACTS`` as: this party
may send this act; it is in turn while the hop is in one of these states; then the hop is in that state.

Who sends an act that is not his to send is set aside: his event goes to quarantine. An act by the right party at the
wrong time is kept, marked *out of turn*, and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Party(StrEnum):
    """Who may send an act."""

    ASKER = "asker"
    ACCOUNTABLE = "accountable"
    EITHER = "either"
    PROBED = "probed"  # a desk that the region probed: nobody, as long as no probe is sent


class State(StrEnum):
    """Where a hop stands, and with it the trace, whose state is that of its last hop."""

    WAITING = "waiting"  # acts are here, and the request that they belong to is not
    SUBMITTED = "submitted"
    ROUTED = "routed"
    WITH_DUTY_OFFICER = "with_duty_officer"
    HANDED_OVER = "handed_over"
    UNDELIVERABLE = "undeliverable"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    QUESTIONED = "questioned"
    INFORMED = "informed"
    ANSWERED = "answered"
    REFERRED = "referred"
    REFUSED = "refused"
    DELAYED = "delayed"
    CLOSED = "closed"


class After(StrEnum):
    """Where an act leads when that is not one certain state."""

    OPENED = "as routing left it"  # submitted, routed, delivered, with the duty officer, handed over, undeliverable
    SAME = "the same state"


@dataclass(frozen=True, slots=True)
class Turn:
    """One row: who may, in which states it is in turn, and what follows."""

    may: Party
    in_turn: frozenset[State]
    then: State | After


S = State
NOT_OPEN: frozenset[State] = frozenset()
EVERY = frozenset(S) - {S.WAITING}
REACHED = frozenset({S.ROUTED, S.DELIVERED})  # receipts come on a topic of their own, so an act may overtake its own
WORKING = REACHED | {S.ACKNOWLEDGED, S.INFORMED}
OWED = WORKING | {S.QUESTIONED, S.DELAYED}
REPLIED = frozenset({S.ANSWERED, S.REFUSED, S.DELAYED})

ACTS: Mapping[str, Turn] = MappingProxyType(
    {
        #                       who may            in turn while the hop is      then the hop is
        "request": Turn(Party.ASKER, NOT_OPEN, After.OPENED),
        "acknowledgement": Turn(Party.ACCOUNTABLE, REACHED, S.ACKNOWLEDGED),
        "question": Turn(Party.ACCOUNTABLE, WORKING | {S.DELAYED}, S.QUESTIONED),
        "information": Turn(Party.ASKER, frozenset({S.QUESTIONED, S.INFORMED}), S.INFORMED),
        "answer": Turn(Party.ACCOUNTABLE, OWED | {S.REFUSED}, S.ANSWERED),
        "referral": Turn(Party.ACCOUNTABLE, OWED | {S.REFUSED}, S.REFERRED),  # opens the next hop
        "refusal": Turn(Party.ACCOUNTABLE, OWED, S.REFUSED),
        "delay": Turn(Party.ACCOUNTABLE, OWED, S.DELAYED),
        "clarification": Turn(Party.ASKER, REPLIED, S.ACKNOWLEDGED),  # the accountable member has it again
        "closure": Turn(Party.ASKER, EVERY - {S.CLOSED}, S.CLOSED),  # closes the whole trace
        "reopening": Turn(Party.ASKER, frozenset({S.CLOSED}), After.OPENED),
        "probe_answer": Turn(Party.PROBED, NOT_OPEN, After.SAME),
        "erasure": Turn(Party.EITHER, EVERY, After.SAME),
    }
)

DECISIONS: Mapping[str, State] = MappingProxyType(
    {
        # what the region decided about a request   the state in which the hop begins by it
        "routing": S.WITH_DUTY_OFFICER,  # or routed, and delivered, where it names an accountable member
        "handed_over": S.HANDED_OVER,
        "undeliverable": S.UNDELIVERABLE,
        "none": S.WITH_DUTY_OFFICER,
    }
)
"""A ``delivery`` sends a later act to the other party of its hop; no decision about a later act changes a state."""

FOR_DUTY_OFFICER = frozenset({S.WITH_DUTY_OFFICER, S.UNDELIVERABLE})
"""States in which a trace stands on the duty officer's list."""


class Standing(StrEnum):
    """What an act counts for."""

    COUNTED = "counted"
    WAITING = "waiting"  # for its cause, or for the decision that says who is accountable
    OUT_OF_TURN = "out_of_turn"
    SET_ASIDE = "set_aside"  # its event is in quarantine
