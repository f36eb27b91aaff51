"""The way into Kafka: the only producer client. It changes with kafka-python, or with how we connect.

What is in flight is bounded by the relay: the library queues without end. A client belongs to the process that made
it; after a fork its sends would never be answered.
"""

import importlib.util
import os
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient
from kafka.producer.future import FutureRecordMetadata

from producers.kafka_answers import translate
from schemas.access import Access
from schemas.errors import BrokerAway, Misconfigured, Stop
from schemas.record import PARTITION, Entry
from schemas.topics import MAX_MESSAGE_BYTES

CONNECT_TIMEOUT_S = 10
BLOCK_TIMEOUT_S = 5
PROBE_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 2.0
WARMED_AT_ONCE = 32
DELIVERY_TIMEOUT_S = 120
"""Longer than any relay waits: a batch that the library gives up on alone could let a later one overtake it."""


def producer_settings(access: Access, client_id: str) -> dict[str, Any]:
    """Settings of the client, those that matter said even where they are the default."""
    return {
        "client_id": client_id,
        "acks": "all",
        "enable_idempotence": True,  # said, so that a setting that contradicts it fails instead of switching it off
        "compression_type": None,
        "key_serializer": None,
        "value_serializer": None,
        "allow_auto_create_topics": False,
        "linger_ms": 0,
        "max_request_size": MAX_MESSAGE_BYTES,
        "bootstrap_timeout_ms": CONNECT_TIMEOUT_S * 1000,
        "max_block_ms": BLOCK_TIMEOUT_S * 1000,
        "delivery_timeout_ms": DELIVERY_TIMEOUT_S * 1000,
        "reconnect_backoff_max_ms": 1_000,
        **access.settings(),
    }


def require_crc32c(find: Callable[[str], object | None] = importlib.util.find_spec) -> None:
    """Raise Misconfigured without the package crc32c: checksums in plain Python make everything 3 to 7 times slower."""
    if find("crc32c") is None:
        raise Misconfigured("the package crc32c is missing; install kafka-python[crc32c]")


def require_listener(bootstrap: str) -> None:
    """Raise BrokerAway when nobody listens at any of the addresses (``host:port``, separated by commas).

    A client that finds nobody waits seconds before it looks again, and leaves its descriptors to the garbage
    collector when it gives up: a member that is offline for days would make thousands of them.
    """
    failure: OSError | None = None
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_TIMEOUT_S).close()
        except OSError as error:
            failure = error
        except ValueError as error:
            raise Misconfigured(f"{address!r} is no address of a broker; write host:port") from error
        else:
            return
    raise BrokerAway(f"nobody listens at {bootstrap}: {failure}", parameters={"bootstrap": bootstrap})


@dataclass(frozen=True, slots=True)
class KafkaDelivery:
    """Implements ``schemas.record.Delivery``."""

    future: FutureRecordMetadata
    topic: str
    event_id: str

    def done(self) -> bool:
        """Whether the broker has answered."""
        return self.future.is_done

    def result(self, timeout_s: float) -> int:
        """The acknowledged offset; raises BrokerAway, or Stop when the broker refuses the record for good."""
        parameters = {"topic": self.topic, "event_id": self.event_id}
        try:
            offset = self.future.get(timeout=timeout_s).offset
        except KafkaError as error:
            raise translate(error, parameters) from error
        if offset < 0:
            # The broker knows a repeated batch no more by its offset: it is on the topic, comparing finds where.
            raise BrokerAway("Kafka acknowledged a record without its offset", parameters=parameters)
        return offset


class KafkaPublisher:
    """Implements ``schemas.record.Publisher``; ``prefix`` stands before every topic's name in this cluster."""

    def __init__(self, access: Access, prefix: str = "", client_id: str = "interfocal") -> None:
        """Connect; raises BrokerAway when no broker answers, Misconfigured when client and broker do not fit."""
        require_crc32c()
        require_listener(access.bootstrap)
        self._prefix = prefix
        self._process = os.getpid()
        settings = producer_settings(access, client_id)
        begun: list[KafkaNetClient] = []
        make = settings.get("kafka_client", KafkaNetClient)

        def begin(**configs: Any) -> KafkaNetClient:
            begun.append(make(**configs))
            return begun[-1]

        try:
            self._producer = KafkaProducer(**{**settings, "kafka_client": begin})
        except (KafkaError, OSError) as error:
            for client in begun:  # the library leaves its sockets behind when its constructor raises
                client.close()
            raise translate(error, {"bootstrap": access.bootstrap, "principal": access.principal}) from error

    def warm(self, topics: Iterable[str]) -> None:
        """Fetch what the client must know of its topics, which the first send would wait for; raises BrokerAway.

        All at once: the client asks ten times a second at most, and each time for all that is wanted by then.
        """
        with ThreadPoolExecutor(WARMED_AT_ONCE) as asking:
            for _ in asking.map(self._warm_one, topics):
                pass

    def _warm_one(self, topic: str) -> None:
        try:
            self._producer.partitions_for(self._prefix + topic)
        except KafkaError as error:
            raise translate(error, {"topic": topic}) from error

    def send(self, entry: Entry) -> KafkaDelivery:
        """Hand one entry over; raises BrokerAway, or Stop when the record can never be taken."""
        if os.getpid() != self._process:
            raise Stop("this Kafka client was made before a fork and never answers here; start processes by spawn")
        draft = entry.draft
        try:
            future = self._producer.send(
                self._prefix + draft.topic,
                value=draft.value or None,
                key=draft.key.encode() or None,
                headers=list(entry.headers),
                partition=PARTITION,
            )
        except KafkaError as error:
            raise translate(error, {"topic": draft.topic, "event_id": draft.event_id}) from error
        return KafkaDelivery(future, draft.topic, draft.event_id)

    def flush(self, timeout_s: float) -> None:
        """Wait until everything handed over is answered; raises BrokerAway."""
        try:
            self._producer.flush(timeout=timeout_s)
        except KafkaError as error:
            raise translate(error, {"waiting_s": str(timeout_s)}) from error

    def close(self) -> None:
        """Let go of the connection; what is unanswered fails, and stays in its outbox."""
        # close() alone first flushes; when that takes too long it raises and leaves the sending thread at work for
        # ever. Its thread is therefore told to give up before.
        self._producer._sender.force_close()  # noqa: SLF001 - the library has no public way to give up
        with suppress(KafkaTimeoutError):
            self._producer.close(timeout=CLOSE_TIMEOUT_S)
