"""One step after the other through the acts of a trace. It changes when ``table.py`` needs another kind of row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consumers.tracing.table import ACTS, After, Standing, State
from consumers.tracing.trace import Act, ActStanding
from schemas.events.trace import TraceAct

ID_TAKEN = "id_taken"
NO_CAUSE = "no_cause"
CAUSE_SET_ASIDE = "cause_set_aside"
WRONG_HOP = "wrong_hop"
NO_SUCH_HOP = "no_such_hop"
NOT_THE_LAST_HOP = "not_the_last_hop"
AFTER_CLOSURE = "after_closure"
NOT_IN_TURN = "not_in_turn"

ANY_HOP = frozenset({"closure", "reopening", "erasure"})
"""Acts that may answer an act of another hop than the one they name."""


@dataclass(frozen=True, slots=True)
class Walked:
    """Where the walk ended."""

    standings: tuple[ActStanding, ...]
    states: Mapping[int, State]
    openers: Mapping[int, str]
    outcome: str | None

    @property
    def state(self) -> State:
        """The state of the last hop that an act opened."""
        return self.states[max(self.states)] if self.states else State.WAITING


class Walk:
    """Judges acts one by one, in causal order, against the state in which those before have left the trace.

    ``opening`` is the state in which each hop begins that was decided on; ``set_aside`` are ids of acts that may not
    count, so that what answers them does not count either.
    """

    def __init__(self, opening: Mapping[int, State], set_aside: frozenset[str]) -> None:
        self._opening = opening
        self._set_aside = set_aside
        self._states: dict[int, State] = {}
        self._openers: dict[int, str] = {}
        self._hop_of: dict[str, int] = {}
        self._outcome: str | None = None

    def through(self, acts: Iterable[Act]) -> Walked:
        """Judge all of them."""
        standings = tuple(self._judge(act) for act in acts)
        return Walked(standings, dict(self._states), dict(self._openers), self._outcome)

    def _judge(self, act: Act) -> ActStanding:
        event = act.event
        reason = self._against(event)
        self._hop_of.setdefault(event.event_id, event.hop)
        if reason:
            return ActStanding(act, Standing.OUT_OF_TURN, reason)
        self._take(event)
        return ActStanding(act, Standing.COUNTED)

    def _against(self, event: TraceAct) -> str | None:
        if event.event_id in self._hop_of:
            return ID_TAKEN
        if event.act == "request":
            return None
        if event.cause is None:
            return NO_CAUSE
        if event.cause in self._set_aside:
            return CAUSE_SET_ASIDE
        if not self._answers_its_hop(event, event.cause):
            return WRONG_HOP
        return self._out_of_turn(event)

    def _answers_its_hop(self, event: TraceAct, cause: str) -> bool:
        """Whether the cause is of this hop, opened it, or is the request, which every hop is about."""
        opens = cause in (self._openers.get(event.hop), self._openers.get(1))
        return opens or event.act in ANY_HOP or self._hop_of[cause] == event.hop

    def _out_of_turn(self, event: TraceAct) -> str | None:
        state = self._states.get(event.hop)
        if state is None:
            return NO_SUCH_HOP
        last = max(self._states)
        if event.act == "reopening" and event.hop != last:
            return NOT_THE_LAST_HOP
        if self._states[last] is State.CLOSED and event.act not in ("reopening", "erasure"):
            return AFTER_CLOSURE
        return None if state in ACTS[event.act].in_turn else NOT_IN_TURN

    def _take(self, event: TraceAct) -> None:
        then = ACTS[event.act].then
        if event.act == "request":
            self._open(event.hop, event.event_id)
        elif event.closure:
            self._states[max(self._states)] = State.CLOSED
            self._outcome = event.closure.outcome
        elif then is After.OPENED:
            self._states[event.hop] = self._opening.get(event.hop, State.SUBMITTED)
            self._outcome = None
        elif isinstance(then, State):
            self._states[event.hop] = then
        if event.act == "referral":
            self._open(event.hop + 1, event.event_id)

    def _open(self, hop: int, opener: str) -> None:
        self._states[hop] = self._opening.get(hop, State.SUBMITTED)
        self._openers[hop] = opener
