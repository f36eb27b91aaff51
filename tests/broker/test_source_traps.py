"""What whoever can write to one topic may put there, and what a broker may do, without stopping anybody else's flow."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import CorruptRecordError
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch

from consumers.kafka_client import Broker
from consumers.source import KafkaSource, KafkaTopicReader
from interfocal.stack import Stack
from running import until
from schemas.access import Access
from schemas.errors import BrokerAway, Misconfigured
from schemas.record import UNREADABLE_HEADER, Position, Record
from schemas.topics import EVERY_TOPIC

BAD, GOOD = "rs.seizure", "al.seizure"


@pytest.fixture
def broker(stack: Stack, topic_prefix: str) -> Broker:
    admin = KafkaAdminClient(**stack.access.settings())
    configs = {"num_partitions": 1, "replication_factor": 1, "configs": dict(EVERY_TOPIC)}
    admin.create_topics({topic_prefix + topic: configs for topic in (BAD, GOOD)})
    admin.close()
    return Broker(stack.access, "test", topic_prefix)


@pytest.fixture
def producer(stack: Stack) -> Iterator[KafkaProducer]:
    opened = KafkaProducer(**stack.access.settings(), enable_idempotence=True)
    yield opened
    opened.close()


def put(producer: KafkaProducer, broker: Broker, topic: str, value: bytes) -> None:
    producer.send(broker.prefix + topic, value=value, key=b"k").get(timeout=60)


def read_all(source: KafkaSource, count: int) -> dict[str, list[Record]]:
    """What a loop would see: topics are sought where they stood whenever they are assigned anew."""
    seen: dict[str, list[Record]] = {BAD: [], GOOD: []}
    for _ in range(60):
        records = source.poll(0.5, 100)
        sought = source.newly_assigned()
        for topic in sought:
            source.seek(Position(topic, len(seen[topic])))
        for topic, own in records.items():
            seen[topic] += own if topic not in sought else []
        if sum(map(len, seen.values())) >= count:
            break
    return seen


def test_what_the_broker_itself_cannot_hand_out_is_passed(
    broker: Broker, producer: KafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client raises over it, and is not polled again."""
    for value in (b"0", b"1", b"2"):
        put(producer, broker, BAD, value)
    put(producer, broker, GOOD, b"0")
    sound = MemoryRecords.next_batch

    def next_batch(records: MemoryRecords) -> DefaultRecordBatch | None:
        batch = sound(records)
        if batch is not None and batch.base_offset == 1:
            raise CorruptRecordError
        return batch

    monkeypatch.setattr(MemoryRecords, "next_batch", next_batch)
    source = KafkaSource(broker, "traps", [BAD, GOOD])
    seen = read_all(source, 4)
    source.close()
    assert [record.value for record in seen[BAD]] == [b"0", None, b"2"]
    assert seen[BAD][1].headers == ((UNREADABLE_HEADER, b"CorruptRecordError"),)
    assert [record.value for record in seen[GOOD]] == [b"0"]


def test_a_broker_that_is_not_there_is_away() -> None:
    nowhere = Broker(Access("127.0.0.1:1"), "test")
    source, reader = KafkaSource(nowhere, "traps", [BAD]), KafkaTopicReader(nowhere)
    with pytest.raises(BrokerAway):
        source.poll(0.1, 1)
    with pytest.raises(BrokerAway):
        reader.bounds([BAD])
    source.close()
    reader.close()


def test_addresses_that_are_none_are_the_settings_fault() -> None:
    with pytest.raises(Misconfigured, match="host:port"):
        KafkaSource(Broker(Access("kafka.example"), "test"), "traps", [BAD]).poll(0.1, 1)


def test_a_client_that_cannot_start_leaves_no_thread_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        broker = Broker(Access(f"127.0.0.1:{port}", security={"bootstrap_timeout_ms": 300}), "test")
        threads = threading.active_count()
        for _ in range(3):
            with pytest.raises(BrokerAway):
                KafkaTopicReader(broker).bounds([BAD])
        assert threading.active_count() == threads


def test_positions_are_told_to_kafka_for_other_peoples_tools(broker: Broker, producer: KafkaProducer) -> None:
    put(producer, broker, GOOD, b"0")
    source = KafkaSource(broker, "lag", [GOOD])
    for _ in range(60):
        if source.poll(0.5, 10):
            break
    source.commit([Position(GOOD, 1)])
    watcher = KafkaConsumer(**broker.access.settings(), group_id=f"{broker.prefix}lag")
    committed = None
    for _ in range(60):
        source.poll(0.2, 10)
        committed = watcher.committed(TopicPartition(broker.prefix + GOOD, 0))
        if committed is not None:
            break
    watcher.close()
    source.close()
    assert committed == 1


def test_an_instance_whose_name_another_one_took_ends(broker: Broker) -> None:
    """As one that was frozen, and started a second time meanwhile: it must not go on beside the other."""
    first = KafkaSource(broker, "named", [BAD, GOOD], instance="region-1")
    second = KafkaSource(broker, "named", [BAD, GOOD], instance="region-1")
    until(lambda: (first.poll(0.1, 10), first.newly_assigned())[1], "the first to have its topics")
    until(lambda: (second.poll(0.1, 10), second.newly_assigned())[1], "the second to have them")

    def polls() -> None:
        first.poll(0.1, 10)

    with pytest.raises(Misconfigured, match="another process has the name region-1 in the group"):
        until(polls, "the first to notice")
    assert second.poll(0.1, 10) == {}
    first.close()
    second.close()


def test_a_restarted_instance_gets_its_topics_back_at_once(broker: Broker) -> None:
    longer = {**broker.access.security, "session_timeout_ms": 1_200_000}  # than this test may take
    never_expiring = replace(broker, access=replace(broker.access, security=longer))
    killed = KafkaSource(never_expiring, "static", [BAD, GOOD], instance="region-1")
    restarted = KafkaSource(never_expiring, "static", [BAD, GOOD], instance="region-1")
    for source in (killed, restarted):
        while source.newly_assigned() != {BAD, GOOD}:
            source.poll(0.2, 1)
    killed.close()
    restarted.close()


def test_a_restarted_instance_that_asks_for_more_topics_gets_them(broker: Broker) -> None:
    before = KafkaSource(broker, "grown", [BAD], instance="region-1")
    until(lambda: before.poll(0.5, 10) or before.newly_assigned(), "the topic that it asks for")
    before.close()
    after = KafkaSource(broker, "grown", [BAD, GOOD], instance="region-1")
    given: set[str] = set()

    def has_both() -> bool:
        after.poll(0.5, 10)
        given.update(after.newly_assigned())
        return given == {BAD, GOOD}

    until(has_both, "both topics")
    after.close()


def test_a_join_that_a_poll_did_not_wait_for_is_finished(broker: Broker, producer: KafkaProducer) -> None:
    source = KafkaSource(broker, "joining", [BAD, GOOD], instance="region-1")
    put(producer, broker, GOOD, b"0")
    read_all(source, 1)
    assert source._client is not None  # noqa: SLF001  # there is no other way to this moment
    coordinator = source._client._coordinator  # noqa: SLF001
    coordinator._assignment_snapshot = {}  # noqa: SLF001  # as when its topics become known after the first join
    source.poll(0.001, 1)
    for _ in range(100):  # of 0.1 s
        if coordinator._join_task.is_done:  # noqa: SLF001
            break
        threading.Event().wait(0.1)
    put(producer, broker, GOOD, b"1")
    seen = read_all(source, 1)
    source.close()
    assert [record.value for record in seen[GOOD]] == [b"0", b"1"]
