"""A source that has all its topics itself, and reads each up to a fixed end: what a rebuild folds.

It changes with what a rebuild reads. It joins no group, so it neither takes topics from the consumers at work nor
tells Kafka a position. Topics are read one after the other: another interleaving than any live one, and the view has
to be the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Event

from schemas.errors import ExchangeError
from schemas.record import Position, Record, TopicBounds, TopicReader

Told = Callable[[Mapping[str, int]], None]
"""Told topic -> next offset after each transaction."""


def nobody(_positions: Mapping[str, int]) -> None:
    """Whom positions are told when nobody asked."""


@dataclass(slots=True)
class _Reading:
    """Where each topic is read to, and the range that is being read of it."""

    reader: TopicReader
    ends: Mapping[str, int]
    looked_to: dict[str, int] = field(default_factory=dict)
    ranges: dict[str, Iterator[Record]] = field(default_factory=dict)

    def left(self, topic: str) -> bool:
        """Whether something before the topic's end was not looked at."""
        return self.looked_to.get(topic, 0) < self.ends[topic]

    def next(self, topic: str, limit: int) -> Sequence[Record]:
        """The next records of a topic, at most ``limit``."""
        if topic not in self.ranges:
            end = min(self.reader.bounds([topic])[topic].end, self.ends[topic])
            self.ranges[topic] = self._range(topic, self.looked_to.get(topic, 0), end)
        records = list(islice(self.ranges[topic], limit))
        if records:
            self.looked_to[topic] = max(self.looked_to.get(topic, 0), records[-1].next_offset)
        if len(records) < limit:  # the range is at its end; the log may have grown when the topic is looked at again
            del self.ranges[topic]
        return records

    def _range(self, topic: str, start: int, end: int) -> Iterator[Record]:
        """Records of a range; then the topic was looked at up to there, whatever is missing before it."""
        if start < end:
            yield from self.reader.read(topic, start, end)
            self.looked_to[topic] = end


class Replay:
    """``Source`` over a topic reader, which it closes. ``ends``: topic -> the first offset that is not read any more.

    One thread. What a topic holds at or past its end is never handed out, though it may be there.
    """

    def __init__(self, reader: TopicReader, ends: Mapping[str, int], told: Told = nobody) -> None:
        self._reading = _Reading(reader, dict(ends))
        self._told = told
        self._paused: set[str] = set()
        self._new = frozenset(ends)

    @property
    def topics(self) -> Sequence[str]:
        """What it reads."""
        return list(self._reading.ends)

    def poll(self, timeout_s: float, limit: int) -> Mapping[str, Sequence[Record]]:
        """The next records of the first topic that has some left, then of the next; raises BrokerAway."""
        read: dict[str, Sequence[Record]] = {}
        before = dict(self._reading.looked_to)
        flowing = [topic for topic in self._reading.ends if topic not in self._paused and self._reading.left(topic)]
        try:
            for topic in flowing:
                if limit and (records := self._reading.next(topic, limit)):
                    read[topic] = records
                    limit -= len(records)
        except ExchangeError:
            self._reading.looked_to = before  # nothing of this poll was handed out
            self._reading.ranges.clear()
            raise
        if flowing and not read:
            Event().wait(timeout_s)
        return read

    def finished(self) -> bool:
        """Whether everything before the ends was handed out, or is not there."""
        return not any(self._reading.left(topic) for topic in self._reading.ends)

    def newly_assigned(self) -> frozenset[str]:
        """Every topic, the first time."""
        new, self._new = self._new, frozenset()
        return new

    def seek(self, position: Position) -> None:
        """Read the topic from here at the next poll; nothing happens for a topic that is not read here."""
        if position.topic in self._reading.ends:
            self._reading.looked_to[position.topic] = position.next_offset
            self._reading.ranges.pop(position.topic, None)

    def pause(self, topic: str) -> None:
        """Stop reading a topic while the others flow."""
        self._paused.add(topic)

    def resume(self, topic: str) -> None:
        """Read a paused topic again."""
        self._paused.discard(topic)

    def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many partitions each topic has, of those that are there; raises BrokerAway."""
        return self._reading.reader.partitions(topics)

    def bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        """First and next offsets, these at most the ends; raises BrokerAway."""
        found, ends = self._reading.reader.bounds(topics), self._reading.ends
        return {topic: TopicBounds(b.start, min(b.end, ends.get(topic, b.end))) for topic, b in found.items()}

    def commit(self, positions: Iterable[Position]) -> None:
        """Kafka is told nothing, for there is no group; whoever shows the progress is."""
        self._told({position.topic: position.next_offset for position in positions})

    def close(self) -> None:
        """Let go of the connection."""
        self._reading.ranges.clear()
        self._reading.reader.close()
