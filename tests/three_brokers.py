"""A cluster of three brokers for tests: what runs, who leads, whether every replica is there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

from interfocal.stack import Stack, current, status, up
from running import until
from schemas.access import Access

NUMBERS = (1, 2, 3)
BROKERS = [f"kafka-{number}" for number in NUMBERS]


def running(var: Path) -> Mapping[str, int | None]:
    """Process ids of the brokers by name."""
    return {service.name: service.pid for service in status(var) if service.name.startswith("kafka")}


@contextmanager
def admin_of(var: Path) -> Iterator[KafkaAdminClient]:
    """An administrator's client."""
    client = KafkaAdminClient(**current(var).access.settings())
    try:
        yield client
    finally:
        client.close()


def leader_of(var: Path, topic: str) -> int:
    """The number of the broker that leads a topic's only partition."""
    with admin_of(var) as admin:
        (described,) = admin.describe_topics([topic])
    return int(described["partitions"][0]["leader_id"])


def whole(var: Path) -> Stack:
    """Start what does not run, and return when every replica of every topic is in sync."""
    stack = up(var, brokers=len(NUMBERS))
    until(lambda: in_sync(var), "every replica to be in sync", 180.0)
    return stack


def in_sync(var: Path) -> bool:
    """Whether no replica lags behind its leader."""
    with admin_of(var) as admin:
        partitions = [one for topic in admin.describe_topics() for one in topic["partitions"]]
    return all(set(one["isr_nodes"]) == set(one["replica_nodes"]) for one in partitions)


def send(access: Access, topic: str, value: bytes) -> None:
    """One record, acknowledged by as many as the topic wants."""
    producer = KafkaProducer(**access.settings(), acks="all")
    producer.send(topic, value=value).get(timeout=60)
    producer.close()


def everything(access: Access, topic: str, count: int) -> list[bytes | None]:
    """So many records from the start, read by a group that says how far it is."""
    consumer = KafkaConsumer(topic, **access.settings(), auto_offset_reset="earliest", group_id=topic)
    read: list[bytes | None] = []

    def are_read() -> bool:
        read.extend(record.value for records in consumer.poll(500).values() for record in records)
        return len(read) == count

    until(are_read, f"{count} records of {topic}")
    consumer.commit()
    consumer.close()
    return read
