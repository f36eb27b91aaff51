import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust.gaps import ChainPosition, Gap, advance, chain_gaps
from schemas.trust.seal import Seal
from sealing import claims

Number = tuple[int, int]


def a_seal(life: int, seq: int, after: Number | None = None, topic: str = "rs.trace") -> Seal:
    return Seal(claims(topic=topic, life=life, seq=seq, after=after), b"")


def gaps(*seals: Seal, from_lowest: bool = False) -> list[tuple[int, int, int]]:
    return [(gap.life, gap.first, gap.last) for gap in chain_gaps(seals, from_lowest=from_lowest)]


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ([], []),
        ([1], []),
        ([1, 2, 3], []),
        ([3, 1, 2, 2, 1], []),
        ([2], [(1, 1, 1)]),
        ([1, 5, 7], [(1, 2, 4), (1, 6, 6)]),
    ],
)
def test_a_life_is_counted_from_1_with_repeats_and_in_any_order(
    numbers: list[int], missing: list[tuple[int, int, int]]
) -> None:
    assert gaps(*[a_seal(1, number) for number in numbers]) == missing


@pytest.mark.parametrize(
    ("later", "missing"),
    [
        ([a_seal(2, 1, after=(1, 2))], []),
        ([a_seal(2, 1, after=(1, 5)), a_seal(2, 2)], [(1, 3, 5)]),
        ([a_seal(2, 2)], [(2, 1, 1)]),
        ([a_seal(3, 1, after=(2, 0))], []),
        ([a_seal(3, 1, after=(2, 4)), a_seal(2, 2)], [(2, 1, 1), (2, 3, 4)]),
    ],
)
def test_a_later_life_names_where_the_one_before_stood(later: list[Seal], missing: list[tuple[int, int, int]]) -> None:
    assert gaps(a_seal(1, 1), a_seal(1, 2), *later) == missing


def test_a_life_that_is_missing_altogether_is_named() -> None:
    assert gaps(a_seal(2, 1, after=(1, 9))) == [(1, 1, 9)]


def test_topics_with_retention_are_counted_from_the_lowest_number_on_the_log() -> None:
    assert gaps(a_seal(1, 40), a_seal(1, 42), from_lowest=True) == [(1, 41, 41)]
    assert gaps(a_seal(2, 1, after=(1, 9)), from_lowest=True) == []


def test_chains_are_counted_apart() -> None:
    both = [a_seal(1, 2), a_seal(1, 1, topic="rs.seizure"), a_seal(1, 3, topic="rs.seizure")]
    assert chain_gaps(both) == [Gap("rs.seizure", "rs", 1, 2, 2), Gap("rs.trace", "rs", 1, 1, 1)]


@given(st.sets(st.integers(1, 60)), st.permutations(range(1, 61)))
def test_the_gaps_are_the_numbers_that_are_not_there(numbers: set[int], order: list[int]) -> None:
    present = [number for number in order if number in numbers]
    named = {n for _, first, last in gaps(*[a_seal(1, n) for n in present]) for n in range(first, last + 1)}
    assert named == set(range(1, max(numbers, default=0) + 1)) - numbers


@given(st.lists(st.integers(1, 30)))
def test_along_a_topic_what_is_jumped_over_is_named_and_repeats_move_nothing(numbers: list[int]) -> None:
    at, named = None, set()
    for number in numbers:
        at, jumped = advance(at, a_seal(1, number).claims)
        named |= {n for gap in jumped for n in range(gap.first, gap.last + 1)}
    rising = {n for place, n in enumerate(numbers) if n > max(numbers[:place], default=0)}
    assert named == set(range(1, max(numbers, default=0) + 1)) - rising
    assert (at.seq if at else 0) == max(numbers, default=0)


@pytest.mark.parametrize(
    ("at", "seal", "jumped"),
    [
        (None, a_seal(2, 1, after=(1, 3)), [(1, 1, 3)]),
        ((1, 3), a_seal(2, 1, after=(1, 3)), []),
        ((1, 3), a_seal(2, 1, after=(1, 5)), [(1, 4, 5)]),
        ((1, 3), a_seal(2, 4), [(2, 1, 3)]),
        ((2, 3), a_seal(1, 9), []),
    ],
)
def test_a_new_life_along_a_topic_names_what_it_leaves_behind(
    at: Number | None, seal: Seal, jumped: list[tuple[int, int, int]]
) -> None:
    before = ChainPosition("rs.trace", "rs", *at) if at else None
    position, named = advance(before, seal.claims)
    assert [(gap.life, gap.first, gap.last) for gap in named] == jumped
    assert (position.life, position.seq) == max(at or (0, 0), (seal.claims.life, seal.claims.seq))
