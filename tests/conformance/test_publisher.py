"""What every publisher promises. A new publisher is one entry in ``PLACES``."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from consumers.source import Broker, KafkaTopicReader
from interfocal.provisioning.apply import provision
from interfocal.provisioning.drift import Plan
from interfocal.stack import Stack
from producers.publisher import KafkaPublisher
from schemas.errors import BrokerAway, TopicStands
from schemas.record import Draft, Entry, Publisher, Record, TopicReader
from schemas.topics import MAX_DELIVERY_BYTES, MAX_MESSAGE_BYTES, planned_topics
from sealing import an_id
from twins import TwinLog, TwinPublisher, TwinReader

TOPIC, OTHER = "rs.seizure", "rs.trace"
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class PublisherPlace:
    """A broker with the topics of one member, empty at first."""

    open: Callable[[], Publisher]
    open_reader: Callable[[], TopicReader]


def twin_place(request: pytest.FixtureRequest) -> PublisherPlace:
    del request
    log = TwinLog([TOPIC, OTHER])
    return PublisherPlace(lambda: TwinPublisher(log), lambda: TwinReader(log))


def kafka_place(request: pytest.FixtureRequest) -> PublisherPlace:
    stack: Stack = request.getfixturevalue("stack")
    prefix: str = request.getfixturevalue("topic_prefix")
    wanted = [topic for topic in planned_topics(["rs"]) if topic.name in {TOPIC, OTHER}]
    provision(stack.bootstrap, Plan(wanted, prefix))
    return PublisherPlace(
        open=lambda: KafkaPublisher(stack.bootstrap, prefix, "test"),
        open_reader=lambda: KafkaTopicReader(Broker(stack.bootstrap, "test", prefix)),
    )


PLACES: Mapping[str, Callable[[pytest.FixtureRequest], PublisherPlace]] = {"twin": twin_place, "kafka": kafka_place}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> PublisherPlace:
    return PLACES[request.param](request)


@pytest.fixture
def publisher(place: PublisherPlace) -> Iterator[Publisher]:
    opened = place.open()
    yield opened
    opened.close()


def entry(number: int, **changes: Any) -> Entry:
    fields = {"topic": TOPIC, "event_id": an_id(str(number)), "key": an_id("key"), "value": b"\x00%d" % number}
    return Entry(number, Draft(**{**fields, **changes}), 1, number, b"seal %d" % number)


def on_topic(place: PublisherPlace, topic: str = TOPIC) -> list[Record]:
    reader = place.open_reader()
    try:
        bounds = reader.bounds([topic])[topic]
        return list(reader.read(topic, bounds.start, bounds.end))
    finally:
        reader.close()


def test_a_record_arrives_byte_for_byte(place: PublisherPlace, publisher: Publisher) -> None:
    sent = entry(1, value=bytes(range(256)) * 9, headers=(("ce_id", b"1"), ("any", b""), ("any", bytes(range(256)))))
    offset = publisher.send(sent).result(TIMEOUT_S)
    (record,) = on_topic(place)
    assert (record.topic, record.offset, record.key) == (TOPIC, offset, sent.draft.key.encode())
    assert (record.value, record.headers) == (sent.draft.value, sent.headers)


def test_an_entry_without_a_value_is_a_tombstone(place: PublisherPlace, publisher: Publisher) -> None:
    publisher.send(entry(1, value=b"")).result(TIMEOUT_S)
    (record,) = on_topic(place)
    assert (record.value, record.key) == (None, an_id("key").encode())


def test_a_record_without_a_key_has_none(place: PublisherPlace, publisher: Publisher) -> None:
    publisher.send(entry(1, key="")).result(TIMEOUT_S)
    (record,) = on_topic(place)
    assert record.key is None


def test_each_topic_keeps_the_order_of_sending(place: PublisherPlace, publisher: Publisher) -> None:
    sent = [entry(number, topic=OTHER if number % 3 == 0 else TOPIC) for number in range(1, 301)]
    deliveries = [publisher.send(one) for one in sent]
    offsets = [delivery.result(TIMEOUT_S) for delivery in deliveries]
    assert all(delivery.done() for delivery in deliveries)
    for topic in (TOPIC, OTHER):
        mine = [
            (offset, one.draft.value) for offset, one in zip(offsets, sent, strict=True) if one.draft.topic == topic
        ]
        assert [(record.offset, record.value) for record in on_topic(place, topic)] == mine


def test_after_a_flush_everything_is_answered(place: PublisherPlace, publisher: Publisher) -> None:
    deliveries = [publisher.send(entry(number)) for number in range(1, 51)]
    publisher.flush(TIMEOUT_S)
    assert all(delivery.done() for delivery in deliveries)
    assert len(on_topic(place)) == 50


def test_the_largest_delivery_passes(place: PublisherPlace, publisher: Publisher) -> None:
    publisher.send(entry(1, value=bytes(MAX_DELIVERY_BYTES))).result(TIMEOUT_S)
    assert len(on_topic(place)) == 1


def test_a_record_that_is_too_large_is_refused(place: PublisherPlace, publisher: Publisher) -> None:
    with pytest.raises(TopicStands) as caught:
        publisher.send(entry(1, value=bytes(MAX_MESSAGE_BYTES + 1)))
    assert caught.value.code == "record_refused"
    publisher.send(entry(2)).result(TIMEOUT_S)
    assert [record.value for record in on_topic(place)] == [entry(2).draft.value]


def test_a_closed_publisher_sends_nothing(place: PublisherPlace, publisher: Publisher) -> None:
    publisher.close()
    with pytest.raises(BrokerAway):
        publisher.send(entry(1))
    assert on_topic(place) == []


def test_closing_twice_is_closing_once(place: PublisherPlace, publisher: Publisher) -> None:
    publisher.send(entry(1)).result(TIMEOUT_S)
    publisher.close()
    publisher.close()
    assert len(on_topic(place)) == 1
