"""How many requests a caller may send, by a clock that the test moves."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from producers.ways_in.allowance import MOST_KEPT, Allowance


@dataclass
class Clock:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def test_so_many_at_once_and_then_one_for_each_part_of_a_second() -> None:
    clock = Clock()
    allowance = Allowance(2.0, 3, clock)
    assert [allowance.wait_s("a") for _ in range(3)] == [0.0] * 3
    assert allowance.wait_s("a") == 0.5
    clock.at = 0.5
    assert allowance.wait_s("a") == 0.0
    assert allowance.wait_s("a") == 0.5


def test_one_that_runs_wild_takes_nothing_from_another() -> None:
    allowance = Allowance(1.0, 1, Clock())
    assert [allowance.wait_s("wild") for _ in range(100)].count(0.0) == 1
    assert allowance.wait_s("calm") == 0.0


@given(st.lists(st.floats(0, 10), min_size=1, max_size=200))
def test_never_more_than_the_rate_and_what_may_come_at_once(pauses: list[float]) -> None:
    clock = Clock()
    allowance = Allowance(3.0, 5, clock)
    allowed = 0
    for pause in pauses:
        clock.at += pause
        allowed += allowance.wait_s("a") == 0.0
    assert allowed <= 5 + 3.0 * clock.at + 1e-6


@given(st.integers(0, 50))
def test_who_waits_as_long_as_told_is_let_through(tries: int) -> None:
    clock = Clock()
    allowance = Allowance(3.0, 2, clock)
    for _ in range(tries):
        allowance.wait_s("a")
    while not (told := allowance.wait_s("a")):
        pass
    clock.at += told
    assert allowance.wait_s("a") == 0.0


def test_callers_that_are_made_up_are_forgotten_once_they_have_everything_left_again() -> None:
    clock = Clock()
    allowance = Allowance(1.0, 2, clock)
    for name in range(5 * MOST_KEPT):
        clock.at += 0.01
        assert allowance.wait_s(name) == 0.0
    assert len(allowance._left) <= MOST_KEPT  # noqa: SLF001  # its memory is what is promised


def test_nobody_is_forgotten_that_has_to_wait() -> None:
    clock = Clock()
    allowance = Allowance(1.0, 2, clock)
    wild = [f"wild {number}" for number in range(MOST_KEPT)]
    assert [allowance.wait_s(name) for name in 3 * wild].count(0.0) == 2 * MOST_KEPT
    assert [allowance.wait_s(name) for name in range(MOST_KEPT)] == [0.0] * MOST_KEPT
    assert min(allowance.wait_s(name) for name in wild) > 0
