"""Whether a submitted record says something new. It changes with what counts as the same.

Judged on the national record's content before mapping, so that a new mapping does not revise every record again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from producers.outbox import Revision

ONCE_ONLY = frozenset({"trace", "receipt", "grant"})
"""Streams whose records have revision 1 only: an act, once said, is never changed."""

WHOLE_NUMBER = re.compile(r"[0-9]+")


class Sameness(Enum):
    """What a submitted record is, compared with what was accepted before."""

    NEW = "new"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    STALE = "stale"
    REUSED = "reused"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A submitted record: digest of its content, its national version, and whether going back is meant."""

    stream: str
    content: str
    national_version: str | None = None
    reassert: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """``known`` is the revision that says the same (unchanged, superseded, reused); ``number`` belongs to a new one.

    ``latest`` is the highest revision so far (0 for none); ``newest`` the newest national version accepted.
    """

    sameness: Sameness
    number: int
    latest: int = 0
    known: Revision | None = None
    newest: str | None = None


def judge(candidate: Candidate, earlier: Sequence[Revision]) -> Verdict:
    """Compare a record with all earlier revisions of it, lowest first.

    Content equal to any of them has no effect, unless it is reasserted; of other contents the newest national
    version wins, and an older one is stale. Acts and receipts never get a second revision.
    """
    if not earlier:
        return Verdict(Sameness.NEW, 1)
    last = earlier[-1]
    same = next((one for one in reversed(earlier) if one.content == candidate.content), None)
    if same is last:
        return Verdict(Sameness.UNCHANGED, last.revision, last.revision, last)
    if candidate.stream in ONCE_ONLY:
        return Verdict(Sameness.REUSED, last.revision, last.revision, last)
    if same and not candidate.reassert:
        return Verdict(Sameness.SUPERSEDED, same.revision, last.revision, same)
    newest = max((one.national_version for one in earlier if one.national_version), key=version_order, default=None)
    if not candidate.reassert and is_older(candidate.national_version, newest):
        return Verdict(Sameness.STALE, last.revision, last.revision, None, newest)
    return Verdict(Sameness.NEW, last.revision + 1, last.revision, same, newest)


@dataclass(frozen=True, slots=True)
class MappedBy:
    """The mapping that made an event of a national record, and its version."""

    mapping: str
    version: int


def remapped(verdict: Verdict, stream: str, now: MappedBy, before: MappedBy) -> Verdict:
    """The verdict where a mended mapping is to be applied: the newest content, mapped by a newer version, is new.

    Only what is unchanged can be mapped anew: a content that was superseded stays so, and acts are never changed.
    """
    mended = now.mapping == before.mapping and now.version > before.version
    if verdict.sameness is not Sameness.UNCHANGED or stream in ONCE_ONLY or not mended:
        return verdict
    return Verdict(Sameness.NEW, verdict.latest + 1, verdict.latest, verdict.known)


def is_older(version: str | None, newest: str | None) -> bool:
    """Whether one national version is older than another; never when one of them is missing."""
    return bool(version and newest) and version_order(version or "") < version_order(newest or "")


def version_order(version: str) -> tuple[int, int, str]:
    """Puts versions in order: as numbers, else as instants, else as text; numbers before instants before text."""
    if WHOLE_NUMBER.fullmatch(version):
        digits = version.lstrip("0")
        return (0, len(digits), digits)  # equally long digits are in order as text, however many there are
    try:
        instant = datetime.fromisoformat(version)
        aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        return (1, 0, aware.astimezone(UTC).isoformat(timespec="microseconds"))
    except (ValueError, OverflowError):
        return (2, 0, version)
