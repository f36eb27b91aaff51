"""In-memory twins of the edges. Each passes the conformance suite of the adapter that it stands for."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from schemas.errors import BrokerAway, Stop
from schemas.record import Backlog, Draft, Entry, Link, Record, Sealer, TopicBounds
from schemas.topics import MAX_MESSAGE_BYTES
from schemas.trust.seal import link_hash


@dataclass
class TwinRows:
    """What an outbox keeps; it outlives the twins that are opened on it."""

    drafts: list[Draft] = field(default_factory=list)
    sealed: dict[int, Entry] = field(default_factory=dict)
    published: dict[int, int] = field(default_factory=dict)
    heads: dict[str, Link] = field(default_factory=dict)
    leased_by: object | None = None

    def accept(self, drafts: Iterable[Draft]) -> None:
        self.drafts.extend(drafts)


class TwinOutbox:
    """Twin of ``Outbox``. A row's number is its place among the accepted drafts, from 1."""

    def __init__(self, rows: TwinRows | None = None) -> None:
        self.rows = rows if rows is not None else TwinRows()

    def lease(self) -> bool:
        if self.rows.leased_by is None:
            self.rows.leased_by = self
        return self.rows.leased_by is self

    def close(self) -> None:
        if self.rows.leased_by is self:
            self.rows.leased_by = None

    def sealed(self, limit: int) -> Sequence[Entry]:
        waiting = (entry for row, entry in sorted(self.rows.sealed.items()) if row not in self.rows.published)
        return [entry for entry, _ in zip(waiting, range(limit), strict=False)]

    def seal_waiting(self, limit: int, sealer: Sealer) -> int:
        heads, sealed = dict(self.rows.heads), {}
        first = len(self.rows.sealed) + 1
        for row, draft in enumerate(self.rows.drafts[first - 1 : first - 1 + limit], start=first):
            head = heads.get(draft.topic, Link(1, 0, None))
            seal = sealer(draft, head, head.seq + 1)
            heads[draft.topic] = Link(head.life, head.seq + 1, link_hash(seal, draft.value))
            sealed[row] = Entry(row, draft, head.life, head.seq + 1, seal)
        self.rows.heads, self.rows.sealed = heads, self.rows.sealed | sealed
        return len(sealed)

    def heads(self) -> Mapping[str, Link]:
        return dict(self.rows.heads)

    def mark_published(self, offsets: Mapping[int, int]) -> None:
        for row, offset in offsets.items():
            self.rows.published.setdefault(row, offset)

    def backlog(self) -> Backlog:
        rows = len(self.rows.drafts) - len(self.rows.published)
        return Backlog(rows, 1.0 if rows else 0.0)


class TwinLog:
    """Twin of a broker: what each topic holds, and what given-up connections still have on the wire."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.topics: dict[str, list[Record]] = {topic: [] for topic in topics}
        self.on_the_wire: deque[Entry] = deque()

    def append(self, entry: Entry) -> int:
        draft = entry.draft
        return self.write(draft.topic, draft.key.encode() or None, draft.value, entry.headers)

    def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> int:
        records = self.topics[topic]
        records.append(Record(topic, len(records), key, value, headers))
        return len(records) - 1

    def land(self, count: int) -> None:
        """Let what is on the wire arrive, the oldest first."""
        for _ in range(min(count, len(self.on_the_wire))):
            self.append(self.on_the_wire.popleft())


class Fault(Enum):
    """What may happen to one send."""

    NONE = "none"
    AWAY = "away"  # it is not sent
    LOST_ACK = "lost acknowledgement"  # it is written, and the answer never comes
    LATE = "late"  # it and all that follow arrive when the connection has been given up


@dataclass(frozen=True)
class TwinDelivery:
    """Twin of ``Delivery``."""

    offset: int | None

    def done(self) -> bool:
        return self.offset is not None

    def result(self, timeout_s: float) -> int:
        if self.offset is None:
            raise BrokerAway(f"no answer within {timeout_s} s")
        return self.offset


class TwinPublisher:
    """Twin of ``Publisher``; each send meets the next fault, and none when there are no more."""

    def __init__(self, log: TwinLog, faults: Iterator[Fault] | None = None) -> None:
        self._log = log
        self._faults = faults if faults is not None else iter(())
        self._late = False
        self._unanswered = False
        self._closed = False

    def send(self, entry: Entry) -> TwinDelivery:
        if self._closed or entry.draft.topic not in self._log.topics:
            raise BrokerAway("closed, or no such topic")
        if len(entry.draft.value) > MAX_MESSAGE_BYTES:
            raise Stop("too large", code="record_refused")
        fault = next(self._faults, Fault.NONE)
        if fault is Fault.AWAY:
            raise BrokerAway("away")
        self._late = self._late or fault is Fault.LATE
        self._unanswered = self._unanswered or fault is not Fault.NONE
        if self._late:
            self._log.on_the_wire.append(entry)
            return TwinDelivery(None)
        offset = self._log.append(entry)
        return TwinDelivery(None if fault is Fault.LOST_ACK else offset)

    def flush(self, timeout_s: float) -> None:
        if self._closed or self._unanswered:
            raise BrokerAway(f"no answer within {timeout_s} s")

    def close(self) -> None:
        self._closed = True


class TwinReader:
    """Twin of ``TopicReader``."""

    def __init__(self, log: TwinLog) -> None:
        self._log = log

    def bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        if unknown := set(topics) - set(self._log.topics):
            raise BrokerAway(f"no topics {sorted(unknown)}")
        return {topic: TopicBounds(0, len(self._log.topics[topic])) for topic in topics}

    def read(self, topic: str, start: int, end: int) -> Iterable[Record]:
        return self._log.topics[topic][start:end]

    def close(self) -> None:
        """Nothing is held."""
