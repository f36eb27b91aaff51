"""What crosses the edges: a Kafka record, a position, an outbox entry, and one Protocol per edge.

It changes when an edge changes. Topic names are logical: a cluster-wide prefix is the adapters' business.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

SEAL_HEADER = "seal"
UNREADABLE_HEADER = "unreadable"  # stands alone on a record whose bytes the client could not read, and says why
COMPRESSED = "compressed"  # why: nothing compressed is opened
TRANSACTION = "transaction"  # why: it was aborted, or is the broker's mark at the end of one
EPOCH = datetime.fromtimestamp(0, UTC)
PARTITION = 0  # one partition per topic, for ever: the topic's order is the chain's


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record as read. ``appended_ms`` is the broker's clock: shown, never deciding.

    A header without a value, which Kafka allows, has an empty one here.
    ``span`` is how many offsets it takes: more than one only where it stands for what cannot be read of a batch.
    """

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    appended_ms: int = 0
    leader_epoch: int = -1
    span: int = 1

    @property
    def next_offset(self) -> int:
        """The position after this record."""
        return self.offset + self.span

    def header_values(self, name: str) -> tuple[bytes, ...]:
        """Every value under a header name; Kafka allows several."""
        return tuple(value for header, value in self.headers if header == name)


def broker_instant(appended_ms: int) -> datetime:
    """When the broker had a record, as an instant in UTC; computed in whole milliseconds, never by a float."""
    return EPOCH + timedelta(milliseconds=appended_ms)


@dataclass(frozen=True, slots=True)
class Position:
    """The next offset to read of a topic."""

    topic: str
    next_offset: int


@dataclass(frozen=True, slots=True)
class TopicBounds:
    """First offset kept and the offset after the last, as the broker says them."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Link:
    """Where a chain stands: the last number of a life, and the hash that the next seal names as ``prev``.

    A life in which nothing is sealed yet has ``seq`` 0 and no ``prev``; a later one then has ``after``: the (life,
    number) where the chain stood before.
    """

    life: int
    seq: int
    prev: str | None
    after: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An event whose value is final and which has no number yet. ``key`` is what the topic is keyed by.

    Without a value it is a tombstone: Kafka then keeps nothing under its key.
    """

    topic: str
    event_id: str
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """An outbox row that has its number and seal: every attempt to send it sends exactly this."""

    row: int
    draft: Draft
    life: int
    seq: int
    seal: bytes

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """The record's headers, seal first."""
        return ((SEAL_HEADER, self.seal), *self.draft.headers)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits in an outbox: rows not acknowledged, and the age of the oldest in seconds."""

    rows: int
    oldest_s: float


Sealer = Callable[[Draft, Link, int], bytes]
"""Seals a draft as number ``seq`` (third argument) after a link; returns the whole ``seal`` header."""


class Outbox(Protocol):
    """Where accepted events wait until Kafka has acknowledged them. One relay at a time empties it."""

    def lease(self) -> bool:
        """Take or renew the right to relay; False when another process holds it."""

    def sealed(self, limit: int, without: Collection[str] = ()) -> Sequence[Entry]:
        """Numbered and unacknowledged rows, in the order in which they were accepted; none of topics ``without``."""

    def seal_waiting(self, limit: int, sealer: Sealer, without: Collection[str] = ()) -> int:
        """Number and seal up to ``limit`` waiting rows in one transaction; returns how many. Likewise."""

    def heads(self) -> Mapping[str, Link]:
        """The last number given, for each topic."""

    def mark_published(self, offsets: Mapping[int, int]) -> None:
        """Record the acknowledged offset of each row (row -> offset)."""

    def backlog(self) -> Backlog:
        """Rows not acknowledged, and how old the oldest is."""


class Delivery(Protocol):
    """The promise of one send: ``result`` waits, at most ``timeout_s``, for the acknowledged offset."""

    def done(self) -> bool:
        """Whether the broker has answered."""

    def result(self, timeout_s: float) -> int:
        """The offset; raises BrokerAway, or TopicStands.

        After TopicStands the publisher is of no more use, and what else was sent may be answered with it as well.
        """


class Publisher(Protocol):
    """The way into Kafka, in order per topic."""

    def send(self, entry: Entry) -> Delivery:
        """Hand one entry over; raises BrokerAway, or TopicStands."""

    def flush(self, timeout_s: float) -> None:
        """Wait until everything handed over is answered; raises BrokerAway."""

    def close(self) -> None:
        """Let go of the connection without waiting for what is unanswered."""


class TopicReader(Protocol):
    """Reads single topics outside any group: what the relay asks before it sends, what a proof counts."""

    def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many partitions each topic has, of those that are there; raises BrokerAway."""

    def bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        """First and next offsets; raises BrokerAway."""

    def read(self, topic: str, start: int, end: int) -> Iterable[Record]:
        """Every record from ``start`` up to before ``end``, in order; raises BrokerAway."""

    def close(self) -> None:
        """Let go of the connection."""


class Source(Protocol):
    """The way out of Kafka for a consumer loop: topics are shared with other instances of its group, if it has one."""

    def poll(self, timeout_s: float, limit: int) -> Mapping[str, Sequence[Record]]:
        """The next records by topic, in order; empty after ``timeout_s``. Raises BrokerAway."""

    def newly_assigned(self) -> frozenset[str]:
        """Topics given to this instance since the last call: seek each before its records are used."""

    def seek(self, position: Position) -> None:
        """Read the topic from here at the next poll."""

    def pause(self, topic: str) -> None:
        """Stop reading a topic while the others flow."""

    def resume(self, topic: str) -> None:
        """Read a paused topic again, from where it was last sought."""

    def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many partitions each topic has, of those that are there; raises BrokerAway."""

    def bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        """First and next offsets of topics; raises BrokerAway."""

    def commit(self, positions: Iterable[Position]) -> None:
        """Tell Kafka the positions, for other people's lag tools only; never raises for a lost group."""

    def close(self) -> None:
        """Leave the group."""
