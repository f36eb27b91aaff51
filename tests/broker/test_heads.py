"""Region and desk read a member's heartbeats each for itself, and a desk finds out when the two were shown others."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from consumers.heads.handler import RegionHeadHandler
from consumers.heads.heartbeats import HeartbeatHandler
from consumers.heads.own_line import OwnLineHandler, acknowledge_line, witness
from consumers.heads.telling import HeadTeller
from consumers.store.migrate import migrate
from interfocal.stack import Stack, create_database, drop_database
from looping import Bench
from producers.heartbeat import heartbeat_of
from producers.intake.assemble import Identity
from records import Station
from schemas.directory import Directory, Member
from schemas.events.head import RegionHead
from schemas.events.heartbeat import Heartbeat
from schemas.topics import HEAD_TOPIC
from schemas.wire.codec import decode
from sealing import AUD, SEALED_AT
from twins import TwinLog

BEATS = "rs.heartbeat"
IDENTITY = Identity("RS", b"k" * 32, exercise=True)
DIRECTORY = Directory(
    region=AUD,
    title="Two members",
    version=1,
    exercise=True,
    issued_at=SEALED_AT,
    expires_at=SEALED_AT,
    members=(Member(code="MK", name="North Macedonia"), Member(code="RS", name="Serbia")),
)


def beat(number: int) -> Heartbeat:
    return heartbeat_of(IDENTITY, {}, SEALED_AT + timedelta(seconds=15 * number), 15.0)


class Sides:
    """The region and the desk of RS, each with its database, over logs of their own."""

    def __init__(self, region_url: str, desk_url: str) -> None:
        migrate(region_url, "region")
        migrate(desk_url, "desk")
        short_lived = frozenset({BEATS})
        self.region = Bench(
            region_url,
            TwinLog([BEATS, HEAD_TOPIC]),
            handler=HeartbeatHandler(),
            also=(RegionHeadHandler(),),
            short_lived=short_lived,
        )
        self.desk = Bench(desk_url, TwinLog([BEATS, HEAD_TOPIC]), handler=OwnLineHandler("RS"), short_lived=short_lived)
        self.beats, self.heads = Station(BEATS), Station(HEAD_TOPIC)
        self.at = SEALED_AT

    def fold(self, side: Bench) -> None:
        loop = side.loop()
        side.drain(loop)
        loop.close()

    def beat(self, number: int, *sides: Bench) -> None:
        """A heartbeat that these sides are shown."""
        record = self.beats.record(beat(number))
        for side in sides:
            self.write(side, record.topic, record, number)

    def write(self, side: Bench, topic: str, record: Any, number: float) -> None:
        side.log.clock_ms = round((SEALED_AT + timedelta(seconds=15 * number)).timestamp() * 1000)
        side.log.write(topic, record.key, record.value, record.headers)

    def tell(self, number: float) -> RegionHead | None:
        """The region says what it heard, and both sides are shown that; None where it says nothing."""
        self.fold(self.region)
        with psycopg.connect(self.region.url) as connection:
            if not HeadTeller(DIRECTORY, lambda: self.at).tell(connection):
                return None
            (value,) = connection.execute("select value from region_outbox order by row_id desc").fetchone() or (b"",)
        _, head = decode(value)
        assert isinstance(head, RegionHead)
        record = self.heads.record(head)
        for side in (self.region, self.desk):
            self.write(side, HEAD_TOPIC, record, number)
            self.fold(side)
        return head

    def verdicts(self) -> list[str]:
        return [verdict for (verdict,) in self.desk.rows("select verdict from head_line order by appended_ms")]


@pytest.fixture
def sides(database: str, stack: Stack) -> Iterator[Sides]:
    desk = f"test_{secrets.token_hex(8)}"
    opened = Sides(database, create_database(stack.postgres_url, desk))
    yield opened
    opened.region.close()
    opened.desk.close()
    drop_database(stack.postgres_url, desk)


def test_a_line_that_names_the_last_heartbeat_is_held(sides: Sides) -> None:
    for number in range(3):
        sides.beat(number, sides.region, sides.desk)
    head = sides.tell(2.5)
    assert head is not None
    assert [line.member for line in head.lines] == ["RS"]
    assert sides.verdicts() == ["held"]
    with psycopg.connect(sides.desk.url) as connection:
        assert witness(connection).behind_s == 0.0
    assert sides.desk.rows("select count(*) from event") == [(0,)]


def test_a_line_waits_for_its_heartbeat_and_not_longer_than_until_the_next_one(sides: Sides) -> None:
    sides.beat(0, sides.region, sides.desk)
    sides.beat(1, sides.region)
    sides.tell(1.5)
    assert sides.verdicts() == ["waiting"]
    sides.beat(2, sides.desk)
    sides.fold(sides.desk)
    assert sides.verdicts() == ["unknown"]


def test_a_heartbeat_that_only_the_region_was_shown_is_an_alarm_until_a_person_acknowledges_it(sides: Sides) -> None:
    sides.beat(0, sides.region, sides.desk)
    sides.beat(1, sides.region)
    sides.tell(1.5)
    sides.beat(2, sides.region, sides.desk)
    sides.tell(2.5)
    assert sides.verdicts() == ["unknown", "held"]
    with psycopg.connect(sides.desk.url) as connection:
        (head,) = witness(connection).unknown
        assert acknowledge_line(connection, head, "o-7", "a disk that died")
        assert not acknowledge_line(connection, head, "o-8", "again")
        assert witness(connection).unknown == {}


def test_a_region_that_is_shown_no_more_falls_behind(sides: Sides) -> None:
    sides.beat(0, sides.region, sides.desk)
    sides.tell(0.5)
    for number in range(1, 5):
        sides.beat(number, sides.desk)
    sides.fold(sides.desk)
    with psycopg.connect(sides.desk.url) as connection:
        assert witness(connection).behind_s == 60.0


def test_a_desk_that_was_begun_later_says_nothing_of_what_it_never_saw(sides: Sides) -> None:
    sides.beat(0, sides.region)
    sides.tell(0.5)
    for number in (1, 2):
        sides.beat(number, sides.region, sides.desk)
    sides.fold(sides.desk)
    assert sides.verdicts() == ["before"]


def test_the_region_says_the_same_once_a_day_and_what_is_new_at_once(sides: Sides) -> None:
    sides.beat(0, sides.region, sides.desk)
    first = sides.tell(0.5)
    assert sides.tell(0.6) is None
    sides.beat(1, sides.region, sides.desk)
    second = sides.tell(1.5)
    sides.at += timedelta(days=1)
    third = sides.tell(5_800.0)
    assert sides.tell(5_801.0) is None
    assert first is not None
    assert second is not None
    assert third is not None
    assert second.lines == third.lines != first.lines
    assert len({first.event_id, second.event_id, third.event_id}) == 3


def test_a_region_that_lost_its_outbox_does_not_say_it_again(sides: Sides) -> None:
    sides.beat(0, sides.region, sides.desk)
    head = sides.tell(0.5)
    assert head is not None
    with psycopg.connect(sides.region.url) as connection:
        connection.execute("truncate region_outbox")
    assert sides.tell(0.7) is None
    with psycopg.connect(sides.region.url) as connection:
        connection.execute("truncate region_head")
        assert HeadTeller(DIRECTORY, lambda: sides.at + timedelta(hours=3)).tell(connection)
        (event_id,) = connection.execute("select event_id from region_outbox").fetchone() or ("",)
    assert event_id == head.event_id
