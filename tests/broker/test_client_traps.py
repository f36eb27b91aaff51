"""What clients and servers would do by themselves, and are not let do."""

from typing import Any

import psycopg
import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaConfigurationError
from kafka.net.compat import KafkaNetClient

from consumers import kafka_client
from consumers.kafka_client import Broker, connect
from consumers.store import buckets
from interfocal.stack import Stack
from producers.publisher import producer_settings
from schemas.errors import Misconfigured


@pytest.mark.parametrize("contradiction", [{"acks": 1}, {"retries": 0}, {"max_in_flight_requests_per_connection": 6}])
def test_a_setting_that_contradicts_idempotence_fails_and_does_not_end_it(
    stack: Stack, contradiction: dict[str, object]
) -> None:
    begun: list[KafkaNetClient] = []

    def begin(**settings: Any) -> KafkaNetClient:
        begun.append(KafkaNetClient(**settings))
        return begun[-1]

    settings = {**producer_settings(stack.bootstrap, "test"), **contradiction}
    try:
        with pytest.raises(KafkaConfigurationError):
            KafkaProducer(**settings, kafka_client=begin)
    finally:
        for client in begun:
            client.close()


def test_no_consumer_starts_without_fast_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_client, "find_spec", lambda _name: None)
    with pytest.raises(Misconfigured, match="crc32c"):
        connect(Broker("127.0.0.1:1", "test").settings())


def test_any_number_of_keys_needs_no_more_locks_than_the_server_has(database: str) -> None:
    with psycopg.connect(database) as connection:
        buckets.lock(connection, (f"key {number}" for number in range(50_000)))
        held = connection.execute("select count(*) from pg_locks where locktype = 'advisory'").fetchone()
    assert held == (buckets.BUCKETS,)
