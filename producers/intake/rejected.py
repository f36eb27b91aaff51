"""Rejected records as people and programs at their member see them. It changes with what is kept of them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from producers.intake.result import ShownProblem, show_problem
from producers.outbox import Rejection
from schemas.messages.sentences import WORKING_LANGUAGE


class KeptRejection(BaseModel):
    """A rejected record, as its member keeps it."""

    model_config = ConfigDict(frozen=True)

    id: int
    way: str = Field(description="file or http")
    source: str = Field(description="The file's name, or the system")
    row: int | None = Field(description="Its first row")
    stream: str
    national_id: str = Field(description="Empty when the record gives none")
    problems: tuple[ShownProblem, ...]
    record: dict[str, Any] = Field(description="The national record as it was sent")
    rejected_at: str
    closed_by: str | None = Field(description="The event that a mended version of the record became")


def kept_rejection(kept: Rejection, language: str = WORKING_LANGUAGE) -> KeptRejection:
    """A rejected record with the sentences of its problems, in a language of the members or else in English."""
    rejected = kept.rejected
    return KeptRejection(
        id=kept.id,
        way=rejected.way,
        source=rejected.source,
        row=rejected.row,
        stream=rejected.stream,
        national_id=rejected.record_key,
        problems=tuple(show_problem(one, language) for one in rejected.problems),
        record=dict(rejected.record),
        rejected_at=kept.rejected_at.isoformat(),
        closed_by=kept.closed_by,
    )
