import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from consumers.source import Broker, KafkaTopicReader
from frozen import frozen
from interfocal.provisioning.apply import provision
from interfocal.provisioning.drift import Plan
from interfocal.stack import Stack
from producers import publisher
from producers.publisher import KafkaPublisher, require_listener
from schemas.access import Access
from schemas.errors import BrokerAway, Misconfigured
from schemas.record import Draft, Entry
from schemas.topics import planned_topics
from sealing import an_id

TOPIC = "rs.seizure"


def entry(number: int) -> Entry:
    return Entry(number, Draft(TOPIC, an_id(str(number)), "", b"%d" % number), 1, number, b"seal")


@pytest.fixture
def prefix(stack: Stack, topic_prefix: str) -> str:
    provision(stack.access, Plan([topic for topic in planned_topics(["rs"]) if topic.name == TOPIC], topic_prefix))
    return topic_prefix


@pytest.fixture
def no_listener() -> Iterator[str]:
    """An address that is taken, so that nobody else listens there either."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_a_broker_that_is_not_there_is_away(no_listener: str) -> None:
    with pytest.raises(BrokerAway, match=no_listener):
        KafkaPublisher(Access(no_listener))
    with pytest.raises(Misconfigured, match="host:port"):
        KafkaPublisher(Access("nowhere"))


def test_one_of_several_brokers_is_enough_to_go_on(stack: Stack, no_listener: str) -> None:
    require_listener(f"{no_listener}, {stack.bootstrap}")
    with pytest.raises(BrokerAway):
        require_listener(f"{no_listener}, {no_listener}")


def test_a_topic_that_is_not_there_is_away(stack: Stack, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(KafkaPublisher(stack.access, prefix)) as patient:
        patient.warm([TOPIC])
    monkeypatch.setattr(publisher, "BLOCK_TIMEOUT_S", 1)
    with closing(KafkaPublisher(stack.access, prefix)) as opened, pytest.raises(BrokerAway, match=r"rs\.nothing"):
        opened.warm(["rs.nothing"])


def test_closing_gives_up_what_is_unanswered_and_leaves_no_thread_behind(stack: Stack, prefix: str) -> None:
    before = set(threading.enumerate())
    opened = KafkaPublisher(stack.access, prefix)
    opened.send(entry(1)).result(30.0)
    with frozen(stack.bootstrap):
        deliveries = [opened.send(entry(number)) for number in range(2, 200)]
        with pytest.raises(BrokerAway):
            opened.flush(0.1)
        with pytest.raises(BrokerAway):
            deliveries[0].result(0.1)
        opened.close()
        for delivery in deliveries:
            with pytest.raises(BrokerAway):
                delivery.result(10.0)
    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(10.0)
    assert not [thread for thread in left if thread.is_alive()]


def test_what_was_given_up_never_overtakes(stack: Stack, prefix: str) -> None:
    opened = KafkaPublisher(stack.access, prefix)
    opened.send(entry(1)).result(30.0)
    with frozen(stack.bootstrap):
        for number in range(2, 200):
            opened.send(entry(number))
        opened.close()
    again = KafkaPublisher(stack.access, prefix)
    last = [again.send(entry(number)) for number in range(2, 200)][-1]
    last.result(30.0)
    again.close()
    reader = KafkaTopicReader(Broker(stack.access, "test", prefix))
    bounds = reader.bounds([TOPIC])[TOPIC]
    values = [record.value for record in reader.read(TOPIC, bounds.start, bounds.end)]
    reader.close()
    assert list(dict.fromkeys(values)) == [b"%d" % number for number in range(1, 200)]
