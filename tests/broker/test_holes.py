"""What a real Kafka no longer holds: deleted records, a deleted segment, compaction; alarm, stop, or nothing at all."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from consumers.kafka_client import Broker
from consumers.source import KafkaSource, KafkaTopicReader
from consumers.store import missing_offsets
from consumers.store.missing_offsets import MissingOffsets
from interfocal.stack import Stack, create_database, down, up
from looping import Bench, bench
from records import Station, a_seizure
from running import until
from schemas.errors import PositionLost
from schemas.record import Record
from schemas.topics import planned_topics

SEIZURES = "rs.seizure"
CONFIG = next(topic.config for topic in planned_topics(["rs"]) if topic.name == SEIZURES)
COMPACTED_S = 180.0  # the broker's cleaner looks every 15 s
ROLLED = {"segment.ms": "200"}
COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "100",
}


def a_topic(stack: Stack, prefix: str, **changes: str) -> Broker:
    """The topic with its planned settings, but for some."""
    wanted = {"num_partitions": 1, "replication_factor": 1, "configs": {**CONFIG, **changes}}
    with closing(KafkaAdminClient(**stack.access.settings())) as admin:
        admin.create_topics({prefix + SEIZURES: wanted})
    return Broker(stack.access, "test", prefix)


def publish(broker: Broker, station: Station, *events: tuple[str, int]) -> list[str]:
    """Seal seizures (name, revision) and put them onto the topic; their event ids."""
    made = [a_seizure(name, revision=revision) for name, revision in events]
    # In one batch, and so in one segment: that is what lingering is for.
    with closing(KafkaProducer(**broker.access.settings(), enable_idempotence=True, linger_ms=60_000)) as producer:
        for event in made:
            record: Record = station.record(event)
            headers = list(record.headers)
            producer.send(broker.prefix + SEIZURES, value=record.value, key=record.key, headers=headers)
        producer.flush(timeout=60)
    return [event.event_id for event in made]


def delete_before(broker: Broker, offset: int) -> None:
    """Kafka forgets the records before an offset."""
    with closing(KafkaAdminClient(**broker.access.settings())) as admin:
        admin.delete_records({broker.partition(SEIZURES): offset})


def several(count: int) -> Sequence[tuple[str, int]]:
    return [(f"case-{number}", 1) for number in range(count)]


def fold(at: Bench, broker: Broker, enough: Callable[[], bool]) -> None:
    """Run one instance until this much is done."""
    loop = at.loop(source=KafkaSource(broker, "view", [SEIZURES]))
    try:
        at.turn(loop, enough)
    finally:
        loop.close()


@pytest.fixture
def at(database: str) -> Iterator[Bench]:
    opened = bench(database, [SEIZURES])
    yield opened
    opened.close()


def test_records_deleted_past_the_position_stop_the_loop_which_names_the_topic(
    at: Bench, stack: Stack, topic_prefix: str
) -> None:
    broker = a_topic(stack, topic_prefix)
    station = Station(SEIZURES)
    before = publish(broker, station, *several(3))
    fold(at, broker, lambda: at.positions() == {SEIZURES: 3})
    publish(broker, station, ("later", 1), ("latest", 1))
    delete_before(broker, 4)
    with pytest.raises(PositionLost, match=r"rs\.seizure is folded to 3, but its log holds 4 to 5"):
        fold(at, broker, lambda: False)
    assert at.effects() == before
    assert at.positions() == {SEIZURES: 3}


def test_a_loop_goes_on_where_a_person_has_acknowledged_that_the_beginning_is_gone(
    at: Bench, stack: Stack, topic_prefix: str
) -> None:
    broker = a_topic(stack, topic_prefix)
    events = publish(broker, Station(SEIZURES), *several(6))
    delete_before(broker, 4)
    acknowledge(at, 0, 2)  # not all of it
    with pytest.raises(PositionLost):
        fold(at, broker, lambda: False)
    acknowledge(at, 0, 3)
    fold(at, broker, lambda: at.positions() == {SEIZURES: 6})
    assert at.effects() == events[4:]
    assert at.notes.of("gap") == [(SEIZURES, 0, 3)]


def acknowledge(at: Bench, first: int, last: int) -> None:
    with psycopg.connect(at.url) as connection:
        missing_offsets.acknowledge(connection, MissingOffsets(SEIZURES, first, last), "officer-1", "a restore")


def test_a_topic_that_lost_its_beginning_is_not_folded_as_if_it_were_whole(
    at: Bench, stack: Stack, topic_prefix: str
) -> None:
    broker = a_topic(stack, topic_prefix)
    publish(broker, Station(SEIZURES), *several(4))
    delete_before(broker, 2)
    with pytest.raises(PositionLost, match="log holds 2 to 4"):
        fold(at, broker, lambda: False)
    assert at.effects() == []


def test_a_topic_with_retention_goes_on_at_its_start_and_the_loss_is_named(
    at: Bench, stack: Stack, topic_prefix: str
) -> None:
    at.short_lived = frozenset({SEIZURES})
    broker = a_topic(stack, topic_prefix)
    events = publish(broker, Station(SEIZURES), *several(5))
    delete_before(broker, 3)
    fold(at, broker, lambda: at.positions() == {SEIZURES: 5})
    assert at.effects() == events[3:]
    assert at.notes.of("loss") == [(SEIZURES, 0, 2)]
    assert at.notes.of("gap") == []


def test_what_compaction_took_is_no_alarm(at: Bench, stack: Stack, topic_prefix: str) -> None:
    at.compacted = frozenset({SEIZURES})
    broker = a_topic(stack, topic_prefix, **COMPACTED)
    station = Station(SEIZURES)
    kept = publish(broker, station, ("kept", 1))
    for revision in (1, 2, 3):
        last = publish(broker, station, ("case", revision))
        threading.Event().wait(0.3)  # a record that comes later begins a new segment; the last is never compacted
    last += publish(broker, station, ("other", 1))
    until(lambda: offsets(broker) == [0, 3, 4], "the two earlier revisions to be compacted away", COMPACTED_S)
    fold(at, broker, lambda: at.positions() == {SEIZURES: 5})
    assert at.effects() == [*kept, *last]
    assert at.positions() == {SEIZURES: 5}
    assert at.notes.of("gap") == at.notes.of("loss") == []


def offsets(broker: Broker) -> list[int]:
    """What the topic holds now."""
    with closing(KafkaTopicReader(broker)) as reader:
        end = reader.bounds([SEIZURES])[SEIZURES].end
        return [record.offset for record in reader.read(SEIZURES, 0, end)]


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    """A stack of its own, whose broker may be stopped, and whose files may be deleted."""
    yield tmp_path / "var"
    down(tmp_path / "var", wipe=True)


def test_a_deleted_segment_is_an_alarm_that_names_its_offsets_and_stops_nobody(var: Path) -> None:
    stack = up(var)
    broker = a_topic(stack, "g.", **ROLLED)
    station = Station(SEIZURES)
    events: list[str] = []
    for number in range(3):
        events += publish(broker, station, *[(f"case-{number}-{place}", 1) for place in range(3)])
        threading.Event().wait(0.4)
    events += publish(broker, station, ("last", 1))
    at = bench(create_database(stack.postgres_url, "holes"), [SEIZURES], limit=2)
    fold(at, broker, lambda: at.positions() == {SEIZURES: 2})
    down(var)
    delete_segment(var, 3)
    up(var)
    fold(at, broker, lambda: at.positions() == {SEIZURES: 10})
    assert at.effects() == [*events[:3], *events[6:]]
    assert at.notes.of("gap") == [(SEIZURES, 3, 5)]
    assert at.notes.of("loss") == []
    at.close()


def delete_segment(var: Path, first: int) -> None:
    """Delete the files of the segment that begins with this offset."""
    (folder,) = (var / "kafka" / "logs").glob(f"*{SEIZURES}-0")
    files = list(folder.glob(f"{first:020}.*"))
    assert files
    for path in files:
        path.unlink()
