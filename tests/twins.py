"""In-memory twins of the edges. Each passes the conformance suite of the adapter that it stands for."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice

from consumers.quarantine.entries import FOREIGN_MEMBER, Faulty, QuarantineEntry, Wanted
from schemas.errors import BrokerAway, TopicStands
from schemas.record import Backlog, Draft, Entry, Link, Position, Record, Sealer, TopicBounds
from schemas.topics import MAX_MESSAGE_BYTES, stream_of
from schemas.trust.seal import link_hash
from sealing import SEALED_AT


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

    def sealed(self, limit: int, without: Collection[str] = ()) -> Sequence[Entry]:
        waiting = (entry for row, entry in sorted(self.rows.sealed.items()) if row not in self.rows.published)
        return list(islice((entry for entry in waiting if entry.draft.topic not in without), limit))

    def seal_waiting(self, limit: int, sealer: Sealer, without: Collection[str] = ()) -> int:
        heads, sealed = dict(self.rows.heads), {}
        rows = ((row, draft) for row, draft in enumerate(self.rows.drafts, start=1) if row not in self.rows.sealed)
        for row, draft in islice(((row, draft) for row, draft in rows if draft.topic not in without), limit):
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
        self.starts: dict[str, int] = {}
        self.limits: dict[str, int] = {}
        self.clock_ms = 0
        self.on_the_wire: deque[Entry] = deque()

    def append(self, entry: Entry) -> int:
        draft = entry.draft
        return self.write(draft.topic, draft.key.encode() or None, draft.value or None, entry.headers)

    def write(
        self, topic: str, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> int:
        offset = self.bounds(topic).end
        self.topics[topic].append(Record(topic, offset, key, value, headers, self.clock_ms))
        return offset

    def is_too_large(self, entry: Entry) -> bool:
        """Whether the topic is set up for smaller values."""
        return len(entry.draft.value) > self.limits.get(entry.draft.topic, MAX_MESSAGE_BYTES)

    def bounds(self, topic: str) -> TopicBounds:
        if topic not in self.topics:
            raise BrokerAway(f"no topic {topic}")
        records, start = self.topics[topic], self.starts.get(topic, 0)
        return TopicBounds(start, records[-1].next_offset if records else start)

    def read(self, topic: str, start: int) -> Iterator[Record]:
        first = max(start, self.bounds(topic).start)
        return (record for record in self.topics[topic] if record.offset >= first)

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
    REFUSED = "refused"  # the topic takes it no more than what follows on any topic: the client is of no more use


@dataclass(frozen=True)
class TwinDelivery:
    """Twin of ``Delivery``."""

    offset: int | None
    refused: TopicStands | None = None

    def done(self) -> bool:
        return self.offset is not None or self.refused is not None

    def result(self, timeout_s: float) -> int:
        if self.refused is not None:
            raise self.refused
        if self.offset is None:
            raise BrokerAway(f"no answer within {timeout_s} s")
        return self.offset


class TwinPublisher:
    """Twin of ``Publisher``; each send meets the next fault, and none when there are no more."""

    def __init__(self, log: TwinLog, faults: Iterator[Fault] | None = None) -> None:
        self._log = log
        self._faults = faults if faults is not None else iter(())
        self._late = False
        self._refused = False
        self._unanswered = False
        self._closed = False

    def send(self, entry: Entry) -> TwinDelivery:
        if self._closed or entry.draft.topic not in self._log.topics:
            raise BrokerAway("closed, or no such topic")
        if len(entry.draft.value) > MAX_MESSAGE_BYTES:
            raise _refused(entry)
        fault = next(self._faults, Fault.NONE)
        if fault is Fault.AWAY:
            raise BrokerAway("away")
        self._refused = self._refused or fault is Fault.REFUSED or self._log.is_too_large(entry)
        if self._refused:
            return TwinDelivery(None, _refused(entry))
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


def _refused(entry: Entry) -> TopicStands:
    return TopicStands("too large", code="record_refused", parameters={"topic": entry.draft.topic})


class TwinReader:
    """Twin of ``TopicReader``."""

    def __init__(self, log: TwinLog) -> None:
        self._log = log

    def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        return dict.fromkeys((topic for topic in topics if topic in self._log.topics), 1)

    def bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        return {topic: self._log.bounds(topic) for topic in topics}

    def read(self, topic: str, start: int, end: int) -> Iterable[Record]:
        return [record for record in self._log.read(topic, start) if record.offset < end]

    def close(self) -> None:
        """Nothing is held."""


class TwinGroup:
    """Twin of a consumer group: shares the topics of a log among the sources that joined, in turn."""

    def __init__(self, log: TwinLog) -> None:
        self.log = log
        self.committed: dict[str, int] = {}
        self._sources: list[TwinSource] = []

    def join(self, source: "TwinSource") -> None:
        self._sources.append(source)
        self.share()

    def leave(self, source: "TwinSource") -> None:
        if source in self._sources:
            self._sources.remove(source)
            self.share()

    def share(self) -> None:
        for turn, source in enumerate(self._sources):
            source.assign(sorted(self.log.topics)[turn :: len(self._sources)])


class TwinSource:
    """Twin of ``Source``. It joins its group at the first poll, as the real one does."""

    def __init__(self, group: TwinGroup) -> None:
        self._group = group
        self._positions: dict[str, int] = {}
        self._new: set[str] = set()
        self._paused: set[str] = set()
        self._joined = False
        self.closed = False

    def assign(self, topics: Sequence[str]) -> None:
        self._positions = {topic: self._group.committed.get(topic, 0) for topic in topics}
        self._new = set(topics)
        self._paused &= self._new

    def poll(self, timeout_s: float, limit: int) -> Mapping[str, Sequence[Record]]:
        del timeout_s
        if not self._joined:
            self._joined = True
            self._group.join(self)
        read: dict[str, list[Record]] = {}
        for topic in sorted(self._positions.keys() - self._paused):
            for record in islice(self._group.log.read(topic, self._positions[topic]), limit):
                read.setdefault(topic, []).append(record)
                self._positions[topic] = record.next_offset
                limit -= 1
        return read

    def newly_assigned(self) -> frozenset[str]:
        new, self._new = frozenset(self._new), set()
        return new

    def seek(self, position: Position) -> None:
        if position.topic in self._positions:
            self._positions[position.topic] = position.next_offset

    def pause(self, topic: str) -> None:
        self._paused |= {topic} & self._positions.keys()

    def resume(self, topic: str) -> None:
        self._paused.discard(topic)

    def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        return dict.fromkeys((topic for topic in topics if topic in self._group.log.topics), 1)

    def bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        return {topic: self._group.log.bounds(topic) for topic in topics}

    def commit(self, positions: Iterable[Position]) -> None:
        mine = (position for position in positions if position.topic in self._positions)
        self._group.committed.update({position.topic: position.next_offset for position in mine})

    def close(self) -> None:
        self.closed = True
        self._group.leave(self)


class TwinQuarantine:
    """Twin of ``Quarantine``; nothing in it is ever settled."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, int], QuarantineEntry] = {}

    def put(self, entries: Sequence[Faulty]) -> None:
        for entry in entries:
            of = (entry.record.topic, entry.record.offset)
            self._entries.setdefault(of, QuarantineEntry(len(self._entries) + 1, entry, SEALED_AT))

    def waiting(self, topics: Sequence[str]) -> Mapping[str, int]:
        return {topic: sum(of == topic for of, _ in self._entries) for topic in topics}

    def entries(self, wanted: Wanted, limit: int) -> Sequence[QuarantineEntry]:
        return [entry for entry in self._entries.values() if _is_wanted(entry, wanted)][:limit]


def _is_wanted(entry: QuarantineEntry, wanted: Wanted) -> bool:
    faulty = entry.faulty
    member = None if wanted.member == FOREIGN_MEMBER else wanted.member
    asked: list[tuple[object, object]] = [
        (faulty.member, member),
        (stream_of(faulty.record.topic), wanted.stream),
        (faulty.reason, wanted.reason),
    ]
    foreign = wanted.member != FOREIGN_MEMBER or faulty.member is None
    named = wanted.numbers is None or entry.number in wanted.numbers
    return foreign and named and all(answer is None or said == answer for said, answer in asked)
