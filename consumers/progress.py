"""How far a loop has come: the start barrier, the lag, and what observers are told. It changes with what is told."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from consumers.checked import CheckedEvent
from consumers.ends import Ends
from consumers.folding import Outcome
from consumers.heads.heartbeats import clock_offset_s
from consumers.parts import LoopParts
from consumers.store import positions
from consumers.store.positions import Stored
from consumers.store.session import Session
from schemas.errors import BrokerAway
from schemas.events.heartbeat import Heartbeat
from schemas.topics import DECISION_TOPIC

NOWHERE = Stored(0, None)


def behind(ends: Mapping[str, int], stored: Mapping[str, Stored]) -> Mapping[str, int]:
    """Topics that are not folded to their end and not paused, with the number of records that each lacks.

    A pause is no excuse for the region's decisions: who does not know them takes them again.
    """
    lacking = {topic: end - stored.get(topic, NOWHERE).next_offset for topic, end in ends.items()}
    waited_for = {t for t in ends if t == DECISION_TOPIC or stored.get(t, NOWHERE).paused is None}
    return {t: n for t, n in lacking.items() if n > 0 and t in waited_for}


class Progress:
    """What one loop has reached. ``caught_up`` becomes True once, and may be read from any thread."""

    def __init__(self, parts: LoopParts, session: Session) -> None:
        self._parts = parts
        self._session = session
        self._ends = Ends(parts.source, parts.observer)
        self._barrier: Mapping[str, int] | None = None
        self._told_at: datetime | None = None
        self.caught_up = False

    def look(self, assigned: Iterable[str], lost: Collection[str]) -> bool:
        """Compare positions with the log's ends: until the start barrier is open, and now and then for the lag.

        ``lost`` are topics that wait for a person: nobody waits for them. Returns whether the lag was told.
        """
        if not self.caught_up:
            if self._barrier is None:
                self._barrier = self._ends_at_start()
            ends = {topic: end for topic, end in self._barrier.items() if topic not in lost}
            self.caught_up = not behind(ends, self._stored(self._parts.topics))
        now = self._parts.now()
        told_at = self._told_at
        if told_at is not None and 0 <= (now - told_at).total_seconds() < self._parts.pace.lag_every_s:
            return False  # else it is time, or the clock was set back
        self._told_at = now
        if self._ends.missing:
            self._ends.look(self._parts.topics)
        self._tell_lag(sorted(assigned) or list(self._parts.topics[:1]))  # one that has none asks all the same
        return True

    def tell(self, outcome: Outcome) -> None:
        """Tell the observer what a committed transaction did."""
        observer = self._parts.observer
        for topic, events in _by_topic(outcome.events).items():
            observer.folded(topic, events)
        for checked in outcome.events:
            if isinstance(checked.event, Heartbeat):
                observer.heartbeat(checked.record.topic, clock_offset_s(checked))
        for faulty in outcome.quarantined:
            observer.quarantined(faulty)
        for checked in outcome.conflicts:
            observer.conflict(checked.record.topic, checked.event.event_id)
        for gap in outcome.chain_gaps:
            observer.chain_gap(gap)
        for topic, holes in outcome.gaps.items():
            if topic in self._parts.compacted:  # there a hole is normal
                continue
            tell = observer.loss if topic in self._parts.short_lived else observer.gap
            for hole in holes:
                tell(topic, hole.expected, hole.found - 1)

    def _ends_at_start(self) -> Mapping[str, int]:
        self._ends.look(self._parts.topics)
        vital = sorted(topic for topic in self._ends.missing if self._parts.is_vital(topic))
        if vital:
            raise BrokerAway(
                f"{vital[0]} is not there, and without it nothing is decided: `interfocal provision apply`"
            )
        # The end of a compacted topic may lie behind its last record, and could never be reached.
        return self._ends.read([topic for topic in self._parts.topics if topic not in self._parts.compacted])

    def _tell_lag(self, topics: list[str]) -> None:
        stored = self._stored(topics)
        for topic, end in self._ends.read(topics).items():
            self._parts.observer.lag(topic, max(end - stored.get(topic, NOWHERE).next_offset, 0))

    def _stored(self, topics: Iterable[str]) -> Mapping[str, Stored]:
        return self._session.transact(lambda transaction: positions.read(transaction, list(topics)))


def _by_topic(events: Sequence[CheckedEvent]) -> Mapping[str, Sequence[CheckedEvent]]:
    found: dict[str, list[CheckedEvent]] = {}
    for checked in events:
        found.setdefault(checked.record.topic, []).append(checked)
    return found
