"""A member whose clock is off is folded like any other, and shown with how far it is off."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from consumers.heads.heartbeats import HeartbeatHandler
from consumers.view.queries import Wanted
from interfocal.commands import view
from looping import Bench, bench
from producers.heartbeat import heartbeat_of
from producers.intake.assemble import Identity
from records import Station
from sealing import SEALED_AT

MEMBERS = ("RS", "AL", "MK")
EVERY = timedelta(seconds=15)
OFF = timedelta(days=3)
DELAY = timedelta(seconds=2)


@pytest.fixture
def at(database: str) -> Iterator[Bench]:
    topics = [f"{member.lower()}.heartbeat" for member in MEMBERS]
    opened = bench(database, topics, also=(HeartbeatHandler(),), short_lived=frozenset(topics))
    yield opened
    opened.close()


def beat(at: Bench, member: str, clock_off: timedelta, times: int = 3) -> None:
    """Heartbeats by a clock that is ahead by so much, and what the broker says of the time."""
    station = Station(f"{member.lower()}.heartbeat")
    identity = Identity(member, b"k" * 32, exercise=True)
    for number in range(times):
        moment = SEALED_AT + timedelta(days=30) + number * EVERY
        at.log.clock_ms = round((moment + DELAY).timestamp() * 1000)
        station.put(at.log, heartbeat_of(identity, {}, moment + clock_off, 15.0))


def test_a_clock_that_is_off_is_shown_and_its_heartbeats_are_folded(at: Bench) -> None:
    offs = dict(zip(MEMBERS, (timedelta(0), OFF, -OFF), strict=True))
    for member, off in offs.items():
        beat(at, member, off)
    at.drain(at.loop())
    assert at.rows("select member, seq from heartbeat order by member") == [("AL", 3), ("MK", 3), ("RS", 3)]
    assert at.reasons() == []
    with psycopg.connect(at.url) as connection:
        listed = view.read_list(connection, view.ListName.MEMBERS, Wanted(), limit=10)
    rows = {row["member"]: row["clock_ahead_s"] for row in listed.rows}
    delay_s = round(DELAY.total_seconds())
    assert rows == {"RS": None, "AL": 3 * 86_400 - delay_s, "MK": -3 * 86_400 - delay_s}


def test_one_heartbeat_alone_says_nothing_of_a_clock(at: Bench) -> None:
    beat(at, "RS", -OFF, times=1)
    at.drain(at.loop())
    assert at.rows("select clock_skew_s from heartbeat") == [(None,)]
