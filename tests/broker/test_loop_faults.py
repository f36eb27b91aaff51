"""What cannot be used waits in quarantine; what is away is waited for; one topic's trouble is nobody else's."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from consumers.checked import CheckedEvent, SetAside
from consumers.store import positions
from consumers.store.buckets import bucket_of
from looping import Bench, Ledger, bench
from records import Station, a_missing, a_seizure
from running import until
from schemas.errors import BrokerAway, PositionLost, Stop, StoreAway, Unusable
from schemas.record import Record, TopicBounds
from schemas.steps import Step
from twins import TwinSource

SEIZURES, MISSING = "rs.seizure", "rs.missing"
NUL = "a\x00b"


@pytest.fixture
def at(database: str) -> Iterator[Bench]:
    opened = bench(database, [SEIZURES, MISSING])
    yield opened
    opened.close()


def put_seizures(at: Bench, count: int) -> list[str]:
    events = [a_seizure(f"case-{number}") for number in range(count)]
    Station(SEIZURES).put(at.log, *events)
    return [event.event_id for event in events]


def put_foreign(at: Bench, count: int, topic: str = SEIZURES) -> None:
    for number in range(count):
        at.log.write(topic, b"key", b"foreign %d" % number)


def test_foreign_bytes_wait_in_quarantine_and_belong_to_nobody(at: Bench) -> None:
    at.log.write(SEIZURES, None, None)
    at.log.write(SEIZURES, b"\x00\xff", b"\x00\xff", (("na\x00me", b"\xff"), ("seal", b"x")))
    (event,) = put_seizures(at, 1)
    at.drain(at.loop())
    assert at.effects() == [event]
    assert at.reasons() == [(SEIZURES, 0, "no_seal"), (SEIZURES, 1, "bad_seal_form")]
    assert at.rows("select distinct member, event_id, verdict from quarantine") == [(None, None, "foreign")]
    assert at.positions()[SEIZURES] == 3


def fail_on(name: str, raising: Any) -> Ledger:
    def broken(checked: CheckedEvent) -> SetAside | None:
        if getattr(checked.event, "own_reference", None) == name:
            raise raising
        return None

    return Ledger(broken)


@pytest.mark.parametrize("bad", [0, 3, 10])
def test_a_failing_batch_is_split_until_the_one_record_is_found(at: Bench, bad: int) -> None:
    seizures = put_seizures(at, 11)
    at.handler = fail_on(f"case-{bad}", KeyError("marks"))
    at.drain(at.loop())
    assert at.effects() == [event for event in seizures if event != seizures[bad]]
    assert at.reasons() == [(SEIZURES, bad, "handler_failed")]
    assert at.rows("select event_id, member, parameters from quarantine") == [
        (seizures[bad], "RS", {"error": "KeyError"})
    ]
    assert at.positions()[SEIZURES] == 11


def test_an_unusable_event_keeps_the_handlers_own_reason(at: Bench) -> None:
    put_seizures(at, 2)
    at.handler = fail_on("case-1", Unusable("no", code="not_for_us"))
    at.drain(at.loop())
    assert at.reasons() == [(SEIZURES, 1, "not_for_us")]


class Writing(Ledger):
    """A handler that lets the driver or the server refuse one event's text."""

    def __init__(self, statement: str, value: object) -> None:
        super().__init__()
        self._statement, self._value = statement, value

    def fold(self, transaction: Connection[Any], events: Any) -> Any:
        for checked in events:
            if checked.event.own_reference == "case-2":
                transaction.execute(self._statement, [self._value])
        return super().fold(transaction, events)


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("insert into effect (event_id) values (%s)", NUL),
        ("select %s::jsonb", '{"text": "\\u0000"}'),
        ("select %s::int", "not a number"),
        ("insert into topic_position (topic, next_offset) values (%s, -1)", "other"),
    ],
)
def test_what_the_database_refuses_of_one_event_costs_that_event_only(at: Bench, statement: str, value: object) -> None:
    seizures = put_seizures(at, 4)
    at.handler = Writing(statement, value)
    at.drain(at.loop())
    assert at.effects() == [seizures[0], seizures[1], seizures[3]]
    assert [reason for _, _, reason in at.reasons()] == ["handler_failed"]


def test_a_missing_table_is_the_databases_error_and_waits(at: Bench) -> None:
    seizures = put_seizures(at, 3)
    loop = at.loop()
    with psycopg.connect(at.url) as connection:
        connection.execute("alter table effect rename to gone")
    with pytest.raises(StoreAway):
        at.drain(loop)
    with psycopg.connect(at.url) as connection:
        connection.execute("alter table gone rename to effect")
    at.drain(loop)
    assert at.effects() == seizures
    assert at.reasons() == []


