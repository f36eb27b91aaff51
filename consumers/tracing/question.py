"""What a route is asked about, and what it may know. It changes when a rule has to know more."""

from dataclasses import dataclass
from datetime import datetime

from consumers.tracing.trace import Hop, Trace
from schemas.directory import Directory
from schemas.events.envelope import Handling
from schemas.events.firearm import Marks
from schemas.events.trace import TraceAct
from schemas.marks.reference import Reference


@dataclass(frozen=True, slots=True)
class Question:
    """Who has to answer this hop? ``marks`` are the marks as last stated, ``asked`` the members of earlier hops."""

    request: TraceAct
    hop: int
    marks: Marks
    referral: TraceAct | None = None
    asked: frozenset[str] = frozenset()

    @property
    def requester(self) -> str:
        """Who asks."""
        return self.request.requester


@dataclass(frozen=True, slots=True)
class OpenMissing:
    """A missing record that is open now: whose it is, what it says, the key that is equal, and who may see it."""

    member: str
    event_id: str
    weapon_class: str
    marks: Marks
    key_kind: str
    handling: Handling


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the rules read beside the question; ``missing`` has only records with an equal key.

    ``at`` is the moment of the decision: handling may end what it allows.
    """

    directory: Directory
    reference: Reference
    at: datetime
    missing: tuple[OpenMissing, ...] = ()


def question_of(trace: Trace, hop: Hop) -> Question | None:
    """The question that an opened hop asks; None while its request or the act that opened it does not count."""
    opener = next((act for act in trace.counted if act.event_id == hop.opened_by), None)
    if trace.request is None or trace.marks is None or opener is None:
        return None
    asked = frozenset(h.accountable for h in trace.hops if h.accountable and h.number != hop.number)
    return Question(trace.request, hop.number, trace.marks, opener if opener.referral else None, asked)
