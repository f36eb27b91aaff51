"""Decisions about the quarantine, for tests: releases and discards as the region seals them."""

from typing import Any, Literal

from records import a_decision
from schemas.events.decision import Decision
from schemas.events.ids import quarantine_entry_id
from sealing import AUD


def a_settlement(kind: Literal["release", "discard"], topic: str, offset: int, cause: str | None = None) -> Decision:
    """A person's decision about the record at this place; a release that follows another names it as its cause."""
    part = {"topic": topic, "offset": offset, "sha256": None, "reason": "wrong_party", "because": "program_mended"}
    about: dict[str, Any] = {"kind": kind, "hop": None, "cause": cause, "none": None, kind: part}
    return a_decision("entry", **{**about, "subject": quarantine_entry_id(AUD, topic, offset)})
