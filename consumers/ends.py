"""Where topics end, of those that are there. It changes with what can be wrong with a topic.

A topic that is not there holds nobody up: it is told as paused, and read as soon as it is made.
"""

from collections.abc import Collection, Iterable, Mapping

from consumers.observer import Observer
from schemas.errors import BrokerAway
from schemas.record import Source

MISSING = "topic_missing"


class Ends:
    """One loop's. ``missing`` are the topics that are not there."""

    def __init__(self, source: Source, observer: Observer) -> None:
        self._source = source
        self._observer = observer
        self.missing: frozenset[str] = frozenset()

    def read(self, topics: Collection[str]) -> Mapping[str, int]:
        """The offset after the last record of each that is there; raises BrokerAway."""
        try:
            return self._read(topics)
        except BrokerAway:
            if not self.look(topics):
                raise
            return self._read(topics)

    def look(self, topics: Collection[str]) -> bool:
        """Ask which of these are there; whether that has changed. Raises BrokerAway."""
        known = self.missing
        others = known.difference(topics)
        self.missing = others | frozenset(topics).difference(self._source.partitions(list(topics)))
        for topic in sorted(self.missing - known):
            self._observer.paused(topic, MISSING)
        for topic in sorted(known - self.missing):
            self._observer.resumed(topic)
        return self.missing != known

    def _read(self, topics: Iterable[str]) -> Mapping[str, int]:
        there = [topic for topic in topics if topic not in self.missing]
        return {topic: bounds.end for topic, bounds in self._source.bounds(there).items()}
