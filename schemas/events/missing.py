"""A firearm that is lost, stolen, smuggled or trafficked. It changes with the harmonised data set."""

from typing import Annotated

from pydantic import Field

from schemas.events.envelope import MemberEvent
from schemas.events.firearm import Marks
from schemas.events.types import CodeOf, Instant


class Missing(MemberEvent):
    """One firearm and whether it is still missing; later revisions recover or withdraw it."""

    type: Annotated[str, CodeOf("missing-type")] = Field(description="Lost, stolen, smuggled or trafficked")
    since: Instant | None = Field(default=None, description="Missing since")
    weapon_class: Annotated[str, CodeOf("weapon-class")] = Field(description="Kind of weapon")
    marks: Marks = Field(description="What is stamped on it")
    state: Annotated[str, CodeOf("missing-state")] = Field(description="Open, recovered or withdrawn")
