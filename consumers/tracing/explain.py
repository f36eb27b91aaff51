"""Why a trace went where it went, as sentences. Pure. It changes when a decision says more."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from consumers.tracing.trace import Hop, Trace
from schemas.codes.lists import CodeList
from schemas.directory import Directory
from schemas.events.decision import Alternative, Decision, Evidence


@dataclass(frozen=True, slots=True)
class Wording:
    """What codes and members are called."""

    lists: Mapping[str, CodeList]
    directory: Directory

    def label(self, listed: str, code: str) -> str:
        """A code's label, beside the code."""
        return f"{self.lists[listed].label(code)} ({code})"

    def definition(self, listed: str, code: str) -> str:
        """What a code means; a code of a newer list means itself."""
        entry = self.lists[listed].entries.get(code)
        return entry.definition if entry else code

    def member(self, code: str) -> str:
        """A member's name with its code; a code that is no member's stands for itself."""
        names = [member.name for member in self.directory.members if member.code == code]
        return f"{names[0]} ({code})" if names else code


def explain(trace: Trace, wording: Wording) -> tuple[str, ...]:
    """One block of lines a hop: who has to answer, by which rule, on what evidence, and what was looked at before."""
    title = f"Trace {trace.key.trace_id} of {wording.member(trace.key.requester)}: {trace.state.value}"
    return (title, *(line for hop in trace.hops for line in _hop(trace, hop, wording)))


def codes_named(trace: Trace) -> frozenset[str]:
    """Every member code that an explanation may name: whose footnotes have to be shown."""
    named = {trace.key.requester, *(act.member for act in trace.counted)}
    for hop in trace.hops:
        named |= {hop.accountable or ""}
        named |= {alternative.member or "" for alternative in _alternatives(hop.decision)}
        named |= {evidence.place or "" for evidence in _evidence(hop.decision)}
    return frozenset(named - {""})


def _hop(trace: Trace, hop: Hop, wording: Wording) -> Iterator[str]:
    if hop.decision is None:
        yield f"Hop {hop.number}: nothing is decided yet."
        return
    yield f"Hop {hop.number}: {_verdict(trace, hop.decision, wording)}"
    if hop.decision.decided_by:
        reason = hop.decision.duty_reason or "other"
        yield f"  Decided by duty officer {hop.decision.decided_by}: {wording.definition('duty-reason', reason)}"
    elif hop.rule:
        yield f"  Rule {wording.label('route-rule', hop.rule)}: {wording.definition('route-rule', hop.rule)}"
    for evidence in _evidence(hop.decision):
        yield f"  Evidence: {fact(evidence, wording)}"
    for alternative in _alternatives(hop.decision):
        yield f"  Looked at before: {_rejected(alternative, wording)}"
    yield f"  Decided on {_seen(hop.decision)}."
    if hop.basis_changed:
        yield "  What this decision rests on has changed since: the decision stands, and the duty officer has it."


def _verdict(trace: Trace, decision: Decision, wording: Wording) -> str:
    if decision.handed_over:
        outside, system = decision.handed_over.place, wording.label("external-system", decision.handed_over.system)
        bureau = wording.member(decision.handed_over.bureau_of)
        return f"it points to {outside}, outside the region; the bureau of {bureau} takes it to {system}."
    if decision.undeliverable:
        return f"it cannot be delivered: {wording.definition('why-not', decision.undeliverable.reason)}"
    if decision.routing is None or decision.routing.accountable is None:
        return "the duty officer has it."
    routing = decision.routing
    own = routing.accountable == trace.key.requester
    channel = f", by {routing.via} as relay" if routing.via else ""
    return (
        f"{wording.member(routing.accountable or '')} has to answer{channel}{', from its own register' if own else ''}."
    )


def fact(evidence: Evidence, wording: Wording) -> str:
    """One piece of evidence: what kind of fact it is, where it was read, and where it leads."""
    parts = [wording.definition("evidence-kind", evidence.kind)]
    if evidence.field:
        parts.append(f"Field {evidence.field}.")
    if evidence.transform:
        parts.append(f"Compared by {evidence.transform}.")
    if evidence.place:
        parts.append(f"It leads to {evidence.place}.")
    if evidence.event_id:
        parts.append(f"Event {evidence.event_id}.")
    return " ".join(parts)


def _rejected(alternative: Alternative, wording: Wording) -> str:
    member = f", {wording.member(alternative.member)}" if alternative.member else ""
    rule = wording.lists["route-rule"].label(alternative.rule)
    return f"{rule}{member}. {wording.definition('why-not', alternative.why_not)}"


def _seen(decision: Decision) -> str:
    seen = ", ".join(f"{seen.topic} up to {seen.next_offset}" for seen in decision.seen) or "no topic"
    return f"{decision.recorded_at:%Y-%m-%d %H:%M:%S} UTC, directory version {decision.directory_version}, with {seen}"


def _evidence(decision: Decision | None) -> Iterable[Evidence]:
    part = (decision.routing or decision.handed_over) if decision else None
    return part.evidence if part else ()


def _alternatives(decision: Decision | None) -> Iterable[Alternative]:
    part = (decision.routing or decision.handed_over) if decision else None
    return part.alternatives if part else ()
