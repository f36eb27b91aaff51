"""The only Kafka consumer: records out of topics, as bytes. It changes with the client library.

What writers may put there is bounded before the client sees it (``kafka_batches``). A client that raises over what the
broker itself cannot hand out hangs for ever when it is polled again. So an exception from it ends that client, or one
topic could stop all others. What cannot be read twice is handed on as records that hold nothing but where they stand.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from consumers.kafka_batches import record_of, unreadable
from consumers.kafka_client import Broker, connect, finish_join, is_replaced, read_bounds
from consumers.kafka_errors import meaning_of, translate
from consumers.kafka_topics import partitions_of
from schemas.errors import BrokerAway, Malformed, Misconfigured
from schemas.record import PARTITION, Position, Record, TopicBounds

__all__ = ["Broker", "KafkaSource", "KafkaTopicReader"]

CLOSE_TIMEOUT_MS = 3_000
PROBE_TIMEOUT_MS = 5_000
READ_TIMEOUT_MS = 1_000
SILENT_READS = 30  # this many empty reads before the end of a topic: the broker is away
READ_WAIT_MS = 10  # a client asks a broker for one thing at a time: at a topic's end the next topic waits so long
READ_LIMIT = 2_000
LOST_MEANWHILE = (ValueError, KeyError)  # another thread of the client gives topics away, between any two calls


class KafkaTopicReader:
    """``TopicReader`` over the real Kafka, outside any group. One thread at a time."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._client: KafkaConsumer | None = None

    def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many partitions each topic has, of those that are there; raises BrokerAway."""
        return partitions_of(self._broker, topics) if topics else {}

    def bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        """First and next offsets; raises BrokerAway."""
        return read_bounds(self._connected(), self._broker, topics) if topics else {}

    def read(self, topic: str, start: int, end: int) -> Iterable[Record]:
        """Every record from ``start`` up to before ``end``; one that cannot be read stands in as unreadable."""
        offset, silent = start, 0
        while offset < end:
            records = self._read_some(topic, offset, end)
            yield from (record for record in records if record.offset < end)
            silent = 0 if records else silent + 1
            if silent == SILENT_READS:
                raise BrokerAway(f"Kafka sends nothing of {topic} from {offset} on, though it ends at {end}")
            offset = records[-1].next_offset if records else self._reached(topic, offset)

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close(autocommit=False, timeout_ms=CLOSE_TIMEOUT_MS)

    def _connected(self) -> KafkaConsumer:
        if self._client is None:
            self._client = connect({**self._broker.settings(), "fetch_max_wait_ms": READ_WAIT_MS})
        return self._client

    def _read_some(self, topic: str, offset: int, end: int) -> Sequence[Record]:
        partition = self._broker.partition(topic)
        try:
            client = self._connected()
            client.assign([partition])
            client.seek(partition, offset)
            read = client.poll(timeout_ms=READ_TIMEOUT_MS, max_records=READ_LIMIT)
        except Exception as error:  # whatever the client raises, it is not to be polled again
            self.close()
            if not issubclass(meaning_of(error), Malformed):
                raise translate(error, f"reading {topic}") from error
            return self._stand_ins(topic, offset, end)
        return [record_of(topic, record) for record in read.get(partition, [])]

    def _stand_ins(self, topic: str, offset: int, end: int) -> list[Record]:
        """One for each offset from here that still cannot be read: all that is left of a batch."""
        found: list[Record] = []
        partition = self._broker.partition(topic)
        while offset < end:
            client = self._connected()
            try:
                client.assign([partition])
                client.seek(partition, offset)
                client.poll(timeout_ms=PROBE_TIMEOUT_MS, max_records=1)
                break
            except Exception as error:
                self.close()
                if not issubclass(meaning_of(error), Malformed):
                    raise translate(error, f"reading {topic}") from error
                found.append(unreadable(topic, offset, type(error).__name__))
                offset += 1
        return found

    def _reached(self, topic: str, offset: int) -> int:
        """Where the client stands: after what is no record (a transaction's marker), or still at ``offset``."""
        position = self._connected().position(self._broker.partition(topic), timeout_ms=READ_TIMEOUT_MS)
        return max(offset, position or 0)

    def unreadable_from(self, topic: str, start: int) -> Sequence[Record]:
        """The records of a topic that cannot be read from here on up to the first that can; none if it can."""
        end = self.bounds([topic])[topic].end
        return self._stand_ins(topic, start, end)


class _Assignment(ConsumerRebalanceListener):
    """Notes what is assigned. It runs on the client's own thread, which a listener that waits would stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: set[TopicPartition] = set()

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        with self._lock:
            self._new -= set(revoked)

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        with self._lock:
            self._new |= set(assigned)

    def take(self) -> set[TopicPartition]:
        with self._lock:
            new, self._new = self._new, set()
        return new


class KafkaSource:
    """``Source`` over the real Kafka. One thread; it connects at the first call that needs the broker.

    ``instance`` is explained at ``Broker.group_settings``.
    """

    def __init__(self, broker: Broker, group: str, topics: Sequence[str], instance: str | None = None) -> None:
        self._broker, self._instance = broker, instance
        self._settings = broker.group_settings(group, topics, instance)
        self._topics = tuple(topics)
        self._client: KafkaConsumer | None = None
        self._assignment = _Assignment()

    def poll(self, timeout_s: float, limit: int) -> Mapping[str, Sequence[Record]]:
        """The next records by topic; raises BrokerAway, or Misconfigured when another process has this one's name."""
        client = self._connected()
        try:
            read = client.poll(timeout_ms=round(timeout_s * 1000), max_records=limit)
            finish_join(client)
        except Exception as error:  # noqa: BLE001  # whatever the client raises, it is not to be polled again
            positions = _positions(client, self._broker)
            self.close()  # the group is joined anew, and the loop seeks again
            return stand_ins(self._broker, positions, error)
        if is_replaced(client):
            self.close()
            raise Misconfigured(
                f"another process has the name {self._instance} in the group"
                f" {self._settings['group_id']}: give each a loop.instance of its own, and start this one again"
            )
        logical = {partition: self._broker.logical(partition) for partition in read if partition.partition == PARTITION}
        return {topic: [record_of(topic, record) for record in read[partition]] for partition, topic in logical.items()}

    def newly_assigned(self) -> frozenset[str]:
        """Topics given to this instance since the last call. Of one with more partitions only the first is read."""
        new = self._assignment.take()
        if (others := [partition for partition in new if partition.partition != PARTITION]) and self._client:
            with suppress(*LOST_MEANWHILE):
                self._client.pause(*others)
        return frozenset(self._broker.logical(partition) for partition in new if partition.partition == PARTITION)

    def seek(self, position: Position) -> None:
        """Read the topic from here; this and the next two do nothing for a topic that this instance does not have."""
        with suppress(*LOST_MEANWHILE):
            if self._client and (partition := self._broker.partition(position.topic)) in self._client.assignment():
                self._client.seek(partition, position.next_offset)

    def pause(self, topic: str) -> None:
        """Stop reading a topic while the others flow."""
        with suppress(*LOST_MEANWHILE):
            if self._client and (partition := self._broker.partition(topic)) in self._client.assignment():
                self._client.pause(partition)

    def resume(self, topic: str) -> None:
        """Read a paused topic again."""
        with suppress(*LOST_MEANWHILE):
            if self._client and (partition := self._broker.partition(topic)) in self._client.assignment():
                self._client.resume(partition)

    def partitions(self, topics: Sequence[str]) -> Mapping[str, int]:
        """How many partitions each topic has, of those that are there; raises BrokerAway."""
        return partitions_of(self._broker, topics) if topics else {}

    def bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        """First and next offsets; raises BrokerAway."""
        return read_bounds(self._connected(), self._broker, topics) if topics else {}

    def commit(self, positions: Iterable[Position]) -> None:
        """Tell Kafka the positions without waiting for its answer, which decides nothing."""
        if self._client is None:
            return
        mine = self._client.assignment()
        stated = {self._broker.partition(p.topic): OffsetAndMetadata(p.next_offset, "", -1) for p in positions}
        with suppress(KafkaError):  # of an earlier commit: the next poll says it again where it matters
            self._client.commit_async({p: offset for p, offset in stated.items() if p in mine}, callback=_unheard)

    def close(self) -> None:
        """Leave the group."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(KafkaError, OSError):  # the group notices by itself that this instance is gone
                client.close(autocommit=False, timeout_ms=CLOSE_TIMEOUT_MS)

    def _connected(self) -> KafkaConsumer:
        if self._client is None:
            client = connect(self._settings)
            self._assignment = _Assignment()
            client.subscribe([self._broker.prefix + topic for topic in self._topics], listener=self._assignment)
            self._client = client
        return self._client


def stand_ins(broker: Broker, positions: Mapping[str, int], error: Exception) -> Mapping[str, Sequence[Record]]:
    """After an exception: what cannot be read a second time, of the first topic that has such.

    Raises BrokerAway, or Stop when it is nothing that can be read past.
    """
    if not issubclass(meaning_of(error), Malformed):
        raise translate(error, "polling") from error
    reader = KafkaTopicReader(broker)
    try:
        for topic, offset in positions.items():
            if found := reader.unreadable_from(topic, offset):
                return {topic: found}
    finally:
        reader.close()
    raise BrokerAway(f"Kafka, polling: {type(error).__name__}; every topic can be read, trying again") from error


def _positions(client: KafkaConsumer, broker: Broker) -> Mapping[str, int]:
    """Where a client stands; after an error it may not say that of every topic any more."""
    positions: dict[str, int] = {}
    with suppress(KafkaError, OSError, *LOST_MEANWHILE):
        for partition in sorted(p for p in client.assignment() - client.paused() if p.partition == PARTITION):
            position = client.position(partition, timeout_ms=READ_TIMEOUT_MS)
            if position is not None:
                positions[broker.logical(partition)] = position
    return positions


def _unheard(_offsets: object, _answer: object) -> None:
    """Where Kafka's answer to a commit goes: positions live in the database."""
