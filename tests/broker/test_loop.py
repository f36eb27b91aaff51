"""Effects, event rows, quarantine and positions move together: nothing is lost, nothing counts twice."""

from collections.abc import Iterator, Mapping, Sequence

import psycopg
import pytest

from consumers.checked import CheckedEvent, SetAside
from consumers.store import positions
from looping import Bench, Killed, Ledger, bench
from records import Station, a_missing, a_seizure
from schemas.record import Record
from schemas.steps import Step
from twins import TwinSource

SEIZURES, MISSING = "rs.seizure", "rs.missing"
OF_A_LOOP = [Step.POLLED, Step.CHECKED, Step.FOLDED, Step.POSITIONED, Step.COMMITTED]


@pytest.fixture
def at(database: str) -> Iterator[Bench]:
    opened = bench(database, [SEIZURES, MISSING])
    yield opened
    opened.close()


def put_seizures(at: Bench, count: int) -> list[str]:
    events = [a_seizure(f"case-{number}") for number in range(count)]
    Station(SEIZURES).put(at.log, *events)
    return [event.event_id for event in events]


def test_every_event_has_its_effect_once_and_in_order(at: Bench) -> None:
    seizures = put_seizures(at, 7)
    other = a_missing("gun-1")
    Station(MISSING).put(at.log, other)
    loop = at.loop()
    at.drain(loop)
    assert [event for event in at.effects() if event != other.event_id] == seizures
    assert at.positions() == {SEIZURES: 7, MISSING: 1}
    assert at.notes.of("folded") == [(MISSING, 1), (SEIZURES, 7)]
    assert at.group.committed == {SEIZURES: 7, MISSING: 1}
    loop.close()


def test_a_row_of_an_applied_event_holds_the_record(at: Bench) -> None:
    event = a_seizure("case-1")
    record = Station(SEIZURES).record(event)
    at.log.write(SEIZURES, record.key, record.value, record.headers)
    at.drain(at.loop())
    ((topic, event_id, member, life, seq, offset, value, seal),) = at.rows(
        "select topic, event_id, member, life, seq, log_offset, value, seal from event"
    )
    assert (topic, event_id, member, life, seq, offset) == (SEIZURES, event.event_id, "RS", 1, 1, 0)
    assert value == record.value
    assert seal.encode() == record.header_values("seal")[0]


@pytest.mark.parametrize("step", OF_A_LOOP)
@pytest.mark.parametrize("batch", [1, 2])
def test_a_kill_after_any_step_loses_and_doubles_nothing(at: Bench, step: Step, batch: int) -> None:
    seizures = put_seizures(at, 9)
    at.limit = 4
    seen: list[Step] = []

    def reached(passed: Step) -> None:
        seen.append(passed)
        if seen.count(step) == batch and passed is step:
            raise Killed

    first = at.loop(reached)
    with pytest.raises(Killed):
        at.drain(first)
    first.close()
    at.drain(at.loop())
    assert at.effects() == seizures
    assert at.positions()[SEIZURES] == 9


def test_the_steps_of_a_loop_are_taken_in_their_order(at: Bench) -> None:
    put_seizures(at, 1)
    seen: list[Step] = []
    at.drain(at.loop(seen.append))
    assert seen == OF_A_LOOP


def test_a_repeat_has_no_effect_and_raises_no_alarm(at: Bench) -> None:
    station = Station(SEIZURES)
    event = a_seizure("case-1")
    station.put(at.log, event, event)
    at.drain(at.loop())
    station.put(at.log, event)
    at.drain(at.loop())
    assert at.effects() == [event.event_id]
    assert at.positions()[SEIZURES] == 3
    assert at.notes.of("conflict") == []
    assert at.reasons() == []


