"""``/v1/view/exports``: proposals to be shown many rows of the view at once, and the second person who confirms them.

It changes with what a second person has to know, or say.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from consumers.store.session import Session
from consumers.view.reading import confirm_export, proposals
from consumers.view.second_person import Proposal
from consumers.web.asking import Asker, Reading, check_allowed, nobody

Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The proposal's number")]


class Waiting(BaseModel):
    """A proposal that waits for a second person."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(description="Its number")
    person: str = Field(description="Who made it: another one has to confirm it")
    purpose: str = Field(description="Why, as a code of the list reading-purpose")
    case: str = Field(description="For which case, as its pseudonymous reference")
    question: dict[str, Any] = Field(description="The list, and what it is narrowed by")
    rows: int = Field(description="How many rows it had found")
    proposed_at: datetime = Field(description="When it was made; it ends a day later")

    @classmethod
    def of(cls, proposal: Proposal) -> Self:
        """The proposal, as it is told."""
        return cls(
            number=proposal.number,
            person=proposal.person,
            purpose=proposal.purpose,
            case=proposal.of_case,
            question=dict(proposal.question),
            rows=proposal.found,
            proposed_at=proposal.proposed_at,
        )


class Exports(BaseModel):
    """What of a member's people waits for a second person."""

    model_config = ConfigDict(frozen=True)

    member: str = Field(description="The member whose token it was")
    waiting: Sequence[Waiting] = Field(description="Proposals that wait, the oldest first")
    limits: list[str] = Field(description="What has to be said of the region")
    footnotes: Mapping[str, str] = Field(description="Footnotes of the member")


class Confirmed(BaseModel):
    """A proposal that was confirmed."""

    model_config = ConfigDict(frozen=True)

    member: str = Field(description="The member whose token it was")
    number: int = Field(description="The proposal that who made it may now read, once")
    limits: list[str] = Field(description="What has to be said of the region")
    footnotes: Mapping[str, str] = Field(description="Footnotes of the member")


def add_exports(router: APIRouter, reading: Reading) -> None:
    """Add the addresses; they stand before that of lists, whose name is open."""

    @router.get("/exports")
    def list_exports(asker: Asker) -> Exports:
        """What of the member's people waits for a second person."""
        check_allowed(reading, asker)
        with closing(Session(reading.connect)) as session:
            found = proposals(session, asker.token)
        if found is None:
            raise nobody()
        member, waiting = found
        told = [Waiting.of(proposal) for proposal in waiting]
        return Exports(member=member, waiting=told, limits=list(reading.limits), footnotes=_notes(reading, member))

    @router.post("/exports/{number}/confirm")
    def confirm(number: Number, asker: Asker) -> Confirmed:
        """Confirm, as a second person, that who made a proposal is shown what it asks for; it is logged."""
        check_allowed(reading, asker)
        with closing(Session(reading.connect)) as session:
            member = confirm_export(session, asker.token, asker.reason, number)
        if member is None:
            raise nobody()
        return Confirmed(member=member, number=number, limits=list(reading.limits), footnotes=_notes(reading, member))


def _notes(reading: Reading, member: str) -> Mapping[str, str]:
    return reading.directory.footnotes({member})
