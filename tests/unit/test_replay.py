"""A replay hands out every record before its ends once, whatever is missing there, and nothing past them."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.replay import Replay
from schemas.errors import BrokerAway
from schemas.record import Position, Record
from twins import TwinLog, TwinReader

TOPICS = ("al.seizure", "rs.missing", "rs.seizure")
Place = tuple[str, int]


def a_log(counts: Iterable[int], gone: Iterable[Place] = ()) -> TwinLog:
    """A log of so many records on each topic, of which those in ``gone`` are missing."""
    log = TwinLog(TOPICS)
    for topic, count in zip(TOPICS, counts, strict=True):
        for number in range(count):
            log.write(topic, b"k", b"%d" % number)
    missing = set(gone)
    for topic, records in log.topics.items():
        log.topics[topic] = [record for record in records if (topic, record.offset) not in missing]
    return log


def read_all(replay: Replay, limit: int = 3) -> list[Place]:
    """Everything that is handed out until it is finished."""
    found: list[Place] = []
    while not replay.finished():
        found += [(topic, record.offset) for topic, own in replay.poll(0, limit).items() for record in own]
    return found


counts = st.lists(st.integers(0, 9), min_size=3, max_size=3)
places = st.sets(st.tuples(st.sampled_from(TOPICS), st.integers(0, 8)))


@given(counts, st.lists(st.integers(0, 9), min_size=3, max_size=3), places, st.integers(1, 5))
def test_everything_before_the_ends_is_handed_out_once_and_nothing_else(
    there: list[int], wanted: list[int], gone: set[Place], limit: int
) -> None:
    last = {(topic, count - 1) for topic, count in zip(TOPICS, there, strict=True)}
    log = a_log(there, gone - last)  # a log without its last record ends before it
    ends = {topic: min(one, other) for topic, one, other in zip(TOPICS, there, wanted, strict=True)}
    found = read_all(Replay(TwinReader(log), ends), limit)
    expected = [
        (topic, record.offset) for topic in TOPICS for record in log.topics[topic] if record.offset < ends[topic]
    ]
    assert sorted(found) == sorted(expected)
    assert [offset for topic, offset in found if topic == TOPICS[0]] == sorted(
        offset for topic, offset in found if topic == TOPICS[0]
    )


def test_it_is_finished_when_what_lies_right_before_an_end_is_missing() -> None:
    log = a_log([6, 0, 0], {(TOPICS[0], 3), (TOPICS[0], 4)})
    assert read_all(Replay(TwinReader(log), {TOPICS[0]: 5})) == [(TOPICS[0], offset) for offset in range(3)]


def test_whoever_seeks_back_is_given_the_records_again() -> None:
    replay = Replay(TwinReader(a_log([4, 0, 0])), {TOPICS[0]: 4})
    assert len(read_all(replay)) == 4
    replay.seek(Position(TOPICS[0], 2))
    assert not replay.finished()
    assert read_all(replay) == [(TOPICS[0], 2), (TOPICS[0], 3)]


class Interrupted(TwinReader):
    """A reader whose broker goes away in the middle of the second topic, once."""

    away = True

    def read(self, topic: str, start: int, end: int) -> Iterable[Record]:
        for record in super().read(topic, start, end):
            if self.away and record.offset == 1 and topic == TOPICS[1]:
                self.away = False
                raise BrokerAway("away")
            yield record


def test_a_broker_that_goes_away_loses_nothing_of_any_topic() -> None:
    replay = Replay(Interrupted(a_log([2, 2, 0])), {TOPICS[0]: 2, TOPICS[1]: 2})
    with pytest.raises(BrokerAway):
        replay.poll(0, 10)
    assert read_all(replay) == [(topic, offset) for topic in TOPICS[:2] for offset in range(2)]


def test_the_ends_are_where_the_log_counts_as_ending() -> None:
    replay = Replay(TwinReader(a_log([5, 0, 2])), {TOPICS[0]: 3, TOPICS[2]: 9})
    assert {topic: bounds.end for topic, bounds in replay.bounds([TOPICS[0], TOPICS[2]]).items()} == {
        TOPICS[0]: 3,
        TOPICS[2]: 2,
    }


def test_positions_are_told_to_whoever_shows_the_progress() -> None:
    told: dict[str, int] = {}
    Replay(TwinReader(a_log([1, 0, 0])), {TOPICS[0]: 1}, told.update).commit([Position(TOPICS[0], 1)])
    assert told == {TOPICS[0]: 1}
