"""What a rebuild tells while it runs, and what it found beside differences. It changes with what a person has to know.

It is the observer of the rebuild's loop. No value of an event is ever told here.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from consumers.observer import Unobserved
from consumers.quarantine.entries import Faulty
from consumers.view.dump import Row
from interfocal.rebuild.drawing import Drawing, Seconds
from schemas.errors import ExchangeError

GAPS_KEPT = 100
ROWS_EVERY = 1_000


@dataclass(slots=True)
class Telling(Unobserved):
    """Follows one rebuild. ``gaps``: (topic, first, last) of offsets that are not on a log that is kept for good."""

    drawing: Drawing
    seconds: Seconds = time.monotonic
    at: dict[str, int] = field(default_factory=dict)
    ends: Mapping[str, int] = field(default_factory=dict)
    gaps: list[tuple[str, int, int]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    folding_s: float = 0.0
    began: float = 0.0

    @property
    def records(self) -> int:
        """Records that were read to here, on all topics."""
        return sum(self.at.values())

    def begin(self, ends: Mapping[str, int], at: Mapping[str, int]) -> None:
        """Fold on from here to these ends."""
        self.ends, self.at = ends, dict(at)
        self.began = self.seconds()
        self.drawing.begin("records folded", self.records, sum(ends.values()))

    def folded_to(self, positions: Mapping[str, int]) -> None:
        """A transaction was committed."""
        self.at |= positions
        self.drawing.show(self.records, sum(self.ends.values()))

    def end(self) -> None:
        """All is folded to the ends."""
        self.folding_s += self.seconds() - self.began

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows as they are, while they are counted."""
        self.drawing.begin("rows compared", 0, 0)
        count = 0
        for count, row in enumerate(rows, start=1):
            if count % ROWS_EVERY == 0:
                self.drawing.show(count, 0)
            yield row
        self.drawing.show(count, count)

    def gap(self, topic: str, first: int, last: int) -> None:
        """Offsets that are not on the log."""
        if len(self.gaps) < GAPS_KEPT:
            self.gaps.append((topic, first, last))
        self.drawing.say(f"log_gap: {topic} lacks offsets {first} to {last}")

    def quarantined(self, faulty: Faulty) -> None:
        """One record cannot be used; the live region has it in quarantine too."""
        self.unusable(faulty.reason)

    def unusable(self, reason: str) -> None:
        """The same of a record that another process has read."""
        self.reasons[reason] += 1

    def away(self, error: ExchangeError) -> None:
        """Broker or database do not answer; the loop tries again."""
        self.say(str(error))

    def say(self, sentence: str) -> None:
        """A sentence for whoever waits."""
        self.drawing.say(sentence)
