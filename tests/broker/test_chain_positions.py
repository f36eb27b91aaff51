"""A reader sees every number that a chain lacks, and sees it closed; heartbeats leave one row a member."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from consumers.heads.heartbeats import HeartbeatHandler
from consumers.store import chains
from consumers.store.migrate import migrate
from looping import Bench, bench
from producers.heartbeat import heartbeat_of
from producers.intake.assemble import Identity
from records import Station, a_seizure
from schemas.record import Link, Record
from schemas.trust.gaps import Gap
from schemas.trust.seal import SealClaims
from sealing import SEALED_AT, claims

TOPIC = "rs.seizure"
HEARTBEATS = "rs.heartbeat"


def numbered(
    *numbers: int, topic: str = TOPIC, life: int = 1, after: tuple[int, int] | None = None
) -> list[SealClaims]:
    made = [claims(topic=topic, chain="rs", life=life, seq=number) for number in numbers]
    return [
        claims(topic=topic, chain="rs", life=life, seq=n, after=after) if n == 1 else c
        for n, c in zip(numbers, made, strict=True)
    ]


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    migrate(database, "region")
    with psycopg.connect(database) as opened:
        yield opened


def spans(found: Sequence[Gap]) -> list[tuple[int, int, int]]:
    return [(gap.life, gap.first, gap.last) for gap in found]


def test_what_a_chain_jumps_over_is_a_gap_and_what_comes_late_closes_it(connection: psycopg.Connection[Any]) -> None:
    assert spans(chains.follow(connection, numbered(1, 2, 6))) == [(1, 3, 5)]
    assert spans(chains.gaps(connection, acknowledged=False)) == [(1, 3, 5)]
    assert chains.follow(connection, numbered(4)) == []
    assert spans(chains.gaps(connection, acknowledged=False)) == [(1, 3, 3), (1, 5, 5)]
    chains.follow(connection, numbered(3, 5, 6, 7))
    assert chains.gaps(connection, acknowledged=False) == []


def test_a_new_life_names_what_the_one_before_had_reached(connection: psycopg.Connection[Any]) -> None:
    chains.follow(connection, numbered(1, 2))
    assert spans(chains.follow(connection, numbered(1, life=2, after=(1, 5)))) == [(1, 3, 5)]


def test_any_cut_into_batches_finds_the_same_gaps(connection: psycopg.Connection[Any]) -> None:
    numbers = [1, 2, 4, 5, 9, 3, 9, 10, 12]
    for seed in range(20):
        draw = random.Random(seed)
        connection.execute("truncate chain_position, chain_gap")
        left = numbered(*numbers)
        while left:
            size = draw.randint(1, len(left))
            chains.follow(connection, left[:size])
            left = left[size:]
        assert spans(chains.gaps(connection, acknowledged=False)) == [(1, 6, 8), (1, 11, 11)]


def test_a_topic_with_retention_is_counted_from_its_first_number(connection: psycopg.Connection[Any]) -> None:
    assert chains.follow(connection, numbered(40, 41, topic=HEARTBEATS)) == []
    assert spans(chains.follow(connection, numbered(44, topic=HEARTBEATS))) == [(1, 42, 43)]


def test_a_gap_is_acknowledged_once_and_by_its_numbers(connection: psycopg.Connection[Any]) -> None:
    chains.follow(connection, numbered(1, 4))
    gap = Gap(TOPIC, "rs", 1, 2, 3)
    assert not chains.acknowledge(connection, Gap(TOPIC, "rs", 1, 2, 2), "officer-7", "lost with a disk")
    assert chains.acknowledge(connection, gap, "officer-7", "lost with a disk")
    assert not chains.acknowledge(connection, gap, "officer-9", "again")
    assert chains.gaps(connection, acknowledged=False) == []
    assert chains.gaps(connection, acknowledged=True) == [gap]


@pytest.fixture
def at(database: str) -> Iterator[Bench]:
    opened = bench(database, [TOPIC, HEARTBEATS], also=(HeartbeatHandler(),), short_lived=frozenset({HEARTBEATS}))
    yield opened
    opened.close()


def heartbeats(count: int) -> list[Record]:
    station, identity = Station(HEARTBEATS), Identity("RS", b"k" * 32, exercise=True)
    moments = [SEALED_AT.replace(year=2027 + number) for number in range(count)]
    return [station.record(heartbeat_of(identity, {TOPIC: Link(1, n, None)}, m, 1.0)) for n, m in enumerate(moments)]


def test_the_last_heartbeat_of_a_member_is_kept_whatever_the_order(at: Bench) -> None:
    records = heartbeats(5)
    for seed in range(6):
        with psycopg.connect(at.url) as connection:
            connection.execute("truncate heartbeat, event, topic_position, chain_position, chain_gap")
        at.log.topics[HEARTBEATS].clear()
        at.limit = seed % 3 + 1
        for record in random.Random(seed).sample(records, len(records)):
            at.log.write(record.topic, record.key, record.value, record.headers)
        loop = at.loop()
        at.drain(loop, polls=len(records) + 2)
        loop.close()
        assert at.rows("select member, seq, heads -> 0 ->> 'seq' from heartbeat") == [("RS", 5, "4")]
        assert at.rows("select seq from event") == [(5,)]


def test_the_loop_tells_of_a_gap_in_a_chain(at: Bench) -> None:
    station = Station(TOPIC)
    records = [station.record(a_seizure(f"case-{number}")) for number in range(4)]
    for record in (records[0], records[3]):
        at.log.write(record.topic, record.key, record.value, record.headers)
    at.drain(at.loop())
    assert at.notes.of("chain_gap") == [(TOPIC, 1, 2, 3)]
    assert len(at.effects()) == 2
