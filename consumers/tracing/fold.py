"""From acts, decisions and receipts to a trace, without a clock. It changes when tracing gets a new kind of step.

The result is a function of the set of inputs: order and repetition do not matter.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heapify, heappop, heappush

from consumers.tracing.in_force import InForce, decisions_in_force
from consumers.tracing.standing import hesitation, objection
from consumers.tracing.table import DECISIONS, Standing, State
from consumers.tracing.trace import Act, ActStanding, Hop, Trace, TraceKey
from consumers.tracing.walk import Walk, Walked
from schemas.events.decision import Decision
from schemas.events.ids import delivery_event_id, term_id
from schemas.events.receipt import Receipt
from schemas.handling.rules import EMBARGO_END

REVISION_CONFLICT = "revision_conflict"
CAUSE_NOT_HERE = "cause_not_here"
EMBARGOED = "embargoed"


@dataclass(frozen=True, slots=True)
class Sorted:
    """Acts by what is known of the right to send them: able ones still have to be in turn."""

    able: tuple[Act, ...]
    waiting: tuple[ActStanding, ...]
    aside: tuple[ActStanding, ...]

    @property
    def refused_ids(self) -> frozenset[str]:
        """Event ids that only acts bear that are set aside: who copies another's id cannot silence it."""
        others = {act.event.event_id for act in self.able} | {s.act.event.event_id for s in self.waiting}
        return frozenset({s.act.event.event_id for s in self.aside} - others)


@dataclass(frozen=True, slots=True)
class Opened:
    """How a hop begins: the decision in force, the state it leads to, and the receipt of its delivery."""

    held: InForce
    state: State
    receipt: str | None = None


def fold(key: TraceKey, acts: Iterable[Act], decisions: Iterable[Decision], receipts: Iterable[Receipt] = ()) -> Trace:
    """The trace that all acts, decisions and receipts about it make.

    Acts come in causal order, siblings by (recorded_at, event id). An act waits until the end of its embargo is
    decided, its cause is here and, where it is for the accountable member, until a decision names that member. Never
    raises.
    """
    decided = tuple(decisions)
    in_force = decisions_in_force(decided)
    sorted_acts = _sorted_out(acts, in_force, ended_embargoes(decided))
    ordered = _causal(sorted_acts, in_force)
    waiting = [*sorted_acts.waiting, *_without_cause(sorted_acts.able, ordered)]
    opened = _opened(key, in_force, ordered, tuple(receipts))
    walked = Walk({n: hop.state for n, hop in opened.items()}, sorted_acts.refused_ids).through(ordered)
    standings = (*walked.standings, *sorted(waiting, key=_place), *sorted(sorted_acts.aside, key=_place))
    return Trace(key, walked.state, _hops(walked, opened, standings), standings, walked.outcome)


def ended_embargoes(decisions: Iterable[Decision]) -> frozenset[str]:
    """The ids of the terms whose end these decisions are."""
    return frozenset(decision.cause for decision in decisions if decision.kind == EMBARGO_END and decision.cause)


def is_embargoed(act: Act, ended: Container[str]) -> bool:
    """Whether an act takes part in nothing yet."""
    until = act.event.handling.embargo_until
    return until is not None and term_id(act.event.event_id, EMBARGO_END, until) not in ended


def _sorted_out(acts: Iterable[Act], in_force: Mapping[int, InForce], ended: Container[str]) -> Sorted:
    kept, losers = _one_each(acts)
    able: list[Act] = []
    waiting: list[ActStanding] = []
    aside = list(losers)
    for act in kept:
        held = in_force.get(act.event.hop)
        accountable = held.accountable if held else None
        if reason := objection(act.event, accountable):
            aside.append(ActStanding(act, Standing.SET_ASIDE, reason))
        elif is_embargoed(act, ended):
            waiting.append(ActStanding(act, Standing.WAITING, EMBARGOED))
        elif reason := hesitation(act.event, accountable, decided=held is not None):
            waiting.append(ActStanding(act, Standing.WAITING, reason))
        else:
            able.append(act)
    return Sorted(tuple(able), tuple(waiting), tuple(aside))


