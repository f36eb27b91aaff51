"""A topic that is missing, or has lost what was not folded, waits alone; the others flow."""

from collections.abc import Iterator

import psycopg
import pytest

from consumers.store import missing_offsets
from consumers.store.missing_offsets import MissingOffsets
from looping import Bench, bench
from records import Station, a_missing, a_seizure
from schemas.errors import BrokerAway

SEIZURES, MISSING, DECISIONS = "rs.seizure", "rs.missing", "region.decision"


@pytest.fixture
def at(database: str) -> Iterator[Bench]:
    opened = bench(database, [SEIZURES, MISSING, DECISIONS], vital=frozenset({DECISIONS}))
    yield opened
    opened.close()


def put(at: Bench, count: int, first: int = 0) -> list[str]:
    """Seizures; their event ids."""
    events = [a_seizure(f"case-{number}") for number in range(first, first + count)]
    Station(SEIZURES).put(at.log, *events)
    return [event.event_id for event in events]


def check_flow(at: Bench, name: str) -> None:
    """Another topic's next event takes effect."""
    event = a_missing(name)
    Station(MISSING).put(at.log, event)
    at.drain(at.loops[-1])
    assert event.event_id in at.effects()


def test_a_topic_whose_log_begins_after_its_position_is_paused_and_the_others_flow(at: Bench) -> None:
    seizures = put(at, 8)
    at.log.starts[SEIZURES] = 6
    loop = at.loop()
    check_flow(at, "m-1")
    assert at.notes.of("paused") == [(SEIZURES, "position_lost")]
    assert loop.caught_up()
    with psycopg.connect(at.url) as connection:
        missing = MissingOffsets(SEIZURES, 0, 5)
        assert missing_offsets.acknowledge(connection, missing, "officer-7", "retention was wrong")
    check_flow(at, "m-2")
    assert at.notes.of("resumed") == [(SEIZURES,)]
    assert at.notes.of("gap") == [(SEIZURES, 0, 5)]
    assert [event for event in at.effects() if event in seizures] == seizures[6:]


def test_a_topic_that_loses_its_start_while_it_is_read_is_paused_and_goes_on_when_that_is_brought_back(
    at: Bench,
) -> None:
    seizures = put(at, 2)
    loop = at.loop()
    at.drain(loop)
    seizures += put(at, 6, first=2)
    at.log.starts[SEIZURES] = 5
    check_flow(at, "m-1")
    assert at.notes.of("paused") == [(SEIZURES, "position_lost")]
    del at.log.starts[SEIZURES]
    check_flow(at, "m-2")
    assert [event for event in at.effects() if event in seizures] == seizures
    assert at.notes.of("gap") == []


def test_a_topic_that_was_made_anew_waits_until_a_person_sets_its_position(at: Bench) -> None:
    """Grown past the position it would else be read from the middle, and what comes before would be passed over."""
    put(at, 3)
    at.drain(at.loop())
    at.loops[-1].close()
    at.log.topics[SEIZURES].clear()
    at.loop()
    check_flow(at, "m-1")
    anew = put(at, 5, first=10)
    check_flow(at, "m-2")
    assert at.notes.of("paused") == [(SEIZURES, "position_lost")]
    assert at.notes.of("resumed") == []
    with psycopg.connect(at.url) as connection:
        connection.execute("update topic_position set next_offset = 0 where topic = %s", [SEIZURES])
    check_flow(at, "m-3")
    assert [event for event in at.effects() if event in anew] == anew


def test_a_topic_that_is_not_there_holds_nobody_up_and_is_read_when_it_is_made(at: Bench) -> None:
    loop = at.loop()
    del at.log.topics[SEIZURES]
    check_flow(at, "m-1")
    assert loop.caught_up()
    assert at.notes.of("paused") == [(SEIZURES, "topic_missing")]
    at.log.topics[SEIZURES] = []
    at.group.share()
    (event,) = put(at, 1)
    at.drain(loop)
    assert event in at.effects()
    assert at.notes.of("resumed") == [(SEIZURES,)]


def test_a_topic_that_goes_away_while_it_is_read_is_told_once(at: Bench) -> None:
    put(at, 1)
    loop = at.loop()
    at.drain(loop)
    del at.log.topics[SEIZURES]
    at.group.share()
    check_flow(at, "m-1")
    check_flow(at, "m-2")
    assert at.notes.of("paused") == [(SEIZURES, "topic_missing")]


def test_nothing_is_decided_without_the_topic_of_decisions(at: Bench) -> None:
    loop = at.loop()
    del at.log.topics[DECISIONS]
    for _ in range(3):
        with pytest.raises(BrokerAway, match=r"region\.decision is not there"):
            loop.run_once()
    assert not loop.caught_up()
    at.log.topics[DECISIONS] = []
    at.group.share()
    at.drain(loop)
    assert loop.caught_up()
