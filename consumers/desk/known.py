"""A trace as far as one desk knows it: what reached its inbox, and what it sent. Pure.

It changes when a desk is told more. The region's picture is the one that counts: it has every act, each desk has its
own side only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from consumers.desk.inbox import InboxEntry, SubmittedAct
from consumers.tracing.table import ACTS, After, State
from consumers.tracing.trace import TraceKey

REQUEST = "request"
ABOUT_THE_WHOLE = frozenset({"closure", "reopening"})
"""Acts about the whole trace, whichever hop they name."""

AFTER_CLOSURE = frozenset({"reopening", "erasure"})
"""Acts that a closed trace still takes."""


@dataclass(frozen=True, slots=True)
class KnownAct:
    """One act. ``at`` is its sender's clock, ``part`` what it says; ``sent`` by this desk, or received.

    ``in_turn`` is false where it changed nothing, as far as this desk can tell.
    """

    event_id: str
    act: str
    member: str
    hop: int
    cause: str | None
    at: datetime
    own_reference: str | None
    part: Mapping[str, Any]
    sent: bool
    in_turn: bool = True


@dataclass(frozen=True, slots=True)
class KnownHop:
    """One hop. ``deliveries`` are the event ids of those that told of its routing, the oldest first."""

    number: int
    state: State
    accountable: str | None = None
    rule: str | None = None
    deliveries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownTrace:
    """What the desk of ``member`` knows of a trace: its hops by number, its acts in causal order."""

    key: TraceKey
    member: str
    hops: tuple[KnownHop, ...]
    acts: tuple[KnownAct, ...]
    outcome: str | None = None

    @property
    def asks(self) -> bool:
        """Whether this desk's member is the asker."""
        return self.key.requester == self.member

    @property
    def state(self) -> State:
        """The state of the last hop that this desk knows."""
        return self.hops[-1].state if self.hops else State.WAITING

    @property
    def last_hop(self) -> int:
        """Number of that hop."""
        return self.hops[-1].number if self.hops else 1

    @property
    def own_hop(self) -> int | None:
        """The last hop that this desk's member has to answer."""
        return max((hop.number for hop in self.hops if hop.accountable == self.member), default=None)

    @property
    def reference(self) -> str | None:
        """The asker's own reference."""
        return next((act.own_reference for act in self.acts if act.act == REQUEST), None)

    def is_in_turn(self, act: str, hop: int) -> bool:
        """Whether an act on a hop would change anything, as far as this desk can tell."""
        return changed_hop({known.number: known.state for known in self.hops}, act, hop) is not None


def known_traces(
    member: str, entries: Iterable[InboxEntry], sent: Iterable[SubmittedAct]
) -> Mapping[TraceKey, KnownTrace]:
    """Every trace that these deliveries and submissions belong to."""
    received: dict[TraceKey, list[InboxEntry]] = {}
    own: dict[TraceKey, list[SubmittedAct]] = {}
    for entry in entries:
        if entry.trace is not None:
            received.setdefault(entry.trace, []).append(entry)
    for submitted in sent:
        own.setdefault(submitted.trace, []).append(submitted)
    return {key: known_trace(key, member, received.get(key, []), own.get(key, [])) for key in {**received, **own}}


def known_trace(key: TraceKey, member: str, entries: Sequence[InboxEntry], sent: Sequence[SubmittedAct]) -> KnownTrace:
    """One trace; ``entries`` in the order in which they were received."""
    acts = in_causal_order(_acts(member, entries, sent))
    steps = Steps(_openings(key, member, entries), acts)
    judged = tuple(replace(act, in_turn=steps.take(act)) for act in acts)
    return KnownTrace(key, member, steps.hops(), judged, steps.outcome)


def changed_hop(states: Mapping[int, State], act: str, hop: int) -> int | None:
    """Number of the hop that an act in turn changes; None when it is out of turn."""
    if act not in ACTS or not states:
        return None
    last = max(states)
    if states[last] is State.CLOSED and act not in AFTER_CLOSURE:
        return None
    number = last if act in ABOUT_THE_WHOLE else hop
    return number if states.get(number) in ACTS[act].in_turn else None


