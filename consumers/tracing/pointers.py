"""The rules by which a route is found: what each reads, and where it points. It changes when a rule is added.

A rule says where its facts point to, or that there are none; whether that member can be asked is ``rules.py``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from consumers.tracing.question import Knowledge, OpenMissing, Question
from schemas.events.decision import Evidence
from schemas.events.firearm import ImportMark

NO_FACT = "no_fact"
UNKNOWN_CLASSES = frozenset({"unknown", "not_recorded", "withheld", "other"})


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
    places = sorted({knowledge.reference.successor(mark.place) for mark in latest})
    if len(places) != 1:
        return Pointer(why_not="ambiguous" if places else NO_FACT)
    read = min(mark.place for mark in latest)
    return _to_place(places[0], (_evidence(question, "import_mark", "marks.import_marks", read),), knowledge)


def manufacture(question: Question, knowledge: Knowledge) -> Pointer:
    """Where it was made, by the reference table, else as the request says; or what succeeded that place."""
    request, marks = question.request.request, question.marks
    if request is None:
        return Pointer()
    made = None
    if marks.make is not None:
        made = knowledge.reference.manufacture_place(marks.make, request.weapon_class, marks.model)
    if made is not None:
        evidence = _evidence(question, "reference_table", "marks.make", made)
    elif request.country_of_manufacture is not None:
        made = request.country_of_manufacture
        evidence = _evidence(question, "place_mark", "request.country_of_manufacture", made)
    else:
        return Pointer()
    return _to_place(knowledge.reference.successor(made), (evidence,), knowledge)


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


def _to_place(place: str, evidence: tuple[Evidence, ...], knowledge: Knowledge) -> Pointer:
    if evidence[0].place != place:
        evidence += (Evidence(kind="successor_table", transform="successor", place=place),)
    member = knowledge.directory.member_of_place(place)
    return Pointer((member.code,) if member else (), place, evidence)


def _latest(marks: Iterable[ImportMark]) -> list[ImportMark]:
    newest = max((mark.year for mark in marks if mark.year is not None), default=None)
    return [mark for mark in marks if mark.year is None or mark.year == newest]


def _contradicts(record: OpenMissing, question: Question, knowledge: Knowledge) -> bool:
    request = question.request.request
    classes = {record.weapon_class, request.weapon_class if request else "unknown"} - UNKNOWN_CLASSES
    read = (record.marks.calibre, question.marks.calibre)
    calibres = {knowledge.reference.calibre(text) for text in read if text} - {None}
    return len(classes) > 1 or len(calibres) > 1
