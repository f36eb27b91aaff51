"""What of the records read may be folded next: nothing twice, nothing after a hole that was not looked at again. Pure.

It changes when a position means something else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from consumers.checking import Checked

Items = Mapping[str, Sequence[Checked]]
"""Checked records by topic, each topic's in log order."""


@dataclass(frozen=True, slots=True)
class Hole:
    """The next offset was to be ``expected``, and the first record read has ``found``."""

    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to fold in one transaction, and the holes that were met once before."""

    items: Items
    holes: Mapping[str, Hole] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Records of all topics."""
        return sum(len(items) for items in self.items.values())

    def halves(self) -> "tuple[Batch, Batch]":
        """Two batches that, one after the other, are this one: each topic's order is kept."""
        flat = iter([(topic, item) for topic, items in self.items.items() for item in items])
        first = _by_topic(islice(flat, self.size // 2))
        return replace(self, items=first), replace(self, items=_by_topic(flat))

    def only(self) -> tuple[str, Checked]:
        """Topic and record of a batch of one."""
        ((topic, (item,)),) = self.items.items()
        return topic, item

    def with_only(self, item: Checked) -> "Batch":
        """This batch of one with another verdict on its record."""
        topic, _ = self.only()
        return replace(self, items={topic: [item]})


def _by_topic(flat: Iterable[tuple[str, Checked]]) -> Items:
    items: dict[str, list[Checked]] = {}
    for topic, item in flat:
        items.setdefault(topic, []).append(item)
    return items


@dataclass(frozen=True, slots=True)
class Cut:
    """One topic's share of a transaction: what to fold, where that leads, what is missing before it, where it ends."""

    usable: Sequence[Checked]
    next_offset: int
    gaps: Sequence[Hole] = ()
    hole: Hole | None = None


def cut(items: Sequence[Checked], stored: int, known: Hole | None) -> Cut:
    """The records from the stored position on, without a jump, but for the hole that was met before."""
    position = stored
    usable: list[Checked] = []
    gaps: list[Hole] = []
    for item in items:
        offset = item.record.offset
        if offset < position:
            continue
        if offset > position:
            hole = Hole(position, offset)
            if hole != known:
                return Cut(usable, position, gaps, hole)
            gaps.append(hole)
        usable.append(item)
        position = item.record.next_offset
    return Cut(usable, position, gaps)