def test_a_lost_connection_is_opened_again_and_nothing_is_doubled(at: Bench) -> None:
    seizures = put_seizures(at, 6)
    at.limit = 2
    cuts = iter([True, False, True])

    def cut_off(step: Step) -> None:
        if step is Step.POSITIONED and next(cuts, False):
            with psycopg.connect(at.url, autocommit=True) as other:
                other.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and application_name = 'test'"  # the loop's own
                )

    stop = threading.Event()
    loop = at.loop(cut_off)
    runner = threading.Thread(target=loop.run, args=[stop])
    runner.start()
    try:
        until(lambda: at.positions().get(SEIZURES, 0) == 6 or not runner.is_alive(), "all of it to be folded")
    finally:
        stop.set()
        runner.join()
    assert at.effects() == seizures
    assert at.notes.of("away") == [("store_away",)] * 2


class Deadlocked(Ledger):
    """A handler that is the victim of a deadlock a few times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    def fold(self, transaction: Connection[Any], events: Any) -> Any:
        aside = super().fold(transaction, events)
        if self.left:
            self.left -= 1
            transaction.execute("do $$ begin raise exception 'victim' using errcode = '40P01'; end $$")
        return aside


def test_a_deadlock_is_tried_again_at_once(at: Bench) -> None:
    seizures = put_seizures(at, 3)
    at.handler = Deadlocked(3)
    at.drain(at.loop())
    assert at.effects() == seizures
    assert at.notes.of("away") == []


def test_a_topic_at_its_limit_is_paused_and_the_others_flow(at: Bench) -> None:
    at.quarantine_limit = 3
    put_foreign(at, 10)
    guns = [a_missing(f"gun-{number}") for number in range(5)]
    Station(MISSING).put(at.log, *guns)
    loop = at.loop()
    at.drain(loop)
    assert len(at.reasons()) == 3
    assert at.positions() == {SEIZURES: 3, MISSING: 5}
    assert at.notes.of("paused") == [(SEIZURES, "quarantine_full")]
    assert at.rows("select topic, paused from topic_position where paused is not null") == [
        (SEIZURES, "quarantine_full")
    ]
    assert loop.caught_up()
    at.drain(at.loop())
    assert len(at.reasons()) == 3


def test_good_events_before_the_limit_are_folded(at: Bench) -> None:
    at.quarantine_limit = 1
    station = Station(SEIZURES)
    station.put(at.log, a_seizure("case-1"))
    put_foreign(at, 1)
    station.put(at.log, a_seizure("case-2"))
    put_foreign(at, 1)
    station.put(at.log, a_seizure("case-3"))
    at.drain(at.loop())
    assert len(at.effects()) == 2
    assert at.positions()[SEIZURES] == 3


def test_a_paused_topic_flows_again_when_a_person_lets_it(at: Bench) -> None:
    at.quarantine_limit = 1
    put_foreign(at, 2)
    (event,) = put_seizures(at, 1)
    loop = at.loop()
    at.drain(loop)
    assert at.effects() == []
    with psycopg.connect(at.url) as connection:
        connection.execute("update quarantine set settled = 'discarded', settled_at = now()")
        assert positions.let_flow(connection, SEIZURES)
    at.drain(loop)
    assert at.notes.of("resumed") == [(SEIZURES,)]
    assert at.effects() == [event]


def test_a_hole_is_looked_at_twice_and_then_told(at: Bench) -> None:
    seizures = put_seizures(at, 6)
    del at.log.topics[SEIZURES][2:4]
    loop = at.loop()
    loop.run_once()
    assert at.positions()[SEIZURES] == 0
    loop.run_once()
    assert at.positions()[SEIZURES] == 2
    at.drain(loop)
    assert at.effects() == [*seizures[:2], *seizures[4:]]
    assert at.notes.of("gap") == [(SEIZURES, 2, 3)]
    assert at.positions()[SEIZURES] == 6


def test_a_hole_that_was_only_a_stale_read_is_no_gap(at: Bench) -> None:
    seizures = put_seizures(at, 4)
    missing = at.log.topics[SEIZURES].pop(1)
    loop = at.loop()
    at.drain(loop, polls=2)
    at.log.topics[SEIZURES].insert(1, missing)
    at.drain(loop)
    assert at.effects() == seizures
    assert at.notes.of("gap") == []


def test_a_hole_beside_a_failing_record_is_passed_too(at: Bench) -> None:
    seizures = put_seizures(at, 8)
    del at.log.topics[SEIZURES][3]
    at.handler = fail_on("case-6", ValueError())
    at.drain(at.loop())
    assert at.effects() == [e for number, e in enumerate(seizures) if number not in {3, 6}]
    assert at.notes.of("gap") == [(SEIZURES, 3, 3)]
    assert at.reasons() == [(SEIZURES, 6, "handler_failed")]


def test_a_hole_after_a_failing_record_is_looked_at_once_more_only(at: Bench) -> None:
    seizures = put_seizures(at, 8)
    del at.log.topics[SEIZURES][1]
    at.handler = fail_on("case-0", ValueError())
    at.drain(at.loop(), polls=3)
    assert at.effects() == [e for number, e in enumerate(seizures) if number not in {0, 1}]


def test_a_topic_that_another_instance_paused_is_not_folded_here(at: Bench) -> None:
    loop = at.loop()
    loop.run_once()
    with psycopg.connect(at.url) as connection:
        positions.pause(connection, SEIZURES, "quarantine_full")
    put_seizures(at, 3)
    at.drain(loop)
    assert at.effects() == []
    assert at.notes.of("paused") == [(SEIZURES, "quarantine_full")]


def test_a_log_that_starts_after_the_position_stops_the_loop(at: Bench) -> None:
    put_seizures(at, 5)
    at.drain(at.loop(), polls=3)
    put_seizures(at, 5)
    at.log.starts[SEIZURES] = 7
    with pytest.raises(PositionLost, match=r"rs\.seizure"):
        at.drain(at.loop())
    assert at.positions()[SEIZURES] == 5


def test_a_log_that_loses_its_start_while_it_is_read_stops_the_loop(at: Bench) -> None:
    put_seizures(at, 5)
    loop = at.loop()
    loop.run_once()
    at.log.starts[SEIZURES] = 3
    with pytest.raises(PositionLost):
        at.drain(loop)


def test_a_log_that_ends_before_the_position_stops_the_loop(at: Bench) -> None:
    put_seizures(at, 5)
    at.drain(at.loop())
    del at.log.topics[SEIZURES][3:]
    with pytest.raises(PositionLost):
        at.drain(at.loop())


def test_on_a_topic_with_retention_the_start_is_taken_and_the_loss_is_named(at: Bench) -> None:
    at.short_lived = frozenset({SEIZURES})
    seizures = put_seizures(at, 5)
    at.log.starts[SEIZURES] = 2
    at.drain(at.loop())
    assert at.effects() == seizures[2:]
    assert at.notes.of("loss") == [(SEIZURES, 0, 1)]


def test_stop_ends_a_run_and_passes_through(at: Bench) -> None:
    put_seizures(at, 2)
    at.handler = fail_on("case-1", Stop("a handler found its database in another's hands"))
    with pytest.raises(Stop):
        at.loop().run(threading.Event())
    assert at.effects() == []


def test_an_unreadable_record_does_not_end_up_in_limbo(at: Bench) -> None:
    put_foreign(at, 1)
    at.log.topics[SEIZURES][0] = replace(at.log.topics[SEIZURES][0], headers=(("unreadable", b"x"),), value=None)
    at.drain(at.loop())
    assert at.reasons() == [(SEIZURES, 0, "unreadable")]
    assert isinstance(at.log.topics[SEIZURES][0], Record)


def test_buckets_are_the_same_in_every_process() -> None:
    assert bucket_of("3c8d7a92-8df0-5d34-9a0e-6a6b6f6a2c11") == 664
    assert {bucket_of(str(number)) for number in range(20_000)} == set(range(1024))


class AwayAfterAHole(TwinSource):
    """A broker that answers what is asked about the first hole, and then nothing once."""

    asked = 0

    def bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        self.asked += bool(self.asked) or list(topics) == [SEIZURES]
        if self.asked == 2:
            raise BrokerAway("the broker restarts")
        return super().bounds(topics)


def test_a_hole_is_looked_at_again_when_the_broker_went_away_after_it_was_met(at: Bench) -> None:
    seizures = put_seizures(at, 4)
    late = at.log.topics[SEIZURES].pop(0)
    loop = at.loop(source=AwayAfterAHole(at.group))
    loop.run_once()
    with pytest.raises(BrokerAway):
        loop.run_once()
    at.log.topics[SEIZURES].insert(0, late)
    at.drain(loop)
    assert at.notes.of("gap") == []
    assert at.effects() == seizures
