"""Which of the region's decisions about a hop is in force. It changes when a decision can take another's place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consumers.tracing.table import DECISIONS
from consumers.tracing.trace import TraceKey
from schemas.events.decision import Decision


@dataclass(frozen=True, slots=True)
class InForce:
    """The decision that holds for a hop, and the act on which the first decision about it rests."""

    decision: Decision
    rests_on: str | None

    @property
    def accountable(self) -> str | None:
        """Who has to answer, if it names anybody."""
        return self.decision.routing.accountable if self.decision.routing else None


def unique_decisions(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Each decision once, in an order of their own; of different ones under one id always the same is kept."""
    kept: dict[str, Decision] = {}
    for decision in decisions:
        other = kept.get(decision.event_id)
        if other is None or decision.model_dump_json() < other.model_dump_json():
            kept[decision.event_id] = decision
    return tuple(sorted(kept.values(), key=lambda d: (d.recorded_at, d.event_id)))


def about_request(decision: Decision) -> bool:
    """Whether a decision is about who answers (its subject is the request) rather than about a later act."""
    if decision.requester is None or decision.trace_id is None or decision.kind not in DECISIONS:
        return False
    return decision.subject == TraceKey(decision.requester, decision.trace_id).request_id


def decisions_in_force(decisions: Iterable[Decision]) -> Mapping[int, InForce]:
    """By hop. A duty officer's decision follows in line the one that it names as its cause.

    In force is the first of the line that names an accountable member, which never changes again; while none does,
    the last.
    """
    by_hop: dict[int, list[Decision]] = {}
    for decision in unique_decisions(decisions):
        if about_request(decision) and decision.hop is not None:
            by_hop.setdefault(decision.hop, []).append(decision)
    return {hop: _in_force(line) for hop, line in by_hop.items()}


def _in_force(decisions: list[Decision]) -> InForce:
    by_id = {decision.event_id: decision for decision in decisions}
    line = sorted(decisions, key=lambda d: (len(_before(d, by_id)), d.recorded_at, d.event_id))
    naming = [d for d in line if d.routing and d.routing.accountable]
    chosen = naming[0] if naming else line[-1]
    first = (_before(chosen, by_id) or [chosen])[-1]
    return InForce(chosen, first.cause)


def _before(decision: Decision, by_id: Mapping[str, Decision]) -> list[Decision]:
    """The decisions that this one answers, the nearest first."""
    line: list[Decision] = []
    earlier = by_id.get(decision.cause or "")
    while earlier is not None and earlier not in line:
        line.append(earlier)
        earlier = by_id.get(earlier.cause or "")
    return line
