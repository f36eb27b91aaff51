"""Any order, interleaving and repetition of the same events gives the same view, byte for byte."""

import random
from collections.abc import Iterator, Sequence

import psycopg
import pytest

from consumers.view.dump import dump_row, dump_view, lines
from consumers.view.handler import ViewHandler
from looping import Bench, Killed, bench
from records import Station, a_missing, a_seizure, an_item
from schemas.events.envelope import Event
from schemas.events.ids import value_sha256
from schemas.record import Record
from schemas.steps import Step
from schemas.wire.codec import decode
from sealing import an_id
from twins import TwinLog

TOPICS = ["rs.seizure", "rs.missing", "al.seizure", "al.missing"]
TABLES = "topic_position, event, quarantine, seizure_revision, item_revision, missing_revision, mark_key"


@pytest.fixture
def at(database: str) -> Iterator[Bench]:
    opened = bench(database, TOPICS, handler=ViewHandler())
    yield opened
    opened.close()


def some_records() -> list[Record]:
    """Records of all four topics: revisions, retractions, two values under one id, repeats, foreign bytes."""
    stated: dict[str, list[Event]] = {
        f"{member.lower()}.seizure": [
            a_seizure("case-1", member),
            a_seizure("case-1", member, revision=2, items=[an_item("one"), an_item("two", quantity=7)]),
            a_seizure("case-2", member),
            a_seizure("case-2", member, context="search"),
            a_seizure("case-3", member, revision=2, status="retracted"),
        ]
        for member in ("RS", "AL")
    }
    stated |= {
        f"{member.lower()}.missing": [a_missing("gun-1", member), a_missing("gun-1", member, 2, state="recovered")]
        for member in ("RS", "AL")
    }
    records = []
    for topic, events in stated.items():
        station = Station(topic)
        own = [station.record(event) for event in events]
        records += [*own, own[0], Record(topic, 0, b"k", b"foreign")]
    return records


def fold(at: Bench, records: Sequence[Record], limit: int) -> str:
    """The dump after folding the records in the order given, from an empty database."""
    with psycopg.connect(at.url) as connection:
        connection.execute(f"truncate {TABLES}")
    at.log = TwinLog(TOPICS)
    for record in records:
        at.log.write(record.topic, record.key, record.value, record.headers)
    at.__post_init__()
    at.limit = limit
    loop = at.loop()
    at.drain(loop, polls=len(records) + 3)
    assert loop.caught_up()
    loop.close()
    return dump(at)


def dump(at: Bench) -> str:
    with psycopg.connect(at.url, options="-c TimeZone=Asia/Tokyo") as connection:
        return "".join(lines(dump_view(connection)))


def test_any_order_gives_the_same_dump(at: Bench) -> None:
    records = some_records()
    expected = fold(at, records, 500)
    assert expected.count("\n") > 40
    for seed in range(12):
        draw = random.Random(seed)
        shuffled = draw.sample(records, len(records)) + draw.sample(records, 5)
        assert fold(at, shuffled, draw.choice([1, 3, 500])) == expected


def test_the_dump_is_the_sum_of_what_each_event_says(at: Bench) -> None:
    records = [record for record in some_records() if record.value != b"foreign"]
    station_numbers = {}
    expected = set()
    folded = fold(at, records, 500)
    with psycopg.connect(at.url) as connection:
        for event_id, sha256, life, seq in connection.execute("select event_id, sha256, life, seq from event"):
            station_numbers[event_id, sha256] = (life, seq)
    for record in records:
        value = record.value or b""
        _, event = decode(value)
        sha256 = value_sha256(value)
        expected |= set(lines(dump_row(event, sha256, *station_numbers[event.event_id, sha256])))
    assert set(folded.splitlines(keepends=True)) == expected


@pytest.mark.parametrize("step", [Step.FOLDED, Step.POSITIONED, Step.COMMITTED])
def test_a_kill_in_mid_replay_leaves_the_same_dump(at: Bench, step: Step) -> None:
    records = some_records()
    expected = fold(at, records, 500)
    with psycopg.connect(at.url) as connection:
        connection.execute(f"truncate {TABLES}")
    at.__post_init__()
    at.limit = 4
    passed: list[Step] = []

    def reached(taken: Step) -> None:
        passed.append(taken)
        if passed.count(step) == 3:
            raise Killed

    killed = at.loop(reached)
    with pytest.raises(Killed):
        at.drain(killed, polls=len(records))
    killed.close()
    at.drain(at.loop(), polls=len(records))
    assert dump(at) == expected


def test_the_highest_revision_is_current_and_then_the_highest_number(at: Bench) -> None:
    fold(at, some_records()[:5], 500)
    assert at.rows("select own_reference, revision, seq, context, status from seizure_current order by 1") == [
        ("case-1", 2, 2, "border_crossing_point", "active"),
        ("case-2", 1, 4, "search", "active"),
        ("case-3", 2, 5, "border_crossing_point", "retracted"),
    ]
    items = at.rows("select record_id, quantity from item_current order by place")
    assert [quantity for record, quantity in items if record == an_id("case-1")] == [1, 7]


def test_only_the_current_revision_of_a_missing_record_is_found_by_its_number(at: Bench) -> None:
    fold(at, [Station("rs.missing").record(a_missing("gun-1"))], 500)
    assert at.rows("select distinct revision from missing_key_current where value = 'C41377'") == [(1,)]
    fold(at, [r for r in some_records() if r.topic == "rs.missing"], 500)
    assert at.rows("select distinct revision from missing_key_current where value = 'C41377'") == [(2,)]