@dataclass(slots=True)
class Steps:
    """Walks through the acts of a trace, from the state in which routing left each hop."""

    openings: Mapping[int, KnownHop]
    acts: Sequence[KnownAct]
    states: dict[int, State] = field(init=False)
    outcome: str | None = None

    def __post_init__(self) -> None:
        referred = {act.hop + 1 for act in self.acts if act.act == "referral"}
        self.states = {number: hop.state for number, hop in self.openings.items() if number not in referred}

    def take(self, act: KnownAct) -> bool:
        """Go one step; whether the act was in turn."""
        if act.act == REQUEST:
            return True
        number = changed_hop(self.states, act.act, act.hop)
        if number is None:
            return False
        then = ACTS[act.act].then
        if isinstance(then, State):
            self.states[number] = then
        elif then is After.OPENED:
            self.states[number] = self.openings[number].state
        if act.act in ABOUT_THE_WHOLE:
            self.outcome = act.part.get("outcome")
        if act.act == "referral" and number + 1 in self.openings:
            self.states[number + 1] = self.openings[number + 1].state
        return True

    def hops(self) -> tuple[KnownHop, ...]:
        """Every hop in the state in which the walk left it."""
        return tuple(
            replace(hop, state=self.states.get(number, hop.state)) for number, hop in sorted(self.openings.items())
        )


def in_causal_order(acts: Iterable[KnownAct]) -> list[KnownAct]:
    """Each act after its cause and after the referral that opened its hop, siblings by time; none is left out."""
    waiting = sorted(acts, key=lambda act: (act.at, act.event_id))
    known = {act.event_id for act in waiting}
    openers: dict[int, set[str]] = {}
    for act in waiting:
        if act.act == "referral":
            openers.setdefault(act.hop + 1, set()).add(act.event_id)
    before = {act.event_id: known & {act.cause, *openers.get(act.hop, ())} for act in waiting}
    ordered: list[KnownAct] = []
    done: set[str] = set()
    while waiting:
        following = next((act for act in waiting if before[act.event_id] <= done), waiting[0])
        waiting.remove(following)
        ordered.append(following)
        done.add(following.event_id)
    return ordered


def _acts(member: str, entries: Iterable[InboxEntry], sent: Iterable[SubmittedAct]) -> Iterable[KnownAct]:
    """Each act once. The event itself says more than the record from which intake made it."""
    known = {act.event_id: _sent(act, member) for act in sent}
    for entry in entries:
        if "act" in entry.body:
            known[entry.of_event] = _received(entry, sent=entry.from_member == member)
    return known.values()


def _received(entry: InboxEntry, *, sent: bool) -> KnownAct:
    return KnownAct(
        event_id=entry.of_event,
        act=entry.act,
        member=entry.from_member,
        hop=entry.body["hop"],
        cause=entry.body["cause"],
        at=entry.recorded_at,
        own_reference=entry.own_reference,
        part=entry.body.get(entry.act) or {},
        sent=sent,
    )


def _sent(act: SubmittedAct, member: str) -> KnownAct:
    return KnownAct(
        event_id=act.event_id,
        act=act.act,
        member=member,
        hop=act.hop,
        cause=act.cause,
        at=act.submitted_at,
        own_reference=act.body.get("own_reference"),
        part=act.body.get(act.act) or {},
        sent=True,
    )


def _openings(key: TraceKey, member: str, entries: Iterable[InboxEntry]) -> Mapping[int, KnownHop]:
    """How routing left each hop: the first delivery that names an accountable member holds, else the last."""
    told: dict[int, list[InboxEntry]] = {}
    for entry in entries:
        if entry.act == REQUEST and entry.hop is not None:
            told.setdefault(entry.hop, []).append(entry)
    if not told and key.requester == member:
        return {1: KnownHop(1, State.SUBMITTED)}
    return {number: _opening(number, member, line) for number, line in told.items()}


def _opening(number: int, member: str, line: Sequence[InboxEntry]) -> KnownHop:
    holds = next((entry for entry in line if entry.accountable), line[-1])
    deliveries = tuple(entry.event_id for entry in line)
    return KnownHop(number, _opening_state(holds, member), holds.accountable, holds.rule, deliveries)


def _opening_state(told: InboxEntry, member: str) -> State:
    if told.accountable is not None:
        return State.DELIVERED if told.accountable == member else State.ROUTED
    return State.HANDED_OVER if told.rule == "handed_over" else State.WITH_DUTY_OFFICER
