"""No call to a database lasts for ever: frozen, behind a lock or too slow, it is given up and tried again."""

import os
import signal
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from consumers.store.bounds import USUAL, Bounds, NoAnswer
from consumers.store.connection import TOO_SLOW, connector
from consumers.store.migrate import migrate
from consumers.store.session import Session
from looping import Ledger, bench
from records import Station, a_seizure
from schemas.errors import StoreAway

POLLS_S = 300.0  # between two of which Kafka keeps a consumer's topics for it, as its client's default is
ATTEMPTS_S = 10.0 + 10.0  # to connect anew, and the loop's longest pause


@pytest.fixture
def database(database: str) -> str:
    """A database with our tables: no session works with another."""
    migrate(database, "region")
    return database


def pid_of(session: Session) -> int:
    row = session.transact(lambda connection: connection.execute("select pg_backend_pid()").fetchone())
    assert row is not None
    return int(row[0])


def test_the_bounds_are_in_order_and_leave_a_consumer_its_topics() -> None:
    assert USUAL.lock_s < USUAL.statement_s < USUAL.answer_s
    assert 2 * (USUAL.answer_s + ATTEMPTS_S) < POLLS_S


@pytest.mark.parametrize("late", [False, True], ids=["at a statement", "at the commit"])
def test_a_server_that_is_frozen_is_given_up_and_found_again(database: str, late: bool) -> None:
    with closing(Session(connector(database, "test", bounds=Bounds(answer_s=5.0)))) as session:
        pid = pid_of(session)

        def work(connection: Connection[Any]) -> None:
            connection.execute("create table if not exists effect (n int)")
            os.kill(pid, signal.SIGSTOP)
            if not late:
                connection.execute("insert into effect values (1)")

        try:
            with pytest.raises(StoreAway) as told:
                session.transact(work)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert isinstance(told.value.__cause__, NoAnswer)
        assert pid_of(session) != pid


def test_a_lock_that_somebody_keeps_is_not_waited_for_without_end(database: str) -> None:
    bounds = Bounds(lock_s=0.2, statement_s=60.0)
    with psycopg.connect(database) as other, closing(Session(connector(database, "test", bounds=bounds))) as session:
        other.execute("create table held (n int)")
        with pytest.raises(StoreAway, match="55P03") as told:
            session.transact(lambda connection: connection.execute("create table held (n int)"))
        assert told.value.code == StoreAway.default_code


def test_a_statement_that_takes_too_long_is_told_apart(database: str) -> None:
    bounds = Bounds(lock_s=0.2, statement_s=0.5)
    with closing(Session(connector(database, "test", bounds=bounds))) as session:
        with pytest.raises(StoreAway) as told:
            session.transact(lambda connection: connection.execute("select pg_sleep(60)"))
        assert told.value.code == TOO_SLOW


class Slow(Ledger):
    """A handler of which the server would not have more than so many events at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.sizes: list[int] = []

    def fold(self, transaction: Connection[Any], events: Any) -> Any:
        self.sizes.append(len(events))
        if len(events) > self._most:
            transaction.execute("do $$ begin raise exception 'too long' using errcode = '57014'; end $$")
        return super().fold(transaction, events)


def test_a_batch_that_is_too_much_for_a_slow_server_is_halved_at_each_try_and_grows_again(database: str) -> None:
    slow = Slow(3)
    at = bench(database, ["rs.seizure"], handler=slow, limit=16)
    events = [a_seizure(f"case-{number}") for number in range(20)]
    Station("rs.seizure").put(at.log, *events)
    loop = at.loop()
    while at.positions().get("rs.seizure", 0) < len(events):
        try:
            loop.run_once()
        except StoreAway as error:
            assert error.code == TOO_SLOW  # noqa: PT017  # the loop waits for it, as its run does
    at.close()
    assert slow.sizes[:4] == [16, 8, 4, 2]
    assert slow.sizes[4] == 4
    assert at.effects() == [event.event_id for event in events]
    assert at.reasons() == []
