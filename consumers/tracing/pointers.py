"""The rules by which a route is found: what each reads, and where it points. It changes when a rule is added.

A rule says where its facts point to, or that there are none; whether that member can be asked is ``rules.py``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from consumers.tracing.question import Knowledge, OpenMissing, Question
from schemas.events.decision import Evidence
from schemas.events.firearm import ImportMark
from schemas.marks.lookup import Found
from schemas.marks.reference import UNSTATED_CLASSES

NO_FACT = "no_fact"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where one rule points: to members, or to a place that no member answers for.

    ``why_not`` is the reason when it points nowhere, ``again`` when it points to a member of an earlier hop.
    ``final`` says that no later rule is looked at.
    """

    members: tuple[str, ...] = ()
    place: str | None = None
    evidence: tuple[Evidence, ...] = ()
    why_not: str = NO_FACT
    again: str = "already_asked"
    final: bool = False


Rule = Callable[[Question, Knowledge], Pointer]


def own_register(question: Question, knowledge: Knowledge) -> Pointer:
    """The asker names itself: a domestic trace."""
    del knowledge
    named = question.request.request.named if question.request.request else None
    if named is None or named.member != question.requester:
        return Pointer()
    return Pointer((named.member,), evidence=(_evidence(question, named.evidence, "request.named.member"),))


def missing_owner(question: Question, knowledge: Knowledge) -> Pointer:
    """A member reports this firearm as missing; several that do are not chosen from."""
    fitting = [record for record in knowledge.missing if not _contradicts(record, question, knowledge)]
    if not fitting:
        return Pointer(why_not="partial_match" if knowledge.missing else NO_FACT)
    evidence = tuple(
        Evidence(kind="missing_record", event_id=r.event_id, field="marks.numbers", transform=f"{r.key_kind}_key")
        for r in sorted(fitting, key=lambda record: (record.member, record.event_id))
    )
    owners = tuple(sorted({record.member for record in fitting}))
    return Pointer(owners, evidence=evidence, final=len(owners) > 1)


def referred_to(question: Question, knowledge: Knowledge) -> Pointer:
    """The member that the last hop's referral names, or the place outside. A circle is for a person to break."""
    referral = question.referral.referral if question.referral else None
    if question.referral is None or referral is None:
        return Pointer()
    code = referral.next_member or referral.external
    if code is None:
        return Pointer()
    field = "referral.next_member" if referral.next_member else "referral.external"
    evidence = Evidence(kind=referral.evidence, event_id=question.referral.event_id, field=field, place=code)
    member = knowledge.directory.member_of_place(code)
    if member is None:
        return Pointer(place=code, evidence=(evidence,), final=knowledge.directory.is_outside(code))
    return Pointer((member.code,), code, (evidence,), again="loop", final=member.code in question.asked)


def named_hop(question: Question, knowledge: Knowledge) -> Pointer:
    """The member that the request names, with evidence."""
    del knowledge
    named = question.request.request.named if question.request.request else None
    if named is None or named.member == question.requester:
        return Pointer()
    return Pointer((named.member,), evidence=(_evidence(question, named.evidence, "request.named.member"),))


def register_hit(question: Question, knowledge: Knowledge) -> Pointer:
    """Registers are not asked yet."""
    del question, knowledge
    return Pointer(why_not="not_supported")


def last_import(question: Question, knowledge: Knowledge) -> Pointer:
    """The place of the latest import mark, or of what succeeded it. A mark without a year may be the latest."""
    latest = _latest(question.marks.import_marks)
    if len({_today(mark.place, knowledge) for mark in latest}) != 1:
        return Pointer(why_not="ambiguous" if latest else NO_FACT)
    read = min(mark.place for mark in latest)
    return _to_place(_evidence(question, "import_mark", "marks.import_marks", read), read, knowledge)


def manufacture(question: Question, knowledge: Knowledge) -> Pointer:
    """Where it was made, by the reference table, else as the request says; or what succeeded that place."""
    request, marks = question.request.request, question.marks
    if request is None:
        return Pointer()
    made = knowledge.reference.find_manufacture(marks.make, request.weapon_class, marks.model)
    if made is not None:
        evidence = _evidence(question, "reference_table", made.field, made.place)
        evidence = evidence.model_copy(update={"transform": made.evidence.transform})
        return _to_place(evidence, made.place, knowledge)
    stated = request.country_of_manufacture
    if stated is None:
        return Pointer()
    return _to_place(_evidence(question, "place_mark", "request.country_of_manufacture", stated), stated, knowledge)


FIRST_HOP: tuple[tuple[str, Rule], ...] = (
    ("own_register", own_register),
    ("missing_owner", missing_owner),
    ("named_hop", named_hop),
    ("register_hit", register_hit),
    ("last_import", last_import),
    ("manufacture", manufacture),
)
LATER_HOPS: tuple[tuple[str, Rule], ...] = (("named_hop", referred_to), *FIRST_HOP)
"""The rules in their order, by the codes of ``route-rule``; a referral comes before everything else."""


def _evidence(question: Question, kind: str, field: str, place: str | None = None) -> Evidence:
    return Evidence(kind=kind, event_id=question.request.event_id, field=field, place=place)


def _to_place(evidence: Evidence, read: str, knowledge: Knowledge) -> Pointer:
    place = _today(read, knowledge)
    said: tuple[Evidence, ...] = (evidence,)
    if place != read:
        said += (Evidence(kind="successor_table", transform="successor", place=place),)
    member = knowledge.directory.member_of_place(place)
    return Pointer((member.code,) if member else (), place, said)


def _today(place: str, knowledge: Knowledge) -> str:
    """The place itself where the directory knows it, else what succeeded it."""
    return place if not knowledge.directory.is_outside(place) else knowledge.reference.successor(place)


def _latest(marks: Iterable[ImportMark]) -> list[ImportMark]:
    newest = max((mark.year for mark in marks if mark.year is not None), default=None)
    return [mark for mark in marks if mark.year is None or mark.year == newest]


def _contradicts(record: OpenMissing, question: Question, knowledge: Knowledge) -> bool:
    request = question.request.request
    classes = {record.weapon_class, request.weapon_class if request else "unknown"} - UNSTATED_CLASSES
    ours, theirs = (_calibres(text, knowledge) for text in (question.marks.calibre, record.marks.calibre))
    return len(classes) > 1 or bool(ours and theirs and ours.isdisjoint(theirs))


def _calibres(text: str | None, knowledge: Knowledge) -> frozenset[str]:
    """All calibres that the text may name; none where it is not known."""
    found = knowledge.reference.find_calibre(text)
    if found is None:
        return frozenset()
    candidates = (found,) if isinstance(found, Found) else found.candidates
    return frozenset(candidate.entry.id for candidate in candidates)
