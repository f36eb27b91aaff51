"""Proves that an audit log is whole. Pure. It changes with what an entry says, or with what is held against it.

A log proves that nothing in it was changed and nothing left out. That its end was not cut off, or all of it written
anew, is proved by anchors: heads that were kept elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from consumers.audit.log import Entry, Head
from schemas.events.ids import base64url


class Flaw(StrEnum):
    """What is wrong with a log."""

    GAP = "gap"
    ALTERED = "altered"
    CHAIN_BROKEN = "chain_broken"
    CUT_OFF = "cut_off"
    REWRITTEN = "rewritten"


SENTENCES = {
    Flaw.GAP: "Entries before this one are missing.",
    Flaw.ALTERED: "The entry is not the one over which its hash was made.",
    Flaw.CHAIN_BROKEN: "The entry does not follow the one before it: one of the two was put in, taken out or changed.",
    Flaw.CUT_OFF: "An anchor knows this entry, and the log ends before it.",
    Flaw.REWRITTEN: "An anchor knows another entry under this number: the log was written anew up to here.",
}


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head of the log that was kept elsewhere, and where."""

    head: Head
    kept_by: str


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is wrong, and at which number."""

    flaw: Flaw
    number: int
    detail: str


@dataclass(frozen=True, slots=True)
class Proof:
    """How many entries were looked at, where the log ends, how many anchors it was held against, and what is wrong."""

    entries: int
    head: Head | None
    anchors: int
    found: tuple[Found, ...]

    @property
    def holds(self) -> bool:
        """Whether the log is whole."""
        return not self.found


def hash_of(prev: str | None, entry: str) -> str:
    """The hash of an entry over the one before it, as the database makes it."""
    return base64url(hashlib.sha256(f"{prev or ''}\n{entry}".encode()).digest())


def prove(entries: Iterable[Entry], anchors: Sequence[Anchor]) -> Proof:
    """Hold every entry against the one before it, and the log against its anchors."""
    wanted = {anchor.head.number for anchor in anchors}
    hashes: dict[int, str] = {}
    found: list[Found] = []
    last, count = None, 0
    for entry in entries:
        count += 1
        found += _flaws(entry, last)
        if entry.number in wanted:
            hashes[entry.number] = entry.hash
        last = entry
    end = last.number if last else 0
    found += (_against(anchor, hashes, end) for anchor in anchors if hashes.get(anchor.head.number) != anchor.head.hash)
    return Proof(count, Head(last.number, last.hash) if last else None, len(anchors), tuple(found))


def _flaws(entry: Entry, before: Entry | None) -> Iterator[Found]:
    expected = before.number + 1 if before else 1
    if entry.number != expected:
        yield Found(Flaw.GAP, entry.number, f"{expected} was expected")
    if hash_of(entry.prev, entry.entry) != entry.hash or _own_number(entry.entry) != entry.number:
        yield Found(Flaw.ALTERED, entry.number, SENTENCES[Flaw.ALTERED])
    if entry.prev != (before.hash if before else None):
        yield Found(Flaw.CHAIN_BROKEN, entry.number, SENTENCES[Flaw.CHAIN_BROKEN])


def _own_number(entry: str) -> object:
    try:
        read = json.loads(entry)
    except ValueError:
        return None
    return read.get("number") if isinstance(read, dict) else None


def _against(anchor: Anchor, hashes: dict[int, str], end: int) -> Found:
    flaw = Flaw.REWRITTEN if anchor.head.number in hashes or anchor.head.number <= end else Flaw.CUT_OFF
    return Found(flaw, anchor.head.number, f"{SENTENCES[flaw]} Kept by {anchor.kept_by}.")
