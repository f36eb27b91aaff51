"""What the region decided once: one part per kind. It changes when the region may decide something new."""

from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from schemas.events.envelope import Event, Handling
from schemas.events.types import CodeOf, Hash, Id, Instant, Member, Name, Part, Place, Reference

Rule = Annotated[str, CodeOf("route-rule")]


class Seen(Part):
    """How far a topic was folded when the decision was taken."""

    topic: Name = Field(description="The topic")
    next_offset: int = Field(ge=0, description="Everything before this offset was seen")


class PlannedDelivery(Part):
    """A delivery that the decision calls for; its value follows from decision and original."""

    event_id: Id = Field(description="UUIDv5 of the decision's event id and the addressee")
    inbox: Member = Field(description="The addressee")
    purpose: Annotated[str, CodeOf("delivery-purpose")] = Field(description="Accountable, party or copy")


class Evidence(Part):
    """One fact that a rule rests on."""

    kind: Annotated[str, CodeOf("evidence-kind")] = Field(description="What kind of fact")
    event_id: Id | None = Field(default=None, description="The event that states it")
    field: Name | None = Field(default=None, description="The field that was read")
    transform: Name | None = Field(default=None, description="How values were compared")
    place: Place | None = Field(default=None, description="The place code that the fact led to")


class Alternative(Part):
    """A rule that was looked at before, and why it did not decide."""

    rule: Rule = Field(description="The rule")
    member: Member | None = Field(default=None, description="The member it pointed to")
    why_not: Annotated[str, CodeOf("why-not")] = Field(description="Why it did not decide")


class Routing(Part):
    """Opens a hop, and says who has to answer, or that the duty officer has it."""

    rule: Rule = Field(description="The rule that decided")
    accountable: Member | None = Field(default=None, description="Who has to answer; none: the duty officer")
    channel: Annotated[str, CodeOf("channel")] | None = Field(default=None, description="How the pair exchanges")
    via: Name | None = Field(default=None, description="The organisation that relays")
    evidence: tuple[Evidence, ...] = Field(default=(), description="What the rule rests on")
    alternatives: tuple[Alternative, ...] = Field(default=(), description="Rules looked at before")


class HandedOver(Part):
    """The firearm points outside: the asker's own bureau takes the request to another system."""

    system: Annotated[str, CodeOf("external-system")] = Field(description="The other system")
    bureau_of: Member = Field(description="Whose bureau takes it there")
    place: Place = Field(description="The place code that lies outside")
    evidence: tuple[Evidence, ...] = Field(default=(), description="What points outside")
    alternatives: tuple[Alternative, ...] = Field(default=(), description="Rules looked at before")


class Undeliverable(Part):
    """What was to be delivered cannot be."""

    reason: Annotated[str, CodeOf("why-not")] = Field(description="Why")


class Settled(Part):
    """Nothing is done, and this says why."""

    reason: Annotated[str, CodeOf("why-not")] = Field(description="Why")


class QuarantinedRecord(Part):
    """A record that waits in quarantine, and why a person acted on it. What may happen to it is the decision's kind."""

    topic: Name = Field(description="Where it stands")
    offset: int = Field(ge=0, description="Its position")
    sha256: Hash | None = Field(default=None, description="SHA-256 of its value; none: it has no value")
    reason: Name = Field(description="Why it waits")
    because: Annotated[str, CodeOf("settling-reason")] = Field(description="Why it is released or discarded")


class ForwardedGrant(Part):
    """A grant goes on to its addressee. The grant may be erased; this stays, and says that there was one."""

    grant: Id = Field(description="Record id of the grant")
    granted_by: Member = Field(description="Whose grant it is")
    sha256: Hash = Field(description="SHA-256 of its value")
    of_event: Id = Field(description="The event whose sealed part it opens")


