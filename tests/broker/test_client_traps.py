"""What clients and servers would do by themselves, and are not let do."""

from typing import Any

import psycopg
import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaConfigurationError
from kafka.net.compat import KafkaNetClient

from consumers import kafka_client
from consumers.kafka_client import Broker, connect
from consumers.source import KafkaTopicReader
from consumers.store import buckets
from interfocal.provisioning.apply import provision
from interfocal.provisioning.drift import Plan
from interfocal.stack import Stack
from producers.publisher import producer_settings
from schemas.access import Access
from schemas.errors import Misconfigured
from schemas.record import TopicBounds
from schemas.topics import Topic


@pytest.mark.parametrize("contradiction", [{"acks": 1}, {"retries": 0}, {"max_in_flight_requests_per_connection": 6}])
def test_a_setting_that_contradicts_idempotence_fails_and_does_not_end_it(
    stack: Stack, contradiction: dict[str, object]
) -> None:
    begun: list[KafkaNetClient] = []
    settings = {**producer_settings(stack.access, "test"), **contradiction}
    make = settings["kafka_client"]

    def begin(**configs: Any) -> KafkaNetClient:
        begun.append(make(**configs))
        return begun[-1]

    try:
        with pytest.raises(KafkaConfigurationError):
            KafkaProducer(**{**settings, "kafka_client": begin})
    finally:
        for client in begun:
            client.close()


def test_no_consumer_starts_without_fast_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_client, "find_spec", lambda _name: None)
    with pytest.raises(Misconfigured, match="crc32c"):
        connect(Broker(Access("127.0.0.1:1"), "test").settings())


def test_bounds_are_told_of_topics_that_the_client_knows_and_of_those_that_it_does_not(
    stack: Stack, topic_prefix: str
) -> None:
    topics = [Topic(f"{member}.seizure", member, ()) for member in ("aa", "bb", "cc")]
    provision(stack.access, Plan(topics, topic_prefix))
    reader = KafkaTopicReader(Broker(stack.access, "test", topic_prefix))
    try:
        for known in range(1, len(topics) + 1):
            names = [topic.name for topic in topics[:known]]
            assert reader.bounds(names) == dict.fromkeys(names, TopicBounds(0, 0))
    finally:
        reader.close()


def test_any_number_of_keys_needs_no_more_locks_than_the_server_has(database: str) -> None:
    with psycopg.connect(database) as connection:
        buckets.lock(connection, (f"key {number}" for number in range(50_000)))
        held = connection.execute("select count(*) from pg_locks where locktype = 'advisory'").fetchone()
    assert held == (buckets.BUCKETS,)
