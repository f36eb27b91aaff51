"""Who has to answer: the first rule that points to a member that can be asked. It changes with the order of rules."""

from collections.abc import Iterator
from dataclasses import dataclass

from consumers.tracing.pointers import FIRST_HOP, LATER_HOPS, Pointer
from consumers.tracing.question import Knowledge, Question
from schemas.events.decision import Alternative, Evidence
from schemas.handling.combined import Stated
from schemas.handling.rules import shows, terms_at

NAMED = ("own_register", "named_hop")
"""Rules by which the asker itself can be meant: somebody named it. Other facts it has searched for on its own."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Why a request goes where it goes.

    ``accountable`` is the member that has to answer. Without one, ``system`` and ``place`` say that it is handed over,
    else it is with the duty officer. ``channel`` is a code of that list, ``via`` the organisation that relays.
    """

    rule: str
    accountable: str | None = None
    channel: str | None = None
    via: str | None = None
    system: str | None = None
    place: str | None = None
    evidence: tuple[Evidence, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class _Looked:
    """One rule looked at: the member to ask, or why none of those it points to can be."""

    rule: str
    pointer: Pointer
    member: str | None
    alternatives: tuple[Alternative, ...] = ()


def route(question: Question, knowledge: Knowledge) -> Choice:
    """The choice by the first rule that applies; without one it is handed over, or is with the duty officer.

    A function of its arguments; never raises, always gives a rule, and names each rule that was looked at before.
    """
    looked: list[_Looked] = []
    for rule in _looked_at(question, knowledge):
        if rule.member is not None:
            return _by_channel(rule, rule.member, question, knowledge, _alternatives(looked))
        looked.append(rule)
        if rule.pointer.final:
            break
    return _without_member(looked, knowledge)


def _looked_at(question: Question, knowledge: Knowledge) -> Iterator[_Looked]:
    for rule, points in LATER_HOPS if question.referral else FIRST_HOP:
        pointer = points(question, knowledge)
        reasons = {member: _why_not(_Looked(rule, pointer, member), question, knowledge) for member in pointer.members}
        free = [member for member, reason in reasons.items() if reason is None]
        if len(free) == 1:
            said = tuple(Alternative(rule=rule, member=m, why_not=reason) for m, reason in reasons.items() if reason)
            yield _Looked(rule, pointer, free[0], said)
            continue
        said = tuple(Alternative(rule=rule, member=m, why_not=reason or "ambiguous") for m, reason in reasons.items())
        yield _Looked(rule, pointer, None, said or (_nowhere(rule, pointer, knowledge),))


def _why_not(looked: _Looked, question: Question, knowledge: Knowledge) -> str | None:
    """Why a member cannot be asked by this rule; None when it can."""
    directory, member = knowledge.directory, looked.member
    if not directory.has(member):
        return "not_answering" if any(m.code == member for m in directory.members) else "not_a_member"
    if member in question.asked:
        return looked.pointer.again
    if member == question.requester and looked.rule not in NAMED:
        return "asker_itself"
    return None


def _nowhere(rule: str, pointer: Pointer, knowledge: Knowledge) -> Alternative:
    if pointer.place is None:
        return Alternative(rule=rule, why_not=pointer.why_not)
    outside = knowledge.directory.is_outside(pointer.place)
    return Alternative(rule=rule, why_not="outside" if outside else "not_a_member")


def _by_channel(
    found: _Looked, member: str, question: Question, knowledge: Knowledge, before: tuple[Alternative, ...]
) -> Choice:
    """The member, unless the two have no channel or the request's handling does not allow it."""
    evidence, before = found.pointer.evidence, (*before, *found.alternatives)
    channel, _, via = channel_to(knowledge, question.requester, member).partition(":")
    handling = question.request.handling
    stated = Stated(question.requester, handling)
    refusal = None
    if channel == "none":
        refusal = "no_channel"
    elif not shows(stated, member, terms_at(handling, knowledge.at)):
        refusal = "not_releasable"
    if refusal:
        said = Alternative(rule=found.rule, member=member, why_not=refusal)
        return Choice(refusal, evidence=evidence, alternatives=(*before, said))
    return Choice(found.rule, member, channel, via.lower() or None, evidence=evidence, alternatives=before)


def channel_to(knowledge: Knowledge, asker: str, member: str) -> str:
    """How the asker sends to a member; to itself always directly."""
    return "direct" if asker == member else knowledge.directory.channel(asker, member)


def _without_member(looked: list[_Looked], knowledge: Knowledge) -> Choice:
    alternatives = _alternatives(looked)
    for rule in looked:
        place = rule.pointer.place
        if place is not None and not rule.pointer.members and knowledge.directory.is_outside(place):
            system = knowledge.directory.system_for(place)
            evidence = rule.pointer.evidence
            return Choice("handed_over", system=system, place=place, evidence=evidence, alternatives=alternatives)
    return Choice("duty_officer", alternatives=alternatives)


def _alternatives(looked: list[_Looked]) -> tuple[Alternative, ...]:
    return tuple(alternative for rule in looked for alternative in rule.alternatives)