class ForwardedReceipt(Part):
    """A receipt goes on to the sender of what it is for; the subject is the receipt."""

    receipted_by: Member = Field(description="Whose desk has it")
    sha256: Hash = Field(description="SHA-256 of the receipt's value")
    of_event: Id = Field(description="The event that was received")
    delivery_id: Id = Field(description="Event id of the delivery that brought it")


class MissingReceipt(Part):
    """A receipt does not come, and the sender is told; the subject is the delivery."""

    addressee: Member = Field(description="Whose desk has not confirmed")
    of_event: Id = Field(description="The event that was sent to it")
    sha256: Hash = Field(description="SHA-256 of that event's value")
    since: Instant = Field(description="When it was decided to send it")


class EndedTerm(Part):
    """A term of a record's handling that is over: the subject is the revision whose handling set it."""

    of_member: Member = Field(description="Whose record it is")
    of_record: Id = Field(description="The record")
    until: Instant = Field(description="The instant that the revision's handling names")


class SourceHandling(Part):
    """The handling of a record that the evidence rests on, as it was when the decision was taken."""

    event_id: Id = Field(description="The event that states the record")
    member: Member = Field(description="Whose record it is")
    handling: Handling = Field(description="Who may see it")


class Decision(Event):
    """The region's own sealed event; exactly the part that its kind names is present, delivery has none."""

    kind: Annotated[str, CodeOf("decision-kind")] = Field(description="What was decided")
    subject: Id = Field(description="The event that it is about")
    requester: Member | None = Field(default=None, description="Requester of the trace")
    trace_id: Id | None = Field(default=None, description="The trace")
    hop: int | None = Field(default=None, description="The hop")
    cause: Id | None = Field(default=None, description="The event that called for the decision")
    decided_by: Reference | None = Field(default=None, description="The duty officer's own mark; none: a rule")
    confirmed_by: Reference | None = Field(
        default=None, description="The mark of a second person, where two have to agree"
    )
    duty_reason: Annotated[str, CodeOf("duty-reason")] | None = Field(
        default=None, description="Why the duty officer decided so"
    )
    directory_version: int = Field(description="The directory that was in force")
    seen: tuple[Seen, ...] = Field(default=(), description="What had been folded of the topics that were read")
    deliveries: tuple[PlannedDelivery, ...] = Field(default=(), description="What is sent because of it")
    sources: tuple[SourceHandling, ...] = Field(
        default=(), description="Handling of other members' records that the evidence rests on"
    )
    routing: Routing | None = Field(default=None, description="Present when the kind is routing")
    handed_over: HandedOver | None = Field(default=None, description="Present when the kind says so")
    undeliverable: Undeliverable | None = Field(default=None, description="Present when the kind says so")
    none: Settled | None = Field(default=None, description="Present when the kind is none")
    forwarding: ForwardedGrant | None = Field(default=None, description="Present when a grant goes on")
    receipted: ForwardedReceipt | None = Field(default=None, description="Present when a receipt goes on")
    missing_receipt: MissingReceipt | None = Field(default=None, description="Present when one does not come")
    release: QuarantinedRecord | None = Field(default=None, description="Present when a record is to be tried again")
    discard: QuarantinedRecord | None = Field(default=None, description="Present when a record is never to be used")
    embargo_end: EndedTerm | None = Field(default=None, description="Present when an embargo has ended")
    expiry: EndedTerm | None = Field(default=None, description="Present when a record has expired")


DECISION_PARTS = MappingProxyType(
    {
        "routing": Routing,
        "handed_over": HandedOver,
        "undeliverable": Undeliverable,
        "none": Settled,
        "forwarding": ForwardedGrant,
        "receipted": ForwardedReceipt,
        "missing_receipt": MissingReceipt,
        "release": QuarantinedRecord,
        "discard": QuarantinedRecord,
        "embargo_end": EndedTerm,
        "expiry": EndedTerm,
        "delivery": None,
    }
)
"""Which part each kind carries; a delivery decision is its list of deliveries and nothing more."""
