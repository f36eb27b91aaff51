"""A desk's receipt for what reached it. It changes when a receipt proves more."""

from pydantic import Field

from schemas.events.envelope import MemberEvent
from schemas.events.types import Hash, Id, Instant


class Receipt(MemberEvent):
    """The signed word of a focal point that it has an event; it sets *delivered*."""

    of_event: Id = Field(description="Event id of the original")
    sha256: Hash = Field(description="SHA-256 of the original's value")
    delivery_id: Id = Field(description="Event id of the delivery that brought it")
    received_at: Instant = Field(description="When the desk's database had it")
    erased: tuple[Id, ...] = Field(default=(), description="Grants that this desk no longer has, nor ever takes again")
