"""The region's copy of a member's event to another's inbox. It changes when an addressee is shown more."""

from typing import Annotated, Final

from pydantic import Field

from schemas.events.decision import Evidence
from schemas.events.envelope import Event
from schemas.events.types import CodeOf, Hash, Id, Instant, Member, Name, Part, SealText

NOTICE: Final = "notice"
"""Purpose of a delivery that is no step of a trace: it brings its addressee's own act back."""


class Original(Part):
    """The record as read: the original bytes and seal, so that the addressee checks them itself."""

    topic: Name = Field(description="Where it was read")
    offset: int = Field(ge=0, description="Its position")
    appended_at: Instant = Field(description="The broker's clock")
    key: Name = Field(description="The record's key")
    value: bytes = Field(description="The record's value, byte for byte")
    seal: SealText = Field(description="The record's seal header")


class Delivery(Event):
    """What reaches a focal point's inbox, and which decision sent it."""

    requester: Member | None = Field(default=None, description="Requester of the trace")
    trace_id: Id | None = Field(default=None, description="The trace")
    hop: int | None = Field(default=None, description="The hop")
    inbox: Member = Field(description="The addressee")
    purpose: Annotated[str, CodeOf("delivery-purpose")] = Field(description="Accountable, party or copy")
    decision_id: Id = Field(description="Event id of the decision that sent it")
    decision_sha256: Hash = Field(description="SHA-256 of that decision's value")
    rule: Annotated[str, CodeOf("route-rule")] | None = Field(default=None, description="The rule that decided")
    accountable: Member | None = Field(default=None, description="Who has to answer this hop")
    evidence_shown: tuple[Evidence, ...] = Field(default=(), description="Evidence this addressee may see")
    original: Original = Field(description="The record that is delivered")
