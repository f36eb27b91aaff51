"""The topics that an instance has: where each starts, and which are paused. It changes with what an assignment means.

Kafka's own committed positions decide nothing: at every assignment the database says where a topic stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consumers.parts import LoopParts
from consumers.store import positions
from consumers.store.missing_offsets import MissingOffsets, is_acknowledged
from consumers.store.session import Session
from schemas.errors import BrokerAway, PositionLost
from schemas.record import Position, TopicBounds


@dataclass(frozen=True, slots=True)
class Lost:
    """Where a topic stood whose log does not hold what is next; ``is_cut``: the log ends before that."""

    position: int
    is_cut: bool


class Assignment:
    """One loop's topics; ``lost`` are those that wait for a person.

    Every method raises BrokerAway or StoreAway, and can then be called again.
    """

    def __init__(self, parts: LoopParts, session: Session) -> None:
        self._parts = parts
        self._session = session
        self._unsought: frozenset[str] = frozenset()
        self._paused: set[str] = set()
        self.topics: set[str] = set()
        self.lost: dict[str, Lost] = {}

    def take_over(self) -> frozenset[str]:
        """Seek every newly assigned topic to its stored position, and return them: what was read of them is void.

        Raises PositionLost for a vital topic.
        """
        self._unsought |= self._parts.source.newly_assigned()
        topics = sorted(self._unsought)
        if not topics:
            return frozenset()
        self._session.transact(lambda transaction: positions.ensure(transaction, topics))
        stored = self._session.transact(lambda transaction: positions.read(transaction, topics))
        bounds = self._bounds(topics)
        for topic in topics:
            self._paused.discard(topic)
            self.lost.pop(topic, None)
            self._parts.source.resume(topic)
            self._seek(topic, stored[topic].next_offset, bounds[topic])
        self.mark_paused({topic: at.paused for topic, at in stored.items() if at.paused is not None})
        self.topics |= self._unsought
        sought, self._unsought = self._unsought, frozenset()
        return sought

    def go_back(self, topic: str, expected: int) -> bool:
        """Read a topic again from before a hole; False when its log does not hold any more what it should.

        Raises PositionLost for a vital topic.
        """
        return self._seek(topic, expected, self._parts.source.bounds([topic])[topic])

    def mark_paused(self, paused: Mapping[str, str]) -> None:
        """Stop reading these topics (topic -> why)."""
        for topic, reason in paused.items():
            if topic not in self._paused:
                self._paused.add(topic)
                self._parts.source.pause(topic)
                self._parts.observer.paused(topic, reason)

    def let_flow(self) -> None:
        """Read those paused topics again that a person let flow."""
        if not self._paused:
            return
        topics = sorted(self._paused)
        stored = self._session.transact(lambda transaction: positions.read(transaction, topics))
        for topic, at in stored.items():
            if at.paused is None and topic not in self.lost:
                self._paused.discard(topic)
                self._parts.source.seek(Position(topic, at.next_offset))
                self._parts.source.resume(topic)
                self._parts.observer.resumed(topic)

    def look_at_lost(self) -> None:
        """Let those lost topics flow of which a person has acknowledged what is gone, or brought it back.

        One that was cut or made anew holds other records at the same offsets: it flows when its position was set.
        """
        if not self.lost:
            return
        topics = sorted(self.lost)
        stored = self._session.transact(lambda transaction: positions.read(transaction, topics))
        there = [topic for topic in topics if topic in self._parts.source.partitions(topics)]
        for topic, bounds in self._parts.source.bounds(there).items():
            at, was = stored[topic], self.lost[topic]
            stays = was.is_cut and at.next_offset == was.position
            if not stays and at.paused is None and self._seek(topic, at.next_offset, bounds):
                self._paused.discard(topic)
                self._parts.source.resume(topic)
                self._parts.observer.resumed(topic)

    def _bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        try:
            return self._parts.source.bounds(topics)
        except BrokerAway:
            self._unsought &= self._parts.source.partitions(topics).keys()  # one may be gone since it was assigned
            raise

    def _seek(self, topic: str, stored: int, bounds: TopicBounds) -> bool:
        """Read a topic on from where that has to be; False when its log has lost it: it is then paused."""
        try:
            self._parts.source.seek(Position(topic, self._start(topic, stored, bounds)))
        except PositionLost:
            if self._parts.is_vital(topic):
                raise
            self.lost[topic] = Lost(stored, is_cut=stored > bounds.end)
            self.mark_paused({topic: PositionLost.default_code})
            return False
        self.lost.pop(topic, None)
        return True

    def _start(self, topic: str, stored: int, bounds: TopicBounds) -> int:
        """Where to read on: the stored position, or the log's start on a topic that is not kept for good.

        Likewise where a person has acknowledged that what is kept for good begins later now.
        """
        if bounds.start <= stored <= bounds.end:
            return stored
        passing = topic in self._parts.short_lived | self._parts.compacted
        if not (passing or self._is_acknowledged(topic, stored, bounds)):
            raise PositionLost(
                f"{topic} is folded to {stored}, but its log holds {bounds.start} to {bounds.end}; it is kept for good:"
                " find out who shortened or replaced it before anything is folded again",
                parameters={"topic": topic},
            )
        start = bounds.start if stored < bounds.start else bounds.end
        self._session.transact(lambda transaction: positions.move(transaction, {topic: (stored, start)}))
        tell = self._parts.observer.loss if passing else self._parts.observer.gap
        tell(topic, min(stored, start), max(stored, start) - 1)
        return start

    def _is_acknowledged(self, topic: str, stored: int, bounds: TopicBounds) -> bool:
        missing = MissingOffsets(topic, stored, bounds.start - 1)
        return stored < bounds.start and self._session.transact(lambda t: is_acknowledged(t, missing))
