"""What whoever can write to one topic may put there, and what a broker may do, without stopping anybody else's flow."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import MessageSizeTooLargeError
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


class RawName(str):
    """A header's name that goes onto the wire as bytes that are no UTF-8."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        del encoding, errors
        return b"\xff\xfe"


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


def put(producer: KafkaProducer, broker: Broker, topic: str, value: bytes, name: str = "h") -> None:
    producer.send(broker.prefix + topic, value=value, key=b"k", headers=[(name, b"v")]).get(timeout=10)


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


def test_a_header_name_that_is_no_text_stops_nobody(broker: Broker, producer: KafkaProducer) -> None:
    put(producer, broker, BAD, b"0")
    put(producer, broker, BAD, b"1", RawName("x"))
    put(producer, broker, BAD, b"2")
    put(producer, broker, GOOD, b"0")
    source = KafkaSource(broker, "traps", [BAD, GOOD])
    seen = read_all(source, 4)
    source.close()
    assert [record.value for record in seen[BAD]] == [b"0", None, b"2"]
    assert [record.offset for record in seen[BAD]] == [0, 1, 2]
    assert seen[BAD][1].headers == ((UNREADABLE_HEADER, b"CorruptRecordError"),)
    assert [record.value for record in seen[GOOD]] == [b"0"]


def test_a_reader_stands_in_for_what_cannot_be_read(broker: Broker, producer: KafkaProducer) -> None:
    for value, name in ((b"0", "h"), (b"1", RawName("x")), (b"2", RawName("x")), (b"3", "h")):
        put(producer, broker, BAD, value, name)
    reader = KafkaTopicReader(broker)
    records = list(reader.read(BAD, 0, 4))
    reader.close()
    assert [record.offset for record in records] == [0, 1, 2, 3]
    assert [record.value for record in records] == [b"0", None, None, b"3"]


def test_a_batch_whose_checksum_fails_is_passed(
    broker: Broker, producer: KafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in (b"0", b"1", b"2"):
        put(producer, broker, BAD, value)
    put(producer, broker, GOOD, b"0")
    sound = DefaultRecordBatch.validate_crc

    def validate_crc(batch: DefaultRecordBatch) -> bool:
        return sound(batch) and batch.base_offset != 1

    monkeypatch.setattr(DefaultRecordBatch, "validate_crc", validate_crc)
    source = KafkaSource(broker, "traps", [BAD, GOOD])
    seen = read_all(source, 4)
    source.close()
    assert [record.value for record in seen[BAD]] == [b"0", None, b"2"]
    assert [record.value for record in seen[GOOD]] == [b"0"]


def test_a_compressed_bomb_is_refused_by_the_broker(stack: Stack, broker: Broker) -> None:
    producer = KafkaProducer(
        **stack.access.settings(), compression_type="gzip", max_request_size=20_000_000, retries=0,
        enable_idempotence=False,
    )  # fmt: skip
    with pytest.raises(MessageSizeTooLargeError):
        producer.send(broker.prefix + BAD, value=bytes(10_000_000)).get(timeout=20)
    producer.close()


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
