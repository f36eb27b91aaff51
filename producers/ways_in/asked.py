"""How a program asks for records to be taken, over HTTP. It changes as ``How`` in ``python_call.py`` does."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Asked(BaseModel):
    """How records are to be taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mapping: str | None = Field(default=None, description="The body holds national rows; this mapping maps them")
    source: str | None = Field(default=None, max_length=200, description="Name of the file that they come from")
    dry_run: bool = Field(default=False, description="Tell what would be, and keep nothing")
    reassert: bool = Field(default=False, description="Say again what an earlier revision said, as the newest")
    remap: bool = Field(
        default=False, description="Apply a mended mapping: the same content under a newer mapping version is new"
    )
    wait: Literal["published"] | None = Field(
        default=None, description="Answer when Kafka has the events; after a time limit with published = false"
    )
