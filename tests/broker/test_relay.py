import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from consumers.source import Broker, KafkaTopicReader
from frozen import frozen
from interfocal.provisioning.apply import provision
from interfocal.provisioning.drift import Plan
from interfocal.stack import Stack
from outboxes import accept, opened
from producers.outbox import OutboxFile, Revision
from producers.publisher import KafkaPublisher
from producers.relay import Relay, RelayEdges, RelayLimits
from running import until
from schemas.errors import BrokerAway, TopicAhead
from schemas.record import Draft, Publisher, Record
from schemas.topics import MAX_MESSAGE_BYTES, member_topic, planned_topics
from schemas.trust.chain import verify_records
from schemas.trust.gaps import chain_gaps
from schemas.trust.sealer import sealer
from sealing import AUD, SEALED_AT, a_key, an_id, expecting, held

TOPIC, OTHER = member_topic("rs", "seizure"), member_topic("rs", "missing")


@dataclass(frozen=True)
class Place:
    """A member's topics on the real broker, and the file of its outbox."""

    stack: Stack
    prefix: str
    path: Path
    hours: list[int] = field(default_factory=lambda: [0])

    def now(self) -> datetime:
        return SEALED_AT + timedelta(hours=self.hours[0])

    def outbox(self) -> OutboxFile:
        return opened(self.path, bound_rows=10_000)

    def publisher(self, topics: Sequence[str]) -> Publisher:
        publisher = KafkaPublisher(self.stack.access, self.prefix, "rs.producer")
        publisher.warm(topics)
        return publisher

    def reader(self) -> KafkaTopicReader:
        return KafkaTopicReader(Broker(self.stack.access, "rs.producer", self.prefix))

    def relay(self, outbox: OutboxFile, limits: RelayLimits | None = None) -> Relay:
        edges = RelayEdges(
            outbox=outbox,
            open_publisher=self.publisher,
            open_reader=self.reader,
            sealer=sealer(held(a_key()), AUD, lambda: SEALED_AT),
            expected=expecting(a_key()),
            topics=(TOPIC, OTHER),
            check_in_force=lambda: None,
            now=self.now,
        )
        return Relay(edges, limits)

    def records(self, topic: str = TOPIC) -> list[Record]:
        reader = self.reader()
        bounds = reader.bounds([topic])[topic]
        read = list(reader.read(topic, bounds.start, bounds.end))
        reader.close()
        return read

    def there(self) -> Collection[str]:
        """Which of the two topics the broker has."""
        with closing(self.reader()) as reader:
            return reader.partitions([TOPIC, OTHER]).keys()

    @contextmanager
    def admin(self) -> Iterator[KafkaAdminClient]:
        client = KafkaAdminClient(**self.stack.access.settings())
        yield client
        client.close()

    def limit(self, size: int) -> None:
        """Lower or raise what the topic takes."""
        resource = ConfigResource(ConfigResourceType.TOPIC, self.prefix + TOPIC, {"max.message.bytes": str(size)})
        with self.admin() as admin:
            admin.alter_configs([resource])


@pytest.fixture
def place(stack: Stack, topic_prefix: str, tmp_path: Path) -> Place:
    provision(stack.access, Plan(planned_topics(["rs"]), topic_prefix))
    return Place(stack, topic_prefix, tmp_path / "rs" / "outbox.sqlite")


def numbered(count: int, first: int = 0) -> list[str]:
    return [str(number) for number in range(first, first + count)]


def test_a_relay_empties_an_outbox_into_kafka_in_order(place: Place) -> None:
    outbox = place.outbox()
    accept(outbox, numbered(700))
    stop = threading.Event()
    relay = place.relay(outbox)
    thread = threading.Thread(target=relay.run, args=[stop])
    thread.start()
    accept(outbox, numbered(300, first=700))
    relay.wake()
    last = [row.draft.event_id for row in outbox.reading.all_rows()][-1]
    assert outbox.wait_published(last, 120.0) is not None
    stop.set()
    thread.join()
    assert relay.drain(60.0)
    records = place.records()
    assert [record.value for record in records] == [name.encode() for name in numbered(1_000)]
    seals = [verdict.seal for verdict in verify_records(records, expecting(a_key())) if verdict.seal is not None]
    assert [seal.claims.seq for seal in seals] == list(range(1, 1_001))
    offsets = [row.published_offset for row in outbox.reading.all_rows()]
    assert offsets == [record.offset for record in records]
    outbox.close()


