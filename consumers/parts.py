"""What a loop is made of. It changes when the loop needs another part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from consumers.checking import Terms
from consumers.folding import Rules
from consumers.observer import Observer
from consumers.store.connection import Connect
from schemas.record import Source


@dataclass(frozen=True, slots=True)
class Pace:
    """How much at once, and how often. ``limit`` counts records of one poll."""

    limit: int = 500
    poll_s: float = 0.5
    lag_every_s: float = 5.0


@dataclass(frozen=True, slots=True)
class LoopParts:
    """What a loop is made of. ``topics`` are those of the whole group.

    Of these ``short_lived`` have retention and ``compacted`` are compacted; all others are kept for good. Without one
    of the ``vital`` topics (all, where None is said) nothing is decided or sent, and where one has lost what was not
    folded the loop stops; any other that is missing, or has lost something, is paused alone.
    """

    source: Source
    connect: Connect
    terms: Terms
    rules: Rules
    observer: Observer
    topics: Sequence[str]
    now: Callable[[], datetime]
    pace: Pace = Pace()
    short_lived: frozenset[str] = frozenset()
    compacted: frozenset[str] = frozenset()
    vital: frozenset[str] | None = None

    def is_vital(self, topic: str) -> bool:
        """Whether the loop is of no use without this topic."""
        return self.vital is None or topic in self.vital
