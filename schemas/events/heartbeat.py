"""A member's regular word that its producer runs, and where its chains stand. It changes with what a head says."""

from pydantic import Field

from schemas.events.envelope import Event
from schemas.events.types import Hash, Instant, Name, Part


class Head(Part):
    """The last number that a writer gave on one topic."""

    topic: Name = Field(description="The topic")
    chain: Name = Field(description="The writer, who owns the topic")
    life: int = Field(ge=1, description="The chain's life")
    seq: int = Field(ge=0, description="The last number given in that life; 0: none yet")
    hash: Hash | None = Field(
        default=None, description="SHA-256 of that record, which the next one names; none: none yet"
    )


class Heartbeat(Event):
    """Its record is the slot of time that it stands for, so that a slot has one heartbeat however often it is made."""

    at: Instant = Field(description="When the heads were read")
    heads: tuple[Head, ...] = Field(description="Every chain that the writer has begun, by topic")
