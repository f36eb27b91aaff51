"""What every event carries: ids, handling, source, absent fields. It changes with the contract's common part."""

from typing import Annotated

from pydantic import Field

from schemas.events.types import CodeOf, Hash, Id, Instant, Member, Name, Part, Reference


class Handling(Part):
    """Who may use an event, and how reliable it is (Europol handling codes and 4x4)."""

    codes: tuple[Annotated[str, CodeOf("handling-code")], ...] = Field(
        default=("H0",), description="Handling codes, combinable"
    )
    h3_code: Annotated[str, CodeOf("h3-text")] | None = Field(
        default=None, description="The coded text that H3 stands for"
    )
    source: Annotated[str, CodeOf("source-evaluation")] = Field(
        default="X", description="Reliability of the source, 4x4"
    )
    information: Annotated[str, CodeOf("information-evaluation")] = Field(
        default="4", description="Reliability of the information, 4x4"
    )
    releasable_to: tuple[Member, ...] | None = Field(
        default=None, description="Members that may see the open part; null: every member"
    )
    embargo_until: Instant | None = Field(default=None, description="Until then the record takes part in nothing")
    expires_at: Instant | None = Field(default=None, description="From then on the record is not shown")


class Occurred(Part):
    """When something happened, as far as it is known."""

    at: Instant = Field(description="The instant; the first of the period when the precision is coarse")
    offset_minutes: int = Field(description="Offset of local time from UTC, minutes")
    precision: Annotated[str, CodeOf("time-precision")] = Field(description="How exact the instant is")


class Absent(Part):
    """Why a field has no value."""

    field: Name = Field(description="Path of the field, as items[0].firearm.marks.model")
    reason: Annotated[str, CodeOf("absent-reason")] = Field(
        description="Why there is no value; without an entry: not_recorded"
    )


class Provenance(Part):
    """What rebuilds the producer's index from its own topic."""

    mapping: Name = Field(description="The mapping that made the event")
    mapping_version: int = Field(description="Version of that mapping")
    content: Hash = Field(description="HMAC-SHA256 under the id key of the canonical national fields")
    national_version: Reference | None = Field(
        default=None, description="The national record's own version or change time"
    )


class Sealed(Part):
    """The part that only its addressees can open."""

    suite: Name = Field(description="How the part is encrypted")
    ciphertext: bytes = Field(description="The encrypted part")


class Attachment(Part):
    """A picture or document that travels sealed; only this description is open."""

    sha256: Hash = Field(description="SHA-256 of the bytes")
    media_type: Name = Field(description="Media type, as image/jpeg")
    size: int = Field(description="Size in bytes")
    caption: Annotated[str, CodeOf("attachment-caption")] = Field(description="What it shows")


class Event(Part):
    """One sealed, immutable statement by one writer."""

    event_id: Id = Field(description="UUIDv5 of record id and revision")
    record_id: Id = Field(description="The record that the event is a revision of")
    revision: int = Field(ge=1, description="1, 2, 3 ...; the highest wins")
    member: Member = Field(description="Who states it; the owner of the topic")
    recorded_at: Instant = Field(description="When it was accepted at intake, or decided")
    status: Annotated[str, CodeOf("event-status")] = Field(description="Whether the record stands")
    exercise: bool = Field(description="Test data, never mixed with real records")
    handling: Handling = Field(description="Who may use it, and how reliable it is")


class MemberEvent(Event):
    """An event by a member, made from a national record or at a desk."""

    occurred: Occurred | None = Field(default=None, description="When it happened")
    own_reference: Reference | None = Field(default=None, description="The member's pseudonymous case number")
    absent: tuple[Absent, ...] = Field(default=(), description="Why fields have no value")
    source: Provenance = Field(description="What it was made from")
    sealed: Sealed | None = Field(default=None, description="The part for addressees only")
    attachments: tuple[Attachment, ...] = Field(default=(), description="What travels sealed beside it")
