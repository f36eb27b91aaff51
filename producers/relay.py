"""Empties an outbox into Kafka: one relay for each. It changes when the way out promises something else.

The promise: every accepted row is on its topic at least once, always with the same bytes, in the order of its topic's
chain, and is marked published only after Kafka has acknowledged it. A relay keeps nothing that matters: it may die at
any point, and the next one goes on from outbox and topics.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from producers.comparison import judge, newest
from producers.standing import Listener, Standing
from schemas.errors import ExchangeError, OutboxFull, Temporary, TopicStands
from schemas.record import Entry, Outbox, Publisher, Sealer, TopicReader
from schemas.steps import Reached, Step, not_watched
from schemas.topics import DECISION_TOPIC, REGION, owner_of
from schemas.trust.chain import Expectation


class Observer(Listener, Protocol):
    """Who is told what a relay does, for metrics and logs. What it raises stops the relay."""

    def published(self, offsets: Mapping[Entry, int]) -> None:
        """These rows were marked published, each with its offset."""

    def away(self, error: Temporary | OutboxFull) -> None:
        """Broker or store do not answer, or the outbox's disk is full; the relay tries again."""


class Unobserved:
    """An observer that does nothing."""

    def published(self, offsets: Mapping[Entry, int]) -> None:
        """Take no notice."""

    def away(self, error: Temporary | OutboxFull) -> None:
        """Take no notice."""

    def stands(self, topic: str, error: TopicStands) -> None:
        """Take no notice."""

    def flows(self, topic: str) -> None:
        """Take no notice."""


@dataclass(frozen=True, slots=True)
class RelayEdges:
    """What a relay works between. Publisher (for the topics that are there) and reader are opened anew after a failure.

    ``topics`` are all that this outbox may write: also those without a number yet are compared, for a lost outbox
    has none. ``expected`` holds the region's id and the keys under which this owner ever sealed.
    ``check_in_force`` raises NotInForce as long as nothing may be sent.
    """

    outbox: Outbox
    open_publisher: Callable[[Sequence[str]], Publisher]
    open_reader: Callable[[], TopicReader]
    sealer: Sealer
    expected: Expectation
    topics: tuple[str, ...]
    check_in_force: Callable[[], None]
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """Rows and bytes in flight at once, rows sealed in one transaction, and how long the relay waits for what.

    ``stand_s``: how long a topic on which Kafka takes nothing is left alone before it is tried again.
    """

    rows: int = 500
    value_bytes: int = 4 * 1024 * 1024
    seal_rows: int = 200
    acknowledge_s: float = 15.0
    idle_s: float = 0.05
    first_backoff_s: float = 0.2
    longest_backoff_s: float = 10.0
    stand_s: float = 30.0

    @property
    def window(self) -> int:
        """Records read back when comparing: more than two given-up connections can have left behind out of turn."""
        return 2 * self.rows + 1


