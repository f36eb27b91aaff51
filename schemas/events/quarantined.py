"""What a member is told of a record of its own that the region could not use. It changes when it is told more."""

from typing import Annotated

from pydantic import Field

from schemas.events.envelope import Event
from schemas.events.types import CodeOf, Hash, Id, Instant, Name, Part, Reference


class Parameter(Part):
    """One parameter of a reason."""

    name: Name = Field(description="Its name")
    value: Reference = Field(description="Its value: a code, a figure or an id, cut to 80 signs")


class Quarantined(Event):
    """A validly sealed record that waits in quarantine; it lies on its topic, which its owner may read."""

    topic: Name = Field(description="Where it stands")
    offset: int = Field(ge=0, description="Its position")
    appended_at: Instant = Field(description="The broker's clock")
    of_event: Id = Field(description="The event id that was sealed")
    sha256: Hash | None = Field(default=None, description="SHA-256 of its value; none: it has no value")
    verdict: Annotated[str, CodeOf("quarantine-verdict")] = Field(description="How far it came")
    reason: Name = Field(description="Why it cannot be used")
    parameters: tuple[Parameter, ...] = Field(default=(), description="What the reason is about")
