"""What the proof reads of one topic: every number of its chain, each for the first time in its order."""

from collections.abc import Sequence

import pytest

from consumers.checking import Terms
from interfocal.ledger.log import read_topic
from records import Station, a_seizure, signing_key
from schemas.record import UNREADABLE_HEADER, Record, TopicBounds
from sealing import expecting
from twins import TwinLog, TwinReader

TOPIC = "rs.seizure"


def problems(order: Sequence[int]) -> list[tuple[str, str]]:
    """Of a topic on which the numbers of one chain stand in this order."""
    written, read = TwinLog([TOPIC]), TwinLog([TOPIC])
    Station(TOPIC).put(written, *(a_seizure(f"case-{number}") for number in range(4)))
    for number in order:
        record = written.topics[TOPIC][number - 1]
        read.write(TOPIC, record.key, record.value, record.headers)
    log = read_topic(
        TwinReader(read), TOPIC, TopicBounds(0, len(order)), Terms(expecting(signing_key("rs")), exercise=True)
    )
    assert len(log.events) == len(order)
    return [(problem.code, problem.where) for problem in log.problems]


@pytest.mark.parametrize("order", [[1, 2, 3], [1, 2, 1, 2, 3], [1, 2, 3, 4, 2, 3, 4]])
def test_a_chain_in_order_is_whole_however_often_it_is_repeated(order: list[int]) -> None:
    assert problems(order) == []


def test_a_number_that_was_overtaken_is_found() -> None:
    assert problems([1, 3, 2, 3]) == [("out_of_order", f"{TOPIC} 2")]


def test_a_number_that_is_missing_is_found() -> None:
    assert problems([1, 3]) == [("chain_gap", f"{TOPIC} life 1: 2 to 2")]


def test_what_stands_for_several_offsets_is_one_foreign_record_and_no_hole() -> None:
    log = TwinLog([TOPIC])
    log.topics[TOPIC] += [Record(TOPIC, 0, None, None, ((UNREADABLE_HEADER, b"compressed"),), span=5)]
    log.write(TOPIC, b"k", b"v")
    found = read_topic(TwinReader(log), TOPIC, TopicBounds(0, 6), Terms(expecting(signing_key("rs")), exercise=True))
    assert (list(found.foreign), list(found.problems)) == ([0, 5], [])


def forks(*written: Record) -> list[tuple[str, str]]:
    """Of a topic on which these sealed records stand."""
    log = TwinLog([TOPIC])
    for record in written:
        log.write(TOPIC, record.key, record.value, record.headers)
    terms = Terms(expecting(signing_key("rs")), exercise=True)
    found = read_topic(TwinReader(log), TOPIC, TopicBounds(0, len(written)), terms)
    return [(problem.code, problem.where) for problem in found.problems]


def histories() -> tuple[list[Record], list[Record]]:
    """Two histories of one chain that part after its first number."""
    here, there = Station(TOPIC), Station(TOPIC)
    first = here.record(a_seizure("case-0"))
    there.record(a_seizure("case-0"))
    return (
        [first, *(here.record(a_seizure(f"case-{number}")) for number in (1, 2))],
        [first, *(there.record(a_seizure(f"other-{number}")) for number in (1, 2))],
    )


def test_two_records_under_one_number_are_a_fork() -> None:
    (one, two, three), (same, other, _) = histories()
    assert (forks(one, two, three), same) == ([], one)
    assert forks(one, two, other, three) == [("chain_fork", f"{TOPIC} life 1: 2 at offset 2")]


def test_a_record_that_follows_another_history_is_a_fork() -> None:
    (one, two, _), (_, _, other) = histories()
    assert forks(one, two, other) == [("chain_fork", f"{TOPIC} life 1: 3 at offset 2")]
