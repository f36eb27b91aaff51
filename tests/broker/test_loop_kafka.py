"""The loop on the real Kafka: instances share topics, come and go, are killed, and still every event counts once."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from consumers.kafka_client import Broker
from consumers.source import KafkaSource
from consumers.view.dump import dump_row, dump_view, lines
from consumers.view.handler import ViewHandler
from interfocal.stack import Stack
from looping import Bench, Killed, bench
from records import Station, a_missing, a_seizure
from schemas.events.ids import value_sha256
from schemas.record import Record
from schemas.steps import Step
from schemas.topics import planned_topics

TOPICS = ["al.missing", "al.seizure", "rs.missing", "rs.seizure"]
EACH = 40
WAITS = 600  # of a tenth of a second: far more than any group needs to settle


class Instance(threading.Thread):
    """One loop in a thread of its own; with ``kill_at`` it dies when it has passed the step so many times."""

    def __init__(self, at: Bench, broker: Broker, kill_at: tuple[Step, int] | None = None) -> None:
        super().__init__()
        self._kill_at = kill_at
        self._passed: list[Step] = []
        self.stop = threading.Event()
        self.killed = False
        self.failed: Exception | None = None
        self.loop = at.loop(self._reached, KafkaSource(broker, "view", TOPICS))

    def _reached(self, step: Step) -> None:
        self._passed.append(step)
        if self._kill_at is not None and self._passed.count(self._kill_at[0]) == self._kill_at[1]:
            raise Killed

    def run(self) -> None:
        try:
            self.loop.run(self.stop)
        except Killed:
            self.killed = True
        except Exception as error:  # noqa: BLE001  # told to the test
            self.failed = error
        finally:
            self.loop.close()


@pytest.fixture
def broker(stack: Stack, topic_prefix: str) -> Broker:
    configs = {topic.name: dict(topic.config) for topic in planned_topics(["rs", "al"])}
    admin = KafkaAdminClient(**stack.access.settings())
    admin.create_topics(
        {topic_prefix + t: {"num_partitions": 1, "replication_factor": 1, "configs": configs[t]} for t in TOPICS}
    )
    admin.close()
    return Broker(stack.access, "test", topic_prefix)


@pytest.fixture
def at(database: str) -> Iterator[Bench]:
    opened = bench(database, TOPICS, handler=ViewHandler(), limit=7)
    yield opened
    opened.close()


def publish(broker: Broker) -> list[str]:
    """Forty events on each topic, foreign bytes and a repeat in between; lines of the dump that they make."""
    producer = KafkaProducer(**broker.access.settings(), enable_idempotence=True)
    dumped: list[str] = []
    for topic in TOPICS:
        owner, _, stream = topic.partition(".")
        make = {"seizure": a_seizure, "missing": a_missing}[stream]
        station = Station(topic)
        for number in range(EACH):
            event = make(f"{topic}-{number}", owner.upper())
            record = station.record(event)
            send(producer, broker, record)
            if number % 10 == 0:
                send(producer, broker, record)
                send(producer, broker, Record(topic, 0, b"k", b"foreign %d" % number))
            dumped += lines(dump_row(event, value_sha256(record.value or b""), 1, number + 1))
    producer.flush(timeout=30)
    producer.close()
    return dumped


def send(producer: KafkaProducer, broker: Broker, record: Record) -> None:
    producer.send(broker.prefix + record.topic, value=record.value, key=record.key, headers=list(record.headers))


def wait_folded(at: Bench, *instances: Instance) -> None:
    for _ in range(WAITS):
        if at.positions() == dict.fromkeys(TOPICS, EACH + 8) or not any(one.is_alive() for one in instances):
            break
        threading.Event().wait(0.1)
    for one in instances:
        one.stop.set()
        one.join()
        assert one.failed is None
    assert at.positions() == dict.fromkeys(TOPICS, EACH + 8)


def check(at: Bench, expected: list[str]) -> None:
    with psycopg.connect(at.url) as connection:
        assert sorted(lines(dump_view(connection))) == sorted(expected)
    assert at.rows("select count(*) from event") == [(EACH * len(TOPICS),)]
    assert at.rows("select verdict, count(*) from quarantine group by 1") == [("foreign", 4 * len(TOPICS))]
    assert at.notes.of("gap") == []


def test_two_instances_fold_every_event_once(at: Bench, broker: Broker) -> None:
    expected = publish(broker)
    one, other = Instance(at, broker), Instance(at, broker)
    one.start()
    other.start()
    wait_folded(at, one, other)
    check(at, expected)
    assert one.loop.caught_up() or other.loop.caught_up()


@pytest.mark.parametrize("step", [Step.POLLED, Step.FOLDED, Step.POSITIONED, Step.COMMITTED])
def test_an_instance_takes_over_where_another_was_killed(at: Bench, broker: Broker, step: Step) -> None:
    expected = publish(broker)
    first = Instance(at, broker, kill_at=(step, 5))
    first.start()
    first.join()
    assert first.killed
    second = Instance(at, broker)
    second.start()
    wait_folded(at, second)
    check(at, expected)