class Relay:
    """One relay; its methods belong to one thread, except ``wake``."""

    def __init__(
        self,
        edges: RelayEdges,
        limits: RelayLimits | None = None,
        observer: Observer | None = None,
        reached: Reached = not_watched,
    ) -> None:
        self._edges = edges
        self._limits = limits or RelayLimits()
        self._observer = observer or Unobserved()
        self._reached = reached
        self._standing = Standing(self._observer, edges.now, self._limits.stand_s)
        self._publisher: Publisher | None = None
        self._away = False
        self._work = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Relay until ``stop`` is set; waits while something is away. Raises Stop when a person has to act."""
        backoff_s = self._limits.first_backoff_s
        while not stop.is_set():
            try:
                moved = self.run_once()
                self._away = False
            except (Temporary, OutboxFull) as error:  # a full disk is a person's to mend, and then all goes on
                self._away = True
                self._observer.away(error)
                stop.wait(backoff_s)
                backoff_s = min(backoff_s * 2, self._limits.longest_backoff_s)
                continue
            backoff_s = self._limits.first_backoff_s
            if not moved:
                self._work.wait(self._limits.idle_s)
                self._work.clear()

    def run_once(self) -> int:
        """Send one batch and return how many rows were marked published; 0 when nothing waits or another relays.

        A topic on which Kafka takes nothing stands, and the others go on. Raises Temporary (nothing is lost, call
        again) or Stop; the connection is then given up.
        """
        entries: Sequence[Entry] = ()
        try:
            self._edges.check_in_force()
            if not self._edges.outbox.lease():
                self.close()
                return 0
            if self._standing.is_due():
                self.close()
            publisher, found = self._connected()
            entries = self._standing.chosen(self._next_batch())
            return found + (self._send(publisher, entries) if entries else 0)
        except TopicStands as error:
            self.close()
            self._standing.refused(error, entries)
            return 0
        except BaseException:
            self.close()
            raise

    def wake(self) -> None:
        """Say from any thread that rows were accepted: an idle relay then looks at once."""
        self._work.set()

    def drain(self, timeout_s: float) -> bool:
        """Send what waits, for at most about this long, and let go; True when nothing is left. Raises Stop.

        What was away when ``run`` ended is not waited for again: the rows stay where they are.
        """
        if self._away:
            self.close()
            return False
        expired = threading.Event()
        timer = threading.Timer(timeout_s, expired.set)
        timer.daemon = True
        timer.start()
        try:
            while not expired.is_set() and self.run_once():
                pass
            return self._edges.outbox.backlog().rows == 0
        except (Temporary, OutboxFull) as error:
            self._observer.away(error)
            return False
        finally:
            timer.cancel()
            self.close()

    def close(self) -> None:
        """Let go of Kafka; what is unanswered is sent again by the next connection."""
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            publisher.close()

    def _connected(self) -> tuple[Publisher, int]:
        """The publisher, and how many rows comparing found on their topics when it had to be opened."""
        if self._publisher is not None:
            return self._publisher, 0
        compared = compare(self._edges, self._limits.window)
        self._standing.looked(compared.missing)
        there = [t for t in self._edges.topics if t not in self._standing.topics]
        publisher = self._edges.open_publisher(there)
        self._publisher = publisher
        return publisher, self._mark(compared.found) if compared.found else 0

    def _next_batch(self) -> Sequence[Entry]:
        """The next rows to send, in order, within the limits; seals waiting rows when there is room for them."""
        outbox, limits, standing = self._edges.outbox, self._limits, self._standing.topics
        entries = outbox.sealed(limits.rows, standing)
        room = limits.rows - len(entries)
        if room and outbox.seal_waiting(min(room, limits.seal_rows), self._edges.sealer, standing):
            self._reached(Step.SEALED)
            entries = outbox.sealed(limits.rows, standing)
        return within(entries, limits.value_bytes)

    def _send(self, publisher: Publisher, entries: Sequence[Entry]) -> int:
        handed_over = [(entry, publisher.send(entry)) for entry in entries]
        self._reached(Step.SENT)
        offsets: dict[Entry, int] = {}
        try:
            for entry, delivery in handed_over:
                offsets[entry] = delivery.result(self._limits.acknowledge_s)
        except ExchangeError:
            self._mark(offsets)
            raise
        self._reached(Step.ACKNOWLEDGED)
        self._standing.taken(entries)
        return self._mark(offsets)

    def _mark(self, offsets: Mapping[Entry, int]) -> int:
        self._edges.outbox.mark_published({entry.row: offset for entry, offset in offsets.items()})
        self._observer.published(offsets)
        for step in {marked_step(entry.draft.topic) for entry in offsets}:
            self._reached(step)
        return len(offsets)


@dataclass(frozen=True, slots=True)
class Compared:
    """Unacknowledged rows that their topics hold already, with their offsets; and the topics that are not there."""

    found: Mapping[Entry, int]
    missing: frozenset[str]


def compare(edges: RelayEdges, window: int) -> Compared:
    """What the topics hold of an outbox.

    Raises TopicAhead, and then nothing of this outbox may be sent; BrokerAway.
    """
    heads = edges.outbox.heads()
    unacknowledged = edges.outbox.sealed(window)
    reader = edges.open_reader()
    try:
        topics = sorted({*edges.topics, *heads})
        there = reader.partitions(topics)
        offsets: dict[int, int] = {}
        for topic, bounds in reader.bounds(sorted(there)).items():
            found = newest(reader, topic, bounds, edges.expected, window)
            offsets.update(judge(topic, heads.get(topic), found, unacknowledged))
    finally:
        reader.close()
    held = {entry: offsets[entry.row] for entry in unacknowledged if entry.row in offsets}
    return Compared(held, frozenset(topics) - there.keys())


def within(entries: Sequence[Entry], limit_bytes: int) -> Sequence[Entry]:
    """The first entries that together have at most so many bytes of value, and always one."""
    total = 0
    for index, entry in enumerate(entries):
        total += len(entry.draft.value)
        if index and total > limit_bytes:
            return entries[:index]
    return entries


def marked_step(topic: str) -> Step:
    """What it means on the path that a row of this topic is marked published."""
    if owner_of(topic) != REGION:
        return Step.MARKED
    return Step.DECISION_PUBLISHED if topic == DECISION_TOPIC else Step.DELIVERY_PUBLISHED
