"""What every source and topic reader promises. A new one is one entry in ``PLACES``."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from consumers.kafka_client import Broker
from consumers.replay import Replay
from consumers.source import KafkaSource, KafkaTopicReader
from interfocal.stack import Stack
from schemas.record import Position, Record, Source, TopicBounds, TopicReader
from twins import TwinGroup, TwinLog, TwinReader, TwinSource

TOPICS = ("rs.seizure", "rs.missing", "al.seizure")
FAR = 1_000_000  # an end that no test reaches
POLLS = 60  # of half a second at most: more than a group needs to settle


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A log with three empty topics; ``write`` appends (topic, key, value, headers) and waits for the offset."""

    write: Callable[[str, bytes | None, bytes | None, Sequence[tuple[str, bytes]]], int]
    source: Callable[[], Source]
    reader: Callable[[], TopicReader]


def twin_place(request: pytest.FixtureRequest) -> LogPlace:
    del request
    log = TwinLog(TOPICS)
    group = TwinGroup(log)
    return LogPlace(
        write=lambda topic, key, value, headers: log.write(topic, key, value, tuple(headers)),
        source=lambda: TwinSource(group),
        reader=lambda: TwinReader(log),
    )


def kafka_place(request: pytest.FixtureRequest) -> LogPlace:
    stack: Stack = request.getfixturevalue("stack")
    prefix: str = request.getfixturevalue("topic_prefix")
    admin = KafkaAdminClient(**stack.access.settings())
    admin.create_topics({prefix + topic: {"num_partitions": 1, "replication_factor": 1} for topic in TOPICS})
    admin.close()
    producer = KafkaProducer(**stack.access.settings(), enable_idempotence=True)
    request.addfinalizer(producer.close)
    broker = Broker(stack.access, "test", prefix)
    group = f"group-{secrets.token_hex(4)}"

    def write(topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> int:
        sent = producer.send(prefix + topic, value=value, key=key, headers=list(headers))
        return int(sent.get(timeout=60).offset)

    return LogPlace(write, lambda: KafkaSource(broker, group, TOPICS), lambda: KafkaTopicReader(broker))


def replayed(place: LogPlace) -> LogPlace:
    """The same log, read by sources that have all topics themselves."""
    return replace(place, source=lambda: Replay(place.reader(), dict.fromkeys(TOPICS, FAR)))


PLACES: Mapping[str, Callable[[pytest.FixtureRequest], LogPlace]] = {
    "twin": twin_place,
    "kafka": kafka_place,
    "replay of the twin": lambda request: replayed(twin_place(request)),
    "replay of kafka": lambda request: replayed(kafka_place(request)),
}
IN_A_GROUP = ("twin", "kafka")
"""Places whose sources share the topics of a group."""


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> LogPlace:
    return PLACES[request.param](request)


@pytest.fixture(params=IN_A_GROUP)
def place_in_a_group(request: pytest.FixtureRequest) -> LogPlace:
    return PLACES[request.param](request)


@pytest.fixture
def source(place: LogPlace) -> Iterator[Source]:
    opened = place.source()
    yield opened
    opened.close()


@pytest.fixture
def reader(place: LogPlace) -> Iterator[TopicReader]:
    opened = place.reader()
    yield opened
    opened.close()


def put(place: LogPlace, topic: str, count: int) -> None:
    for number in range(count):
        place.write(topic, b"%d" % number, b"value %d" % number, [])


def assigned(source: Source) -> set[str]:
    """Poll until the source has topics."""
    for _ in range(POLLS):
        source.poll(0.5, 1)
        if new := source.newly_assigned():
            return set(new)
    raise AssertionError("nothing was assigned")


def seek_all(source: Source, offset: int = 0) -> None:
    for topic in assigned(source):
        source.seek(Position(topic, offset))


def read(source: Source, count: int) -> list[Record]:
    """Poll until so many records came, or nothing comes any more."""
    records: list[Record] = []
    for _ in range(POLLS):
        for topic, own in source.poll(0.5, 3).items():
            assert {record.topic for record in own} == {topic}
            records += own
        if len(records) >= count:
            break
    return records


def test_all_topics_are_assigned_to_a_single_source(source: Source) -> None:
    assert assigned(source) == set(TOPICS)
    source.poll(0.1, 1)
    assert source.newly_assigned() == frozenset()


def test_records_come_as_they_were_written_in_the_order_of_their_topic(place: LogPlace, source: Source) -> None:
    headers = [("seal", b"\x00\xff"), ("ce_id", b"1"), ("ce_id", b"2")]
    place.write("rs.seizure", b"key", b"\x00value", headers)
    place.write("rs.seizure", b"gone", None, [])
    put(place, "rs.seizure", 5)
    seek_all(source)
    records = read(source, 7)
    assert [record.offset for record in records] == list(range(7))
    assert (records[0].key, records[0].value, records[0].headers) == (b"key", b"\x00value", tuple(headers))
    assert records[0].header_values("ce_id") == (b"1", b"2")
    assert (records[1].key, records[1].value) == (b"gone", None)


def test_no_poll_returns_more_than_its_limit(place: LogPlace, source: Source) -> None:
    put(place, "rs.seizure", 5)
    put(place, "al.seizure", 5)
    seek_all(source)
    sizes = [sum(map(len, source.poll(0.5, 3).values())) for _ in range(8)]
    assert max(sizes) == 3


def test_a_sought_topic_is_read_from_there(place: LogPlace, source: Source) -> None:
    put(place, "rs.seizure", 6)
    seek_all(source)
    read(source, 6)
    source.seek(Position("rs.seizure", 4))
    assert [record.offset for record in read(source, 2)] == [4, 5]
    source.seek(Position("not.ours", 0))


def test_a_paused_topic_rests_while_the_others_flow(place: LogPlace, source: Source) -> None:
    seek_all(source)
    source.pause("rs.seizure")
    put(place, "rs.seizure", 3)
    put(place, "al.seizure", 4)
    assert {record.topic for record in read(source, 4)} == {"al.seizure"}
    assert read(source, 0) == []
    source.resume("rs.seizure")
    assert [record.offset for record in read(source, 3)] == [0, 1, 2]
    source.pause("not.ours")
    source.resume("not.ours")


def test_bounds_are_first_and_next_offset(place: LogPlace, source: Source, reader: TopicReader) -> None:
    put(place, "rs.missing", 4)
    expected = {"rs.missing": TopicBounds(0, 4), "al.seizure": TopicBounds(0, 0)}
    assert reader.bounds(["rs.missing", "al.seizure"]) == expected
    assert source.bounds(["rs.missing", "al.seizure"]) == expected
    assert reader.bounds([]) == {}


def test_topics_that_are_there_are_told_from_those_that_are_not(source: Source, reader: TopicReader) -> None:
    for asked in (source, reader):
        assert asked.partitions(["rs.missing", "rs.nothing", "al.seizure"]) == {"rs.missing": 1, "al.seizure": 1}
        assert asked.partitions([]) == {}


def test_a_commit_for_topics_of_others_raises_nothing(source: Source) -> None:
    source.commit([Position("rs.seizure", 1)])
    seek_all(source)
    source.commit([Position("rs.seizure", 1), Position("not.ours", 3)])
    source.poll(0.1, 1)


def test_a_second_source_shares_the_topics_and_inherits_them_when_the_first_leaves(place_in_a_group: LogPlace) -> None:
    first, second = place_in_a_group.source(), place_in_a_group.source()
    assert assigned(first) == set(TOPICS)
    has = {first: set(TOPICS), second: set[str]()}
    for _ in range(POLLS):
        for polled in (second, first):
            polled.poll(0.2, 1)
            has[polled] = set(polled.newly_assigned()) or has[polled]
        if has[second] and not has[first] & has[second]:
            break
    assert has[first] | has[second] == set(TOPICS)
    assert {len(has[first]), len(has[second])} == {1, 2}
    first.close()
    assert assigned(second) == set(TOPICS)
    second.close()


def test_a_reader_gives_every_record_of_a_range(place: LogPlace, reader: TopicReader) -> None:
    put(place, "rs.seizure", 9)
    put(place, "al.seizure", 2)
    assert [record.offset for record in reader.read("rs.seizure", 0, 9)] == list(range(9))
    assert [record.value for record in reader.read("rs.seizure", 3, 5)] == [b"value 3", b"value 4"]
    assert list(reader.read("rs.missing", 0, 0)) == []


def test_two_ranges_may_be_read_at_once(place: LogPlace, reader: TopicReader) -> None:
    put(place, "rs.seizure", 3)
    put(place, "al.seizure", 3)
    pairs = zip(reader.read("rs.seizure", 0, 3), reader.read("al.seizure", 0, 3), strict=True)
    assert [(one.topic, other.topic, one.offset, other.offset) for one, other in pairs] == [
        ("rs.seizure", "al.seizure", number, number) for number in range(3)
    ]


def test_closing_twice_harms_nothing(place: LogPlace) -> None:
    source, reader = place.source(), place.reader()
    source.poll(0.1, 1)
    reader.bounds(["rs.seizure"])
    for opened in (source, reader):
        opened.close()
        opened.close()
