"""What comes out of an intake. It changes with what is shown of what became of a record."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.messages.sentences import WORKING_LANGUAGE, message
from schemas.rejection import Problem

Outcome = Literal["accepted", "unchanged", "superseded", "rejected"]


class ShownProblem(BaseModel):
    """One thing that is wrong with one field of one record, or odd about it."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(description="Stable, machine-readable")
    parameters: dict[str, str] = Field(description="Field of the data set; the clerk's own column, row and value")
    message: str = Field(description="The sentence for people")


class Result(BaseModel):
    """What became of one submitted record."""

    model_config = ConfigDict(frozen=True)

    outcome: Outcome = Field(
        description="unchanged and superseded: the same content was accepted before, and nothing happened"
    )
    national_id: str = Field(description="The record's id in its national system; empty when it gives none")
    rows: tuple[int, ...] = Field(description="Its places in what was submitted, from 1 (files: the clerk's rows)")
    record_id: str | None = Field(default=None, description="The record's id in the exchange")
    event_id: str | None = Field(default=None, description="The event that says this, or has the reused reference")
    trace_id: str | None = Field(default=None, description="The trace that an act belongs to")
    revision: int | None = Field(default=None, description="The revision with this content")
    superseded_by: int | None = Field(default=None, description="The highest revision, where it is another")
    rejected_id: int | None = Field(default=None, description="Number among the rejected records; none in a dry run")
    published: bool | None = Field(default=None, description="Whether Kafka has it; only with wait=published")
    traceparent: str | None = Field(default=None, description="W3C trace context, by which logs tell of it")
    problems: tuple[ShownProblem, ...] = Field(default=(), description="Why it was rejected")
    warnings: tuple[ShownProblem, ...] = Field(default=(), description="What is odd; nothing is changed or rejected")


def show_problem(found: Problem, language: str = WORKING_LANGUAGE) -> ShownProblem:
    """A problem with its sentence, in a language of the members or else in English."""
    return ShownProblem(code=found.code, parameters=found.parameters, message=message(found, language))