def test_a_broker_that_stops_answering_costs_nothing_but_time(place: Place) -> None:
    outbox = place.outbox()
    relay = place.relay(outbox, RelayLimits(rows=50, acknowledge_s=1.0))
    accept(outbox, numbered(10))
    until(lambda: sent_all(relay, outbox), "the first rows to be published")
    accept(outbox, numbered(200, first=10))
    with frozen(place.stack.bootstrap), pytest.raises(BrokerAway):
        relay.run_once()
    assert outbox.backlog().rows == 200
    until(lambda: relay.drain(30.0), "a broker that has just woken to take the rest")
    records = place.records()
    assert list(dict.fromkeys(record.value for record in records)) == [name.encode() for name in numbered(210)]
    seals = [verdict.seal for verdict in verify_records(records, expecting(a_key())) if verdict.seal is not None]
    assert len(seals) == len(records)
    assert not chain_gaps(seals)
    outbox.close()


def sent_all(relay: Relay, outbox: OutboxFile) -> bool:
    """Whether nothing is left; the connection stays open."""
    with suppress(BrokerAway):
        while relay.run_once():
            pass
    return outbox.backlog().rows == 0


def accept_beside(outbox: OutboxFile, names: Sequence[str], big: str) -> None:
    """Each name on both topics; the value of one of the first is large."""
    with outbox.accept() as acceptance:
        for name in names:
            value = name.encode() + bytes(50_000 if name == big else 2_000)
            for topic, of in ((TOPIC, name), (OTHER, f"other {name}")):
                own = value if topic == TOPIC else name.encode()
                found = Revision("seizure", an_id(f"r{of}"), 1, "d", None, an_id(of), SEALED_AT)
                acceptance.add(found, Draft(topic, an_id(of), an_id("key"), own))


@pytest.mark.parametrize("big", ["0", "150"])
def test_a_topic_that_takes_no_large_records_stands_and_loses_and_reorders_nothing(place: Place, big: str) -> None:
    """The client gives up on all that is on its way at the first refusal, of any topic."""
    names = numbered(300)
    outbox = place.outbox()
    place.limit(40_000)
    accept_beside(outbox, names, big)
    relay = place.relay(outbox)
    for _ in range(8):
        relay.run_once()
    assert [record.value for record in place.records(OTHER)] == [name.encode() for name in names]
    before = names[: names.index(big)]
    assert [(record.value or b"").rstrip(b"\0").decode() for record in place.records()] == before
    place.limit(MAX_MESSAGE_BYTES)
    place.hours[0] += 1
    assert relay.drain(60.0)
    assert [(record.value or b"").rstrip(b"\0").decode() for record in place.records()] == names
    outbox.close()


def test_a_topic_that_is_not_there_stands_until_it_is_made(place: Place) -> None:
    outbox = place.outbox()
    with place.admin() as admin:
        admin.delete_topics([place.prefix + TOPIC])
    until(lambda: TOPIC not in place.there(), "the topic to be gone")
    accept_beside(outbox, ["1", "2"], "")
    relay = place.relay(outbox)
    relay.run_once()
    assert outbox.backlog().rows == 2
    provision(place.stack.access, Plan(planned_topics(["rs"]), place.prefix))
    place.hours[0] += 1
    assert relay.drain(60.0)
    assert (len(place.records()), len(place.records(OTHER))) == (2, 2)
    outbox.close()


def test_a_new_outbox_on_a_used_topic_does_not_send(place: Place) -> None:
    outbox = place.outbox()
    accept(outbox, numbered(3))
    assert place.relay(outbox).drain(60.0)
    outbox.close()
    place.path.rename(place.path.with_name("lost.sqlite"))
    for part in place.path.parent.glob("outbox.sqlite-*"):
        part.unlink()
    fresh = place.outbox()
    accept(fresh, ["other"])
    with pytest.raises(TopicAhead):
        place.relay(fresh).run_once()
    assert len(place.records()) == 3
    fresh.close()


def test_foreign_bytes_on_the_topic_do_not_stop_it(place: Place) -> None:
    outbox = place.outbox()
    accept(outbox, numbered(3))
    assert place.relay(outbox).drain(60.0)
    stranger = KafkaProducer(**place.stack.access.settings())
    for number in range(600):
        stranger.send(place.prefix + TOPIC, key=b"k", value=b"noise %d" % number, headers=[("seal", b"x")])
    stranger.flush(timeout=60)
    stranger.close()
    accept(outbox, numbered(2, first=3))
    assert place.relay(outbox).drain(60.0)
    sealed = [verdict.record for verdict in verify_records(place.records(), expecting(a_key())) if verdict.seal]
    assert [record.value for record in sealed] == [name.encode() for name in numbered(5)]
    outbox.close()