def _one_each(acts: Iterable[Act]) -> tuple[Sequence[Act], Sequence[ActStanding]]:
    """Each value once; of several values under one id of one member the lowest (life, number), and apart the others."""
    values: dict[tuple[str, str, str], Act] = {}
    for act in sorted(acts, key=lambda a: (a.life, a.seq, a.sha256, a.overruled)):
        values.setdefault((act.event.member, act.event.event_id, act.sha256), act)
    highest_first = [act for act in reversed(values.values()) if not act.overruled]
    kept = {(act.event.member, act.event.event_id): act for act in highest_first}
    losers = [act for act in values.values() if kept.get((act.event.member, act.event.event_id)) is not act]
    return tuple(kept.values()), [ActStanding(act, Standing.SET_ASIDE, REVISION_CONFLICT) for act in losers]


def _causal(sorted_acts: Sorted, in_force: Mapping[int, InForce]) -> list[Act]:
    """Acts for which all is here that comes before them, each after it; siblings by time.

    Before an act comes its cause and, on a later hop, the act that opened it, for what a desk answers there may be
    the request itself. What answers a refused act is here too, to be judged.
    """
    before = {index: _before(act, in_force) - sorted_acts.refused_ids for index, act in enumerate(sorted_acts.able)}
    after: dict[str, list[int]] = {}
    for index, causes in before.items():
        for cause in causes:
            after.setdefault(cause, []).append(index)
    ready = [(_time(act), index) for index, act in enumerate(sorted_acts.able) if not before[index]]
    heapify(ready)
    ordered: list[Act] = []
    while ready:
        act = sorted_acts.able[heappop(ready)[1]]
        ordered.append(act)
        for index in after.pop(act.event.event_id, ()):
            before[index] -= {act.event.event_id}
            if not before[index]:
                heappush(ready, (_time(sorted_acts.able[index]), index))
    return ordered


def _before(act: Act, in_force: Mapping[int, InForce]) -> frozenset[str]:
    causes = {act.event.cause}
    if act.event.hop > 1:
        held = in_force.get(act.event.hop)
        causes.add(held.rests_on if held else None)
    return frozenset(cause for cause in causes if cause is not None)


def _without_cause(able: Iterable[Act], ordered: Iterable[Act]) -> list[ActStanding]:
    reached = {(act.event.member, act.event.event_id) for act in ordered}
    left = [act for act in able if (act.event.member, act.event.event_id) not in reached]
    return [ActStanding(act, Standing.WAITING, CAUSE_NOT_HERE) for act in left]


def _opened(
    key: TraceKey, in_force: Mapping[int, InForce], ordered: Iterable[Act], receipts: Sequence[Receipt]
) -> Mapping[int, Opened]:
    request = {act.sha256 for act in ordered if act.event.event_id == key.request_id}
    ours = [r for r in receipts if r.of_event == key.request_id and r.sha256 in request]
    return {hop: _opening(held, ours) for hop, held in in_force.items()}


def _opening(held: InForce, receipts: Iterable[Receipt]) -> Opened:
    member = held.accountable
    if member is None:
        return Opened(held, DECISIONS[held.decision.kind])
    delivery = delivery_event_id(held.decision.event_id, member)
    proofs = [r.event_id for r in receipts if (r.member, r.delivery_id) == (member, delivery)]
    return Opened(held, State.DELIVERED if proofs else State.ROUTED, min(proofs, default=None))


def _hops(walked: Walked, opened: Mapping[int, Opened], standings: Iterable[ActStanding]) -> tuple[Hop, ...]:
    fallen = {s.act.event.event_id for s in standings if s.standing in (Standing.OUT_OF_TURN, Standing.SET_ASIDE)}
    numbers = sorted({*walked.states, *opened})
    return tuple(_hop(number, walked, opened.get(number), fallen) for number in numbers)


def _hop(number: int, walked: Walked, opened: Opened | None, fallen: set[str]) -> Hop:
    opener = walked.openers.get(number)
    state = walked.states.get(number)
    if opened is None:
        return Hop(number, state or State.SUBMITTED, opener)
    rests_on = opened.held.rests_on
    changed = rests_on in fallen if opener is None else rests_on != opener
    return Hop(number, state or opened.state, opener, opened.held.decision, opened.receipt, changed)


def _time(act: Act) -> tuple[datetime, str, str]:
    return (act.event.recorded_at, act.event.event_id, act.event.member)


def _place(standing: ActStanding) -> tuple[datetime, str, str, str]:
    return (*_time(standing.act), standing.act.sha256)
