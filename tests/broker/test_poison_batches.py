"""What one topic's writer may hand to a real broker: it costs his own topic, and nobody's memory or time."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient

import consumers.source
from consumers.kafka_batches import MISPLACED
from consumers.kafka_client import Broker, connect
from consumers.source import KafkaSource, KafkaTopicReader
from interfocal.stack import Stack
from looping import Bench, bench
from raw_batches import BOMBS, Codec, batch, gzip_of, produce, record, records, sized, varint
from records import Station, a_seizure
from schemas.record import COMPRESSED, UNREADABLE_HEADER, Record
from schemas.topics import EVERY_TOPIC, MAX_MESSAGE_BYTES
from source_tree import ROOT

BAD, GOOD = "rs.seizure", "al.seizure"
MOST_MIB = 100  # a message has a quarter of one; the smallest bomb here has 5
DEADLINE_S = 120
BAD_NAME = [(b"\xff\xfe", b"1")]
PLAIN = records(3)
NOT_TEXT = record(headers=BAD_NAME)
FORM = "CorruptRecordError"


@pytest.fixture
def broker(stack: Stack, topic_prefix: str) -> Broker:
    admin = KafkaAdminClient(**stack.access.settings())
    configs = {"num_partitions": 1, "replication_factor": 1, "configs": dict(EVERY_TOPIC)}
    admin.create_topics({topic_prefix + topic: configs for topic in (BAD, GOOD)})
    admin.close()
    return Broker(stack.access, "test", topic_prefix)


@pytest.fixture
def at(database: str) -> Iterator[Bench]:
    opened = bench(database, [BAD, GOOD])
    yield opened
    opened.close()


def put(broker: Broker, written: bytes, topic: str = BAD) -> int:
    return produce(broker.access, broker.prefix + topic, written)


def put_events(broker: Broker, station: Station, *names: str) -> None:
    producer = KafkaProducer(**broker.access.settings(), enable_idempotence=True)
    member = station.topic.partition(".")[0].upper()
    for name in names:
        made = station.record(a_seizure(name, member))
        topic = broker.prefix + station.topic
        producer.send(topic, key=made.key, value=made.value, headers=list(made.headers)).get(timeout=60)
    producer.close()


def read(broker: Broker) -> list[tuple[int, int, bytes | str | None]]:
    """First and last offset of each record of the bad topic, and its value or why it has none."""
    reader = KafkaTopicReader(broker)
    found = list(reader.read(BAD, 0, reader.bounds([BAD])[BAD].end))
    reader.close()
    return [(one.offset, one.next_offset - 1, why(one) or one.value) for one in found]


def ends_of(broker: Broker) -> dict[str, int]:
    reader = KafkaTopicReader(broker)
    bounds = reader.bounds([BAD, GOOD])
    reader.close()
    return {topic: bounds[topic].end for topic in (BAD, GOOD)}


def why(one: Record) -> str | None:
    named = dict(one.headers)
    return named[UNREADABLE_HEADER].decode() if UNREADABLE_HEADER in named else None


LET_THROUGH: Mapping[str, tuple[bytes, list[tuple[int, int, bytes | str | None]]]] = {
    "no value": (batch(record(None)), [(0, 0, None)]),
    "no key": (batch(record(key=None)), [(0, 0, b"v")]),
    "a header without a value": (batch(record(headers=[(b"seal", None)])), [(0, 0, b"v")]),
    "a header name that is no text": (batch(NOT_TEXT), [(0, 0, FORM)]),
    "that among others": (
        batch(record() + record(headers=BAD_NAME, delta=1) + record(delta=2), 3),
        [(0, 0, b"v"), (1, 2, FORM)],
    ),
    "sixty thousand headers": (batch(record(headers=[(b"", None)] * 60_000)), [(0, 0, b"v")]),
    "lengths below nothing": (batch(sized(b"\x00\x00\x00" + varint(-7) * 2 + b"\x00")), [(0, 0, None)]),
    "the same offset twice": (batch(record() + record(), 2), [(0, 0, b"v"), (1, 1, MISPLACED)]),
    "offsets backwards": (batch(record(delta=1) + record(), 2), [(0, 1, MISPLACED)]),
    "an offset far away": (batch(record() + record(delta=2**31 - 5), 2), [(0, 0, b"v"), (1, 1, MISPLACED)]),
    "an offset before the log": (batch(record(delta=-3) + record(delta=1), 2), [(0, 1, MISPLACED)]),
    "gzip": (batch(gzip_of([PLAIN]), 3, Codec.GZIP), [(0, 2, COMPRESSED)]),
    "bits without a meaning": (batch(record(), 1, 0x7FC0), [(0, 0, b"v")]),
    **{f"a bomb of {codec.name}": (batch(make(), 1, codec), [(0, 0, COMPRESSED)]) for codec, make in BOMBS.items()},
}


@pytest.mark.parametrize("name", LET_THROUGH)
def test_what_the_broker_lets_through_is_told_once(broker: Broker, name: str) -> None:
    written, expected = LET_THROUGH[name]
    put(broker, written)
    put(broker, batch(record(b"after")))
    (_, last, _) = expected[-1]
    assert read(broker) == [*expected, (last + 1, last + 1, b"after")]


REFUSED: Mapping[str, bytes] = {
    "a checksum that fails": batch(PLAIN, 3)[:-1] + b"\x01",
    "no records": batch(b"", 0, last=0),
    "as many records as a number holds": batch(record(), 2**31 - 1),
    "fewer records than offsets": batch(record(), 1, last=5),
    "bytes left over": batch(PLAIN, 2),
    "a control batch": batch(record(b"\x00" * 6, b"\x00\x00\x00\x01"), 1, 0x20),
    "a transaction that was not begun": batch(record(), 1, 0x10, writer=(5, 0, 0)),
    "a codec to come": batch(record(), 1, 5),
    "bytes that are no gzip": batch(b"garbage" * 9, 1, Codec.GZIP),
    "records of no length": batch(varint(0)),
    "headers without end": batch(sized(b"\x00\x00\x00\x01\x01" + varint(2**31 - 1))),
    "a value beyond its record": batch(sized(b"\x00\x00\x00\x01" + varint(10_000) + b"v\x00")),
    "more than a message may have": batch(record(bytes(900_000))),
    "nothing at all": b"",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_broker_refuses_never_comes_to_a_reader(broker: Broker, name: str) -> None:
    """Were one of these let through by another version, the table above has to have it."""
    with pytest.raises((ValueError, ConnectionError)):
        put(broker, REFUSED[name])
    put(broker, batch(record(b"after")))
    assert read(broker) == [(0, 0, b"after")]


def test_bombs_of_every_codec_cost_a_reader_no_memory(stack: Stack, broker: Broker) -> None:
    written = [batch(make(), 1, codec) for codec, make in BOMBS.items()]
    assert all(len(one) < MAX_MESSAGE_BYTES for one in written)
    for one in written:
        put(broker, one)
    put(broker, batch(record(bytes(200_000))))
    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, ROOT / "tests" / "batches_apart.py", stack.bootstrap, stack.trust.folder, broker.prefix, BAD],
        check=True,
        capture_output=True,
        timeout=DEADLINE_S,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}"},
    )
    told = json.loads(done.stdout)
    assert told["found"] == [[n, 1, 0] for n in range(4)] + [[4, 1, 200_000]]
    assert told["grown_mib"] < MOST_MIB


def test_any_number_of_records_in_a_compressed_batch_are_one_entry(broker: Broker) -> None:
    count = 150_000
    portions = (b"".join(record(b"", None, delta=n) for n in range(at, at + 10_000)) for at in range(0, count, 10_000))
    written = batch(gzip_of(portions), count, Codec.GZIP)
    assert len(written) < MAX_MESSAGE_BYTES
    put(broker, written)
    assert read(broker) == [(0, count - 1, COMPRESSED)]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[KafkaConsumer]:
    """Every client that a source or reader has made."""
    made: list[KafkaConsumer] = []

    def counted(settings: Mapping[str, object]) -> KafkaConsumer:
        made.append(connect(settings))
        return made[-1]

    monkeypatch.setattr(consumers.source, "connect", counted)
    return made


def test_poison_on_one_topic_leaves_every_sound_event_to_be_folded(
    broker: Broker, at: Bench, connections: list[KafkaConsumer]
) -> None:
    """Quarantine names each with its reason; positions reach the ends; the client is never given up."""
    rs, al = Station(BAD), Station(GOOD)
    for number, (written, _) in enumerate(LET_THROUGH.values()):
        put_events(broker, rs, f"rs-{number}")
        put_events(broker, al, f"al-{number}")
        put(broker, written)
    put_events(broker, rs, "rs-last")
    loop = at.loop(source=KafkaSource(broker, "poison", [BAD, GOOD]))
    ends = ends_of(broker)
    at.turn(loop, lambda: at.positions() == ends)
    assert len(at.effects()) == 2 * len(LET_THROUGH) + 1
    assert at.notes.of("gap") == at.notes.of("away") == at.notes.of("paused") == []
    reasons = {reason for _, _, reason in at.reasons()}
    assert reasons == {"no_seal", "bad_seal_form", "unreadable", "compressed_batch"}
    assert at.rows("select parameters from quarantine where reason = 'compressed_batch' and parameters <> '{}'") == [
        ({"last_offset": str(compressed_last(at))},)
    ]
    assert len(connections) == 1 + 1  # the loop's, and that of the reader here


def compressed_last(at: Bench) -> int:
    """The last offset of the one compressed batch of three records."""
    ((first,),) = at.rows(
        "select min(log_offset) from quarantine where reason = 'compressed_batch' and parameters <> '{}'"
    )
    return int(first) + 2


def test_a_flood_of_headers_that_are_no_text_pauses_its_topic_alone(
    broker: Broker, at: Bench, connections: list[KafkaConsumer]
) -> None:
    at.quarantine_limit = 20
    for _ in range(60):
        put(broker, batch(NOT_TEXT))
    put_events(broker, Station(GOOD), "al-1", "al-2")
    loop = at.loop(source=KafkaSource(broker, "flood", [BAD, GOOD]))
    at.turn(loop, lambda: at.positions() == {BAD: 20, GOOD: 2})
    assert at.notes.of("paused") == [(BAD, "quarantine_full")]
    assert len(at.effects()) == 2
    assert len(at.reasons()) == 20
    assert len(connections) == 1


def test_a_record_that_says_it_lies_far_ahead_moves_no_position_there(broker: Broker, at: Bench) -> None:
    """It would make everything that follows look old, and the next start stop for a log that is too short."""
    station = Station(BAD)
    put(broker, batch(record() + record(delta=2**31 - 5), 2))
    put_events(broker, station, "rs-1")

    def fold_to(end: int) -> None:
        loop = at.loop(source=KafkaSource(broker, "far", [BAD, GOOD]))
        at.turn(loop, lambda: at.positions().get(BAD) == end)
        loop.close()

    fold_to(3)
    put_events(broker, station, "rs-2")
    fold_to(4)
    put_events(broker, station, "rs-3")
    assert at.positions()[BAD] == 4
    assert len(at.effects()) == 2


def test_a_transaction_on_a_topic_is_told_and_keeps_no_start_from_catching_up(broker: Broker, at: Bench) -> None:
    station = Station(BAD)
    producer = KafkaProducer(**broker.access.settings(), transactional_id=f"{broker.prefix}x")
    producer.init_transactions()
    for name, end in (("rs-1", producer.commit_transaction), ("rs-2", producer.abort_transaction)):
        made = station.record(a_seizure(name))
        producer.begin_transaction()
        producer.send(broker.prefix + BAD, key=made.key, value=made.value, headers=list(made.headers)).get(timeout=60)
        end()
    producer.close()
    loop = at.loop(source=KafkaSource(broker, "transactions", [BAD, GOOD]))
    at.turn(loop, loop.caught_up)
    assert at.positions()[BAD] == 4
    assert len(at.effects()) == 1
    assert [offset for _, offset, reason in at.reasons() if reason == "transaction"] == [1, 2, 3]
    assert at.notes.of("gap") == []
