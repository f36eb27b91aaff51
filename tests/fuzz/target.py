"""What is fuzzed: a surface, and how bytes of chance become what arrives there. It changes with how chance is used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Thing = TypeVar("Thing")
Failure = TypeVar("Failure", bound=Exception)

MOST_EDITS = 8
MOST_REMOVED = 9
MOST_INSERTED = 12


@dataclass(frozen=True, slots=True)
class Target:
    """One surface. ``run`` returns where its contract holds; whatever it raises is a finding.

    ``seeds`` are inputs to begin with, ``words`` pieces that inputs are made of, ``longest`` bounds an input's bytes.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    words: Sequence[bytes] = ()
    longest: int = 4_096


@dataclass(slots=True)
class Octets:
    """Bytes of chance, used up from the front; where there are no more, they are zero."""

    left: bytes

    def number(self, below: int) -> int:
        """One of 0, 1, … up to before ``below``."""
        size = (max(below - 1, 1).bit_length() + 7) // 8
        taken, self.left = self.left[:size], self.left[size:]
        return int.from_bytes(taken) % below

    def pick(self, things: Sequence[Thing]) -> Thing:
        """One of these."""
        return things[self.number(len(things))]

    def some(self, most: int) -> bytes:
        """At most so many bytes."""
        size = self.number(most + 1)
        taken, self.left = self.left[:size], self.left[size:]
        return taken

    def rest(self) -> bytes:
        """All that is left."""
        taken, self.left = self.left, b""
        return taken


def edited(original: bytes, octets: Octets) -> bytes:
    """The original with a few pieces of it replaced, as chance has it; with no chance left, as it is."""
    content = original
    for _ in range(MOST_EDITS):
        if not octets.left:
            break
        at = octets.number(len(content) + 1)
        content = content[:at] + octets.some(MOST_INSERTED) + content[at + octets.number(MOST_REMOVED) :]
    return content


def outcome(call: Callable[[], Thing], allowed: type[Failure]) -> Thing | Failure:
    """What a call returns, or the error if it is one that may come out; every other is a finding."""
    try:
        return call()
    except allowed as error:
        return error
