"""Topics may be given away between any two calls of the client: a source takes that as nothing to do."""

from collections.abc import Callable
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import IllegalStateError, KafkaTimeoutError

from consumers import source as module
from consumers.source import Broker, KafkaSource
from schemas.access import Access
from schemas.errors import BrokerAway
from schemas.record import Position

TOPIC = "rs.seizure"
HAD = TopicPartition(TOPIC, 0)


class Rebalancing:
    """A client that gives its topic away right after it said that it has it."""

    def subscribe(self, topics: object, listener: object) -> None:
        del topics, listener

    def assignment(self) -> set[TopicPartition]:
        return {HAD}

    def paused(self) -> set[TopicPartition]:
        return set()

    def poll(self, **_: object) -> dict[TopicPartition, list[Any]]:
        raise KafkaTimeoutError

    def seek(self, *_: object) -> None:
        raise ValueError("Unassigned partition")

    def pause(self, partition: TopicPartition) -> None:
        raise KeyError(partition)

    resume = pause

    def position(self, *_: object, **__: object) -> int:
        raise IllegalStateError("Partition is not assigned")

    def commit_async(self, *_: object, **__: object) -> None:
        raise IllegalStateError

    def close(self, **_: object) -> None:
        raise KafkaTimeoutError


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> KafkaSource:
    monkeypatch.setattr(module, "connect", lambda _: Rebalancing())
    opened = KafkaSource(Broker(Access("127.0.0.1:1"), "test"), "group", [TOPIC])
    opened._connected()  # noqa: SLF001  # as the first poll does
    return opened


@pytest.mark.parametrize(
    "call",
    [
        lambda source: source.seek(Position(TOPIC, 3)),
        lambda source: source.pause(TOPIC),
        lambda source: source.resume(TOPIC),
        lambda source: source.commit([Position(TOPIC, 3)]),
        lambda source: source.close(),
    ],
)
def test_a_topic_given_away_just_now_ends_no_loop(source: KafkaSource, call: Callable[[KafkaSource], None]) -> None:
    call(source)


def test_a_poll_that_fails_while_topics_move_is_tried_again(source: KafkaSource) -> None:
    with pytest.raises(BrokerAway):
        source.poll(0.1, 10)
