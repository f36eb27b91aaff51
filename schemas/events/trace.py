"""The acts of a trace: a code and one part per act. It changes when members may say something new in a trace."""

from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from schemas.events.envelope import MemberEvent
from schemas.events.firearm import Marks
from schemas.events.types import CodeOf, Id, Instant, Member, Part, Place, Reference

EvidenceKind = Annotated[str, CodeOf("evidence-kind")]


class NamedMember(Part):
    """The member that somebody names as the next to ask, and on what evidence."""

    member: Member = Field(description="Who should be asked")
    evidence: EvidenceKind = Field(description="What points to it")


class Request(Part):
    """What the asker wants traced, and why (ITI, paragraph 17)."""

    seizure_record_id: Id | None = Field(default=None, description="The seizure that it is about")
    item_id: Id | None = Field(default=None, description="The item of that seizure")
    weapon_class: Annotated[str, CodeOf("weapon-class")] = Field(description="Kind of weapon")
    marks: Marks = Field(description="What is stamped on it")
    priority: Annotated[str, CodeOf("priority")] = Field(description="Routine or urgent")
    urgent_reason: Annotated[str, CodeOf("urgent-reason")] | None = Field(default=None, description="Why it is urgent")
    illicit_ground: Annotated[str, CodeOf("illicit-ground")] = Field(description="Why it is illicit (ITI 6)")
    intended_use: Annotated[str, CodeOf("intended-use")] = Field(description="What the answer is for (ITI 17c)")
    domestic_trace: Annotated[str, CodeOf("domestic-trace")] = Field(description="What the asker's own register said")
    country_of_manufacture: Place | None = Field(default=None, description="Place code of manufacture, if known")
    named: NamedMember | None = Field(default=None, description="Whom the asker names, with evidence")


class Acknowledgement(Part):
    """The accountable member has the request (ITI 19)."""

    reference: Reference | None = Field(default=None, description="Its own file number, pseudonymous")


class Question(Part):
    """The accountable member asks for what is missing (ITI 21)."""

    asked: tuple[Annotated[str, CodeOf("question-field")], ...] = Field(min_length=1, description="What is asked")


class Information(Part):
    """The asker supplies what was asked."""

    marks: Marks | None = Field(default=None, description="Marks as now known")
    fields: tuple[Annotated[str, CodeOf("question-field")], ...] = Field(default=(), description="What is supplied")


class Answer(Part):
    """The accountable member's result."""

    result: Annotated[str, CodeOf("answer-result")] = Field(description="What the register says")
    scope: Annotated[str, CodeOf("answer-scope")] = Field(description="Full or restricted")
    holder_role: Annotated[str, CodeOf("holder-role")] | None = Field(
        default=None, description="Role of the last holder known"
    )
    on: Instant | None = Field(default=None, description="When the holder had it last")
    evidence: EvidenceKind = Field(description="What the answer rests on")


class Referral(Part):
    """The accountable member names the next hop."""

    next_member: Member | None = Field(default=None, description="The member to ask next")
    external: Place | None = Field(default=None, description="Place code outside the region")
    evidence: EvidenceKind = Field(description="What points there")


class Refusal(Part):
    """The accountable member refuses, with its reason (ITI 22-23)."""

    reason: Annotated[str, CodeOf("refusal-reason")] = Field(description="Why")


class Delay(Part):
    """The accountable member will answer later, with its reason (ITI 22-23)."""

    reason: Annotated[str, CodeOf("delay-reason")] = Field(description="Why")
    until: Instant | None = Field(default=None, description="Until when")


class Clarification(Part):
    """The asker asks what a refusal, delay or answer means (ITI 23)."""

    asked: tuple[Annotated[str, CodeOf("question-field")], ...] = Field(min_length=1, description="What is asked")


class Closure(Part):
    """The asker ends the trace."""

    outcome: Annotated[str, CodeOf("closure-outcome")] = Field(description="How it ended")


class Reopening(Part):
    """The asker takes the trace up again, as when a number was restored."""

    reason: Annotated[str, CodeOf("reopening-reason")] = Field(description="Why")
    marks: Marks | None = Field(default=None, description="Marks as now known")


class ProbeAnswer(Part):
    """A desk's automatic answer to a register probe."""

    result: Annotated[str, CodeOf("probe-result")] = Field(description="Register hit or none")


class Erasure(Part):
    """Names the grants that are never to be granted or forwarded again."""

    grants: tuple[Id, ...] = Field(min_length=1, description="Ids of the grants")


class TraceAct(MemberEvent):
    """One message in a trace; exactly the part that its act names is present."""

    trace_id: Id = Field(description="The trace; record id of its request")
    requester: Member = Field(description="Who asked; the trace is known by requester and id")
    hop: int = Field(ge=1, description="The hop it belongs to, from 1")
    act: Annotated[str, CodeOf("trace-act")] = Field(description="What kind of message")
    cause: Id | None = Field(default=None, description="Event id of the act it answers; none for a request")
    request: Request | None = Field(default=None, description="Present when the act is request")
    acknowledgement: Acknowledgement | None = Field(default=None, description="Present when the act says so")
    question: Question | None = Field(default=None, description="Present when the act is question")
    information: Information | None = Field(default=None, description="Present when the act is information")
    answer: Answer | None = Field(default=None, description="Present when the act is answer")
    referral: Referral | None = Field(default=None, description="Present when the act is referral")
    refusal: Refusal | None = Field(default=None, description="Present when the act is refusal")
    delay: Delay | None = Field(default=None, description="Present when the act is delay")
    clarification: Clarification | None = Field(default=None, description="Present when the act says so")
    closure: Closure | None = Field(default=None, description="Present when the act is closure")
    reopening: Reopening | None = Field(default=None, description="Present when the act is reopening")
    probe_answer: ProbeAnswer | None = Field(default=None, description="Present when the act says so")
    erasure: Erasure | None = Field(default=None, description="Present when the act is erasure")


ACT_PARTS = MappingProxyType(
    {
        "request": Request,
        "acknowledgement": Acknowledgement,
        "question": Question,
        "information": Information,
        "answer": Answer,
        "referral": Referral,
        "refusal": Refusal,
        "delay": Delay,
        "clarification": Clarification,
        "closure": Closure,
        "reopening": Reopening,
        "probe_answer": ProbeAnswer,
        "erasure": Erasure,
    }
)
"""Which part each act carries; the field of TraceAct has the act's name."""
