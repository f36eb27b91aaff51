"""How a Kafka consumer is made here: its settings, its connection, its end when it cannot start.

It changes with the client library, or when consumers connect in another way.
"""

import hashlib
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from threading import Event
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from consumers.kafka_batches import bound
from consumers.kafka_errors import translate
from schemas.errors import BrokerAway, Misconfigured
from schemas.record import PARTITION, TopicBounds

REQUEST_TIMEOUT_MS = 15_000
KNOCK_TIMEOUT_S = 3.0
NAME_HEX = 8
LEADER_LOOKS, LEADER_LOOK_S = 150, 0.1


@dataclass(frozen=True, slots=True)
class Broker:
    """How to reach the cluster. ``prefix`` stands before every topic's name; ``security`` are client settings.

    ``fetch_wait_ms`` is how long the broker holds a fetch that finds nothing: each answer costs a group's client about
    3 ms of CPU, so a process with many clients lets them wait longer. New records are answered at once all the same.
    """

    bootstrap: str
    client_id: str
    prefix: str = ""
    security: Mapping[str, Any] = field(default_factory=dict)
    fetch_wait_ms: int = 200

    def settings(self) -> dict[str, Any]:
        """Settings of every client: no deserialisers, nothing committed or created by itself, no silent skipping."""
        return {
            "bootstrap_servers": self.bootstrap,
            "client_id": self.client_id,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",  # never to the end: the loop sees where it is and judges
            "isolation_level": "read_committed",
            "allow_auto_create_topics": False,
            "check_crcs": True,
            "metadata_max_age_ms": 30_000,
            "request_timeout_ms": REQUEST_TIMEOUT_MS,
            "bootstrap_timeout_ms": REQUEST_TIMEOUT_MS,
            "reconnect_backoff_max_ms": 2_000,
            "metrics_enabled": False,
            **self.security,
        }

    def group_settings(self, group: str, topics: Iterable[str], instance: str | None = None) -> dict[str, Any]:
        """Settings of a client that shares topics with its group; one partition each calls for round-robin.

        With ``instance`` (a name that no other running member of the group has) a restarted process gets its topics
        back at once; without, what a killed one had is shared out after the session's time. The broker gives the former
        topics back without looking at what is asked for now, so whoever asks for others joins under another name.
        """
        asked = hashlib.sha256(" ".join(sorted(topics)).encode()).hexdigest()[:NAME_HEX]
        return {
            **self.settings(),
            "group_id": self.prefix + group,
            "partition_assignment_strategy": [RoundRobinPartitionAssignor],
            "group_instance_id": f"{instance}.{asked}" if instance else None,
            "session_timeout_ms": 10_000,
            "fetch_max_wait_ms": self.fetch_wait_ms,
            **self.security,
        }

    def partition(self, topic: str) -> TopicPartition:
        """The one partition of a topic, as the cluster names it."""
        return TopicPartition(self.prefix + topic, PARTITION)

    def logical(self, partition: TopicPartition) -> str:
        """The topic's own name."""
        return partition.topic.removeprefix(self.prefix)


def connect(settings: Mapping[str, Any]) -> KafkaConsumer:
    """A client that opens batches within bounds.

    Raises BrokerAway, or Misconfigured when checksums would be made in plain Python (7 times slower).
    """
    if find_spec("crc32c") is None:
        raise Misconfigured("the package crc32c is missing; install kafka-python with its extra: kafka-python[crc32c]")
    knock(settings["bootstrap_servers"])
    try:
        with closed_unless_made() as begin:
            client = KafkaConsumer(**settings, kafka_client=begin)
    except (KafkaError, OSError) as error:
        raise translate(error, "connecting") from error
    bound(client)
    return client


@contextmanager
def closed_unless_made() -> Iterator[Callable[..., KafkaNetClient]]:
    """What begins the library's inner client: when a constructor raises, it leaves thread and sockets behind."""
    begun: list[KafkaNetClient] = []

    def begin(**configs: Any) -> KafkaNetClient:
        begun.append(KafkaNetClient(**configs))
        return begun[-1]

    try:
        yield begin
    except BaseException:
        for client in begun:
            client.close()
        raise


def knock(bootstrap: str) -> None:
    """Raise BrokerAway at once when nobody listens: a client that starts too early backs off for seconds."""
    for place in bootstrap.split(","):
        host, _, port = place.strip().rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_TIMEOUT_S).close()
        except ValueError:
            raise Misconfigured(f"{place!r} is no address of a broker; give host:port, with commas between") from None
        except OSError:
            continue
        return
    raise BrokerAway(f"Kafka: nobody listens at {bootstrap}; trying again")


def finish_join(client: KafkaConsumer) -> None:
    """Have the client go on with a join that it forgot; call it after every poll.

    Where metadata change after the first join (a topic that was not known yet), it begins another, stops fetching and
    its heartbeat, and then forgets to look at the answer if a poll ended before that: it would be silent for ever.
    """
    coordinator = client._coordinator  # noqa: SLF001  # nothing public tells or helps; the client's version is pinned
    if coordinator.rejoining and not coordinator.need_rejoin():
        coordinator.request_rejoin()


def is_replaced(client: KafkaConsumer) -> bool:
    """Whether another process has taken this one's name in the group; ask after every poll.

    All that the client does then is to stop its heartbeat: it goes on reading topics that it does not have any more,
    and polls without a pause.
    """
    coordinator = client._coordinator  # noqa: SLF001  # as above
    with coordinator._lock:  # noqa: SLF001  # under which a join ends and lets the heart beat again, at once
        return coordinator.stable() and not coordinator.rejoining and not coordinator._heartbeat_enabled  # noqa: SLF001


def read_bounds(client: KafkaConsumer, broker: Broker, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
    """First and next offsets; raises BrokerAway (also for a topic that does not exist)."""
    partitions = [broker.partition(topic) for topic in topics]
    try:
        starts = _asked(client.beginning_offsets, partitions)
        ends = _asked(client.end_offsets, partitions)
    except (KafkaError, OSError) as error:
        raise translate(error, f"asking for the bounds of {len(topics)} topics") from error
    return {broker.logical(p): TopicBounds(starts[p], ends[p]) for p in partitions}


def _asked(ask: Callable[..., Mapping[Any, int]], partitions: Sequence[TopicPartition]) -> Mapping[Any, int]:
    """The answer for every partition; raises BrokerAway when the leader of one does not become known.

    A client that knows the leaders of some only asks those, then fails to find the others in the answer.
    """
    for _ in range(LEADER_LOOKS):
        try:
            return ask(partitions, timeout_ms=REQUEST_TIMEOUT_MS)
        except KeyError:
            Event().wait(LEADER_LOOK_S)
    raise BrokerAway(f"Kafka: of {len(partitions)} topics the leader of one is not known; trying again")
