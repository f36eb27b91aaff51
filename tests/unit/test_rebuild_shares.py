"""How a rebuild's topics are shared by processes, and what their word is worth."""

from multiprocessing import Pipe
from multiprocessing.connection import Connection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interfocal.rebuild.sharing import MOST_PROCESSES, WORTH_RECORDS, divide, follow, processes_for
from schemas.errors import PositionLost, Stop

TOPICS = st.from_regex(r"[a-z]{2}\.(seizure|missing|trace)", fullmatch=True)


@given(st.dictionaries(TOPICS, st.integers(0, 10_000), max_size=20), st.integers(1, 16))
def test_every_topic_with_something_left_is_folded_by_exactly_one_process(left: dict[str, int], processes: int) -> None:
    shares = divide(left, processes)
    assert sorted(topic for share in shares for topic in share) == sorted(topic for topic in left if left[topic])
    assert len(shares) <= processes
    assert all(shares)


@given(st.dictionaries(TOPICS, st.integers(1, 10_000), min_size=1, max_size=20), st.integers(1, 16))
def test_no_process_has_more_than_another_by_more_than_one_topic(left: dict[str, int], processes: int) -> None:
    loads = [sum(left[topic] for topic in share) for share in divide(left, processes)]
    assert max(loads) - min(loads) <= max(left.values())


def test_a_small_rebuild_starts_no_process_and_a_large_one_as_many_as_it_is_worth() -> None:
    assert processes_for(WORTH_RECORDS - 1, None) == 1
    assert 1 <= processes_for(WORTH_RECORDS, None) <= MOST_PROCESSES
    assert processes_for(1, 3) == 3


class Heard:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def folded_to(self, positions: object) -> None:
        self.told.append(("folded_to", positions))

    def gap(self, topic: str, first: int, last: int) -> None:
        self.told.append(("gap", topic, first, last))

    def unusable(self, reason: str) -> None:
        self.told.append(("unusable", reason))

    def say(self, sentence: str) -> None:
        self.told.append(("say", sentence))


@pytest.fixture
def pipes() -> list[tuple[Connection, Connection]]:
    return [Pipe(duplex=False) for _ in range(2)]


def test_what_each_process_says_is_handed_on_until_all_are_done(pipes: list[tuple[Connection, Connection]]) -> None:
    said = [("folded_to", {"aa.seizure": 3}), ("gap", "aa.seizure", 1, 2), ("unusable", "no_seal"), ("say", "away")]
    for _, sending in pipes:
        for one in (*said, None):
            sending.send(one)
    heard = Heard()
    follow([receiving for receiving, _ in pipes], heard)
    assert sorted(map(repr, heard.told)) == sorted(map(repr, said * 2))


def test_a_process_that_ends_before_it_is_done_is_never_taken_for_one_that_has_folded(
    pipes: list[tuple[Connection, Connection]],
) -> None:
    (first, ending), (second, sending) = pipes
    ending.close()
    sending.send(None)
    with pytest.raises(Stop, match="rebuild again"):
        follow([first, second], Heard())


def test_an_error_of_one_process_is_the_rebuilds_with_its_code_and_parameters(
    pipes: list[tuple[Connection, Connection]],
) -> None:
    (first, sending), _ = pipes
    sending.send(PositionLost("aa.seizure is folded to 3", parameters={"topic": "aa.seizure"}))
    with pytest.raises(PositionLost, match="folded to 3") as raised:
        follow([first], Heard())
    assert (raised.value.code, raised.value.parameters) == ("position_lost", {"topic": "aa.seizure"})
