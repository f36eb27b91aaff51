"""A heartbeat says where chains stand, once a slot of time, and never piles up."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outboxes import accept, sign
from producers.heartbeat import beat, heartbeat_of, slot_of
from producers.intake.assemble import Identity
from producers.outbox import OutboxFile
from schemas.events.heartbeat import Head, Heartbeat
from schemas.events.ids import event_id
from schemas.record import Link
from schemas.wire.codec import decode

IDENTITY = Identity("RS", b"k" * 32, exercise=True)
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVERY_S = 15.0
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(tmp_path: Path, clock: Clock) -> Iterator[OutboxFile]:
    opened = OutboxFile.open(tmp_path / "outbox.sqlite", now=clock, bound_rows=10, min_free_bytes=0)
    yield opened
    opened.close()


def published(outbox: OutboxFile) -> None:
    """Kafka has everything."""
    outbox.seal_waiting(100, sign)
    outbox.mark_published({entry.row: entry.seq for entry in outbox.sealed(100)})


def heartbeats(outbox: OutboxFile) -> list[Heartbeat]:
    rows = [row for row in outbox.reading.all_rows() if row.draft.topic == "rs.heartbeat"]
    events = [decode(row.draft.value)[1] for row in rows]
    assert all(isinstance(event, Heartbeat) for event in events)
    return [event for event in events if isinstance(event, Heartbeat)]


@given(MOMENTS, st.floats(1, 3600))
def test_a_slot_begins_before_its_moment_and_is_as_long_as_the_next_is_away(at: datetime, every_s: float) -> None:
    beginning = datetime.fromisoformat(slot_of(at, every_s))
    assert beginning <= at + timedelta(milliseconds=1)
    assert at < beginning + timedelta(seconds=every_s, milliseconds=2)


@given(MOMENTS)
def test_a_slot_has_one_heartbeat_and_the_next_another(at: datetime) -> None:
    first = datetime.fromisoformat(slot_of(at, EVERY_S))
    heads = {"rs.seizure": Link(1, 7, "h" * 43)}
    ids = {heartbeat_of(IDENTITY, heads, moment, EVERY_S).event_id for moment in (first, at)}
    later = heartbeat_of(IDENTITY, heads, first + timedelta(seconds=EVERY_S), EVERY_S)
    assert len(ids) == 1
    assert later.event_id not in ids
    assert later.event_id == event_id(later.record_id, 1)


def test_it_says_where_every_chain_stands(outbox: OutboxFile, clock: Clock) -> None:
    accept(outbox, "ab")
    published(outbox)
    assert beat(outbox, IDENTITY, clock.at, EVERY_S)
    (told,) = heartbeats(outbox)
    link = outbox.heads()["rs.seizure"]
    assert told.heads == (Head(topic="rs.seizure", chain="rs", life=1, seq=2, hash=link.prev),)


def test_only_one_waits_however_long_kafka_is_away(outbox: OutboxFile, clock: Clock) -> None:
    assert beat(outbox, IDENTITY, clock.at, EVERY_S)
    for _ in range(3):
        clock.at += timedelta(seconds=EVERY_S)
        assert not beat(outbox, IDENTITY, clock.at, EVERY_S)
    assert outbox.backlog().rows == 1
    published(outbox)
    assert beat(outbox, IDENTITY, clock.at, EVERY_S)


def test_those_that_kafka_has_are_forgotten_and_records_are_not(outbox: OutboxFile, clock: Clock) -> None:
    accept(outbox, "ab")
    for _ in range(4):
        clock.at += timedelta(seconds=EVERY_S)
        assert beat(outbox, IDENTITY, clock.at, EVERY_S)
        published(outbox)
    assert len(heartbeats(outbox)) == 1
    assert len(list(outbox.reading.all_rows())) == 3
    assert outbox.heads()["rs.heartbeat"].seq == 4


def test_a_producer_that_starts_again_says_nothing_else_of_the_same_slot(outbox: OutboxFile, clock: Clock) -> None:
    assert beat(outbox, IDENTITY, clock.at, EVERY_S)
    published(outbox)
    clock.at += timedelta(seconds=1)
    assert not beat(outbox, IDENTITY, clock.at, EVERY_S)
