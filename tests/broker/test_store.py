"""Tables come once and whole, and whoever folds the two halves of a match does not miss it."""

import threading
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Literal

import psycopg
import pytest
from psycopg import Connection

from consumers.checked import CheckedEvent, SetAside
from consumers.loop import Loop
from consumers.store.migrate import migrate
from looping import Ledger, bench
from records import Station, a_missing, a_seizure
from schemas.errors import StoreAway
from twins import TwinGroup, TwinLog, TwinSource

SHARED = {"topic_position", "event", "quarantine"}
OF_THE_REGION = {"seizure_revision", "item_revision", "missing_revision", "mark_key", "region_outbox", "region_chain"}


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public'")
        return {name for (name,) in rows}


@pytest.mark.parametrize(("lineage", "own"), [("region", OF_THE_REGION), ("desk", {"inbox"})])
def test_a_lineage_has_its_tables_and_the_shared_ones(
    database: str, lineage: Literal["region", "desk"], own: set[str]
) -> None:
    migrate(database, lineage)
    assert tables(database) >= SHARED | own
    assert not tables(database) & ({"inbox"} if lineage == "region" else OF_THE_REGION)


def test_migrating_again_keeps_what_is_there(database: str) -> None:
    migrate(database, "region")
    with psycopg.connect(database) as connection:
        connection.execute("insert into topic_position values ('rs.seizure', 7)")
    migrate(database, "region")
    with psycopg.connect(database) as connection:
        assert connection.execute("select next_offset from topic_position").fetchall() == [(7,)]


def test_processes_that_start_at_once_migrate_one_after_the_other(database: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: migrate(database, "desk"), range(4)))
    assert tables(database) >= SHARED


def test_a_database_that_is_not_there_is_away() -> None:
    with pytest.raises(StoreAway):
        migrate("postgresql://127.0.0.1:1/nothing", "region")


class Matcher(Ledger):
    """Notes what it sees of the other half before it writes its own; both halves have one bucket key."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []
        self._both_are_in_their_transactions = threading.Barrier(2)

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        del transaction, events
        self._both_are_in_their_transactions.wait(20)
        return {"mark:C41377"}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        (found,) = transaction.execute("select count(*) from effect").fetchone() or (0,)
        self.seen.append(found)
        threading.Event().wait(0.2)  # time for the other to look as well, were it not kept out
        return super().fold(transaction, events)


def test_two_instances_that_fold_the_halves_of_a_match_at_once_do_not_both_miss_it(database: str) -> None:
    handler = Matcher()
    at = bench(database, ["rs.seizure", "rs.missing"], handler=handler)
    Station("rs.seizure").put(at.log, a_seizure("case-1"))
    Station("rs.missing").put(at.log, a_missing("gun-1"))
    halves = []
    for topic in at.log.topics:
        half = TwinLog([topic])
        half.topics = {topic: at.log.topics[topic]}
        halves.append(at.loop(source=Reading(at.log, half)))
    with closing(at), ThreadPoolExecutor(2) as threads:
        # Each takes the directory and its topic first: one that starts waits for the transactions of those at work.
        assert [loop.run_once() for loop in halves] == [0, 0]
        assert list(threads.map(Loop.run_once, halves)) == [1, 1]
    assert sorted(handler.seen) == [0, 1]


class Reading(TwinSource):
    """A source that has one topic of a log, and knows the bounds of all."""

    def __init__(self, whole: TwinLog, part: TwinLog) -> None:
        super().__init__(TwinGroup(part))
        self._whole = whole

    def bounds(self, topics: Sequence[str]) -> Any:
        return {topic: self._whole.bounds(topic) for topic in topics}

    def partitions(self, topics: Sequence[str]) -> Any:
        return {topic: 1 for topic in topics if topic in self._whole.topics}
