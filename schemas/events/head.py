"""The region's word which heartbeat of each member it heard last. It changes with what the region witnesses."""

from pydantic import Field

from schemas.events.envelope import Event
from schemas.events.types import Hash, Member, Part


class HeadLine(Part):
    """One member's line: a heartbeat names the heads of all its member's chains, so one hash stands for them all."""

    member: Member = Field(description="The member")
    sha256: Hash = Field(description="SHA-256 of the value of its last heartbeat")


class RegionHead(Event):
    """The same for every reader: who is shown another one than the region saw finds it out by its own line.

    Its record follows from the day and the lines, so that one state of the region is said once a day at most.
    """

    lines: tuple[HeadLine, ...] = Field(description="One line a member that was heard, by member")
