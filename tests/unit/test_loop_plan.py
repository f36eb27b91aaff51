"""What is folded next is folded once, in order, and stops before a hole that was not looked at twice."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import errors

from consumers.checking import Checked
from consumers.plan import Batch, Cut, Hole, cut
from consumers.progress import behind
from consumers.quarantine.entries import Faulty, Verdict
from consumers.store.connection import Meaning, meaning_of
from consumers.store.positions import PositionMoved, Stored
from schemas.errors import StoreAway, Unusable
from schemas.record import Record

OFFSETS = st.lists(st.integers(0, 30), unique=True).map(sorted)


def item(offset: int, topic: str = "rs.seizure") -> Checked:
    return Faulty(Record(topic, offset, None, None), Verdict.FOREIGN, "no_seal")


def offsets(part: Cut) -> list[int]:
    return [usable.record.offset for usable in part.usable]


@given(OFFSETS, st.integers(0, 30))
def test_nothing_is_folded_twice_or_after_a_hole(read: list[int], stored: int) -> None:
    part = cut([item(offset) for offset in read], stored, None)
    assert offsets(part) == list(range(stored, part.next_offset))
    assert set(offsets(part)) <= set(read)
    rest = [offset for offset in read if offset >= part.next_offset]
    assert part.hole == (Hole(part.next_offset, rest[0]) if rest else None)
    assert part.gaps == []


@given(OFFSETS, st.integers(0, 30))
def test_looking_at_every_hole_twice_folds_all_that_there_is(read: list[int], stored: int) -> None:
    items, position, known = [item(offset) for offset in read], stored, None
    folded: list[int] = []
    missing: list[int] = []
    for _ in range(2 * len(read) + 2):
        part = cut(items, position, known)
        folded += offsets(part)
        missing += [offset for gap in part.gaps for offset in range(gap.expected, gap.found)]
        position, known = part.next_offset, part.hole
    assert folded == [offset for offset in read if offset >= stored]
    assert sorted(folded + missing) == list(range(stored, position))


def test_another_hole_than_the_one_looked_at_is_not_passed() -> None:
    part = cut([item(5), item(6)], 3, Hole(3, 4))
    assert (part.next_offset, part.hole) == (3, Hole(3, 5))


@given(OFFSETS, OFFSETS)
def test_halves_are_the_batch_in_its_order(one: list[int], other: list[int]) -> None:
    items = {"a.x": [item(offset, "a.x") for offset in one], "b.x": [item(offset, "b.x") for offset in other]}
    batch = Batch({topic: own for topic, own in items.items() if own})
    first, second = batch.halves()
    assert first.size + second.size == batch.size
    assert abs(first.size - second.size) <= 1
    for topic, own in batch.items.items():
        assert [*first.items.get(topic, []), *second.items.get(topic, [])] == own


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (errors.DeadlockDetected(), Meaning.AGAIN),
        (errors.SerializationFailure(), Meaning.AGAIN),
        (psycopg.DataError("NUL"), Meaning.OF_THE_DATA),
        (errors.NumericValueOutOfRange(), Meaning.OF_THE_DATA),
        (errors.UniqueViolation(), Meaning.OF_THE_DATA),
        (errors.ProgramLimitExceeded(), Meaning.OF_THE_DATA),
        (errors.InFailedSqlTransaction(), Meaning.OF_THE_DATA),
        (psycopg.ProgrammingError("cannot adapt type"), Meaning.OF_THE_DATA),
        (KeyError("marks"), Meaning.OF_THE_DATA),
        (Unusable("no"), Meaning.OF_THE_DATA),
        (psycopg.OperationalError("the connection is lost"), Meaning.AWAY),
        (psycopg.InterfaceError("the connection is closed"), Meaning.AWAY),
        (errors.AdminShutdown(), Meaning.AWAY),
        (errors.DiskFull(), Meaning.AWAY),
        (errors.UndefinedTable(), Meaning.AWAY),
        (errors.InsufficientPrivilege(), Meaning.AWAY),
        (StoreAway("away"), Meaning.AWAY),
        (PositionMoved("moved"), Meaning.NOT_OURS),
    ],
)
def test_only_an_error_of_the_data_costs_an_event_its_effect(error: Exception, meaning: Meaning) -> None:
    assert meaning_of(error) is meaning


def test_the_barrier_waits_for_each_topic_that_flows() -> None:
    stored = {"a": Stored(3, None), "b": Stored(5, None), "c": Stored(0, "quarantine_full")}
    assert behind({"a": 4, "b": 5, "c": 9, "d": 0, "e": 2}, stored) == {"a": 1, "e": 2}


def test_a_pause_of_the_region_s_decisions_keeps_the_start_barrier_shut() -> None:
    stored = {"region.decision": Stored(2, "quarantine_full"), "rs.trace": Stored(2, "quarantine_full")}
    assert behind({"region.decision": 5, "rs.trace": 5}, stored) == {"region.decision": 3}