def test_other_bytes_under_a_known_id_are_both_kept_and_told(at: Bench) -> None:
    event = a_seizure("case-1")
    Station(SEIZURES).put(at.log, event, a_seizure("case-1", context="search"))
    at.drain(at.loop())
    assert at.effects() == [event.event_id] * 2
    assert at.notes.of("conflict") == [(SEIZURES, event.event_id)]


def test_two_instances_share_the_topics_and_double_nothing(at: Bench) -> None:
    seizures = put_seizures(at, 6)
    gun = a_missing("gun-1")
    Station(MISSING).put(at.log, gun)
    at.limit = 2
    one, other = at.loop(), at.loop()
    for _ in range(6):
        one.run_once()
        other.run_once()
    assert sorted(at.effects()) == sorted([*seizures, gun.event_id])
    assert at.positions() == {SEIZURES: 6, MISSING: 1}
    one.close()
    put = Station(MISSING).put(at.log, a_missing("gun-2"))
    at.drain(other)
    assert at.positions()[MISSING] == put[-1] + 1


class Stale(TwinSource):
    """A source that does not know yet that it lost its topics: it keeps reading what it had."""

    def __init__(self, records: Mapping[str, Sequence[Record]], at: Bench) -> None:
        super().__init__(at.group)
        self._records = records

    def poll(self, timeout_s: float, limit: int) -> Mapping[str, Sequence[Record]]:
        del timeout_s, limit
        return self._records


def test_an_instance_that_lost_a_topic_and_does_not_know_it_changes_nothing(at: Bench) -> None:
    seizures = put_seizures(at, 5)
    at.drain(at.loop())
    stale = at.loop(source=Stale({SEIZURES: at.log.topics[SEIZURES]}, at))
    assert stale.run_once() == 0
    assert at.effects() == seizures
    assert at.positions()[SEIZURES] == 5


def test_a_position_moves_only_from_where_it_was_expected(at: Bench) -> None:
    with psycopg.connect(at.url) as connection:
        positions.ensure(connection, [SEIZURES, MISSING])
        positions.move(connection, {SEIZURES: (0, 3)})
        with pytest.raises(positions.PositionMoved):
            positions.move(connection, {MISSING: (0, 1), SEIZURES: (0, 4)})


def test_a_kafka_that_forgot_the_group_changes_nothing(at: Bench) -> None:
    seizures = put_seizures(at, 5)
    at.drain(at.loop())
    at.group.committed = {SEIZURES: 2}
    again = at.loop()
    at.drain(again)
    assert at.effects() == seizures


def test_the_barrier_opens_when_all_that_was_there_at_the_start_is_folded(at: Bench) -> None:
    put_seizures(at, 5)
    at.limit = 2
    loop = at.loop()
    reached = []
    for _ in range(4):
        loop.run_once()
        reached.append(loop.caught_up())
    assert reached == [False, False, False, True]
    Station(MISSING).put(at.log, a_missing("gun-1"))
    assert loop.caught_up()


def test_the_lag_is_told(at: Bench) -> None:
    put_seizures(at, 3)
    at.limit = 2
    loop = at.loop()
    loop.run_once()
    loop.run_once()
    assert (SEIZURES, 1) in at.notes.of("lag")


def test_a_set_aside_event_is_quarantined_and_not_applied(at: Bench) -> None:
    def aside(checked: CheckedEvent) -> SetAside | None:
        if checked.event.revision == 2:
            return SetAside(checked.record.topic, checked.event.event_id, "wrong_party", {"act": "answer"})
        return None

    at.handler = Ledger(aside)
    Station(SEIZURES).put(at.log, a_seizure("case-1"), a_seizure("case-1", revision=2), a_seizure("case-2"))
    at.drain(at.loop())
    assert len(at.effects()) == 2
    assert at.reasons() == [(SEIZURES, 1, "wrong_party")]
    assert at.rows("select log_offset from event order by 1") == [(0,), (2,)]
    assert at.rows("select member, verdict, parameters from quarantine") == [("RS", "unusable", {"act": "answer"})]
