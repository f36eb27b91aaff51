"""A region's outbox that was lost or restored beside its log: what was said is not said again, what waits is, once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.store.connection import connector
from consumers.store.migrate import migrate
from consumers.store.outbox import RegionOutbox, add
from consumers.store.taking_up import Said, TakenUp, take_up
from schemas.record import Draft, Link
from schemas.trust.seal import link_hash
from sealing import SEALED_AT, an_id

TOPIC = "region.decision"


@dataclass
class Region:
    """One database's outbox, and the log that outlives it."""

    url: str
    log: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        migrate(self.url, "region")
        self.outbox = RegionOutbox(connector(self.url, "relay"), lambda: SEALED_AT)
        assert self.outbox.lease()

    def accept(self, *names: str) -> None:
        with psycopg.connect(self.url) as transaction:
            for name in names:
                add(transaction, Draft(TOPIC, an_id(name), an_id("key"), name.encode()))

    def seal(self) -> None:
        while self.outbox.seal_waiting(100, sign):
            pass

    def send(self, *, acknowledge: bool = True, limit: int = 100) -> None:
        """Put sealed rows onto the log."""
        offsets = {}
        for entry in self.outbox.sealed(limit):
            link = link_hash(entry.seal, entry.draft.value)
            self.log.append(Said(entry.draft.event_id, (entry.life, entry.seq), link, len(self.log)))
            offsets[entry.row] = len(self.log) - 1
        if acknowledge:
            self.outbox.mark_published(offsets)

    def take_up(self, *, whole: bool = False, seen: Sequence[Said] | None = None) -> TakenUp:
        with psycopg.connect(self.url) as transaction:
            return take_up(transaction, TOPIC, self.log if seen is None else seen, whole=whole)

    def said(self) -> list[str]:
        return [one.event_id for one in self.log]

    def lose(self) -> None:
        """Nothing is left of the database."""
        with psycopg.connect(self.url) as transaction:
            transaction.execute("truncate region_outbox, region_chain")

    def back_up(self) -> None:
        with psycopg.connect(self.url) as transaction:
            for table in ("region_outbox", "region_chain"):
                transaction.execute(f"drop table if exists old_{table}".encode())
                transaction.execute(f"create table old_{table} as table {table}".encode())

    def restore(self) -> None:
        self.lose()
        with psycopg.connect(self.url) as transaction:
            for table in ("region_outbox", "region_chain"):
                transaction.execute(f"insert into {table} select * from old_{table}".encode())


def sign(sealed: Draft, link: Link, seq: int) -> bytes:
    return f"{sealed.event_id}.{link.life}.{seq}.{link.prev}".encode()


@pytest.fixture
def region(database: str) -> Iterator[Region]:
    opened = Region(database)
    yield opened
    opened.outbox.close()


def test_a_lost_database_goes_on_in_a_new_life_after_the_logs_head(region: Region) -> None:
    region.accept("one", "two")
    region.seal()
    region.send()
    region.lose()
    assert region.take_up() == TakenUp(TOPIC, 2, 0, 0, 2, (1, 2))
    assert region.outbox.heads() == {TOPIC: Link(2, 0, None, after=(1, 2))}
    region.accept("three")
    region.seal()
    assert [(entry.life, entry.seq) for entry in region.outbox.sealed(9)] == [(2, 1)]


def test_a_restored_database_sends_nothing_twice_and_what_only_it_has_once(region: Region) -> None:
    region.accept("sent")
    region.seal()
    region.send()
    region.accept("sealed")
    region.seal()
    region.accept("waiting")
    region.back_up()
    region.send()
    region.seal()
    region.send()
    region.accept("after the backup")
    region.seal()
    region.send()
    region.restore()
    region.accept("only here")
    told = region.take_up()
    assert told == TakenUp(TOPIC, 4, 2, 0, 2, (1, 4))
    region.seal()
    region.send()
    assert region.said() == [an_id(n) for n in ("sent", "sealed", "waiting", "after the backup", "only here")]
    assert region.log[-1].number == (2, 1)


def test_a_sealed_row_whose_number_the_log_gave_away_is_sealed_anew(region: Region) -> None:
    region.accept("sealed and never sent")
    region.seal()
    region.log = [Said(an_id("another"), (1, 1), "another link", 0), Said(an_id("and one"), (1, 2), "its link", 1)]
    assert region.take_up().life == 2
    region.seal()
    assert [(entry.life, entry.seq) for entry in region.outbox.sealed(9)] == [(2, 1)]


def test_another_event_under_the_last_number_begins_a_new_life(region: Region) -> None:
    region.accept("ours")
    region.seal()
    region.send()
    region.log = [Said(an_id("theirs"), (1, 1), "another link", 0)]
    told = region.take_up()
    assert (told.life, told.after) == (2, (1, 1))


def test_where_both_agree_nothing_changes_but_the_mark_that_was_missing(region: Region) -> None:
    region.accept("one", "two")
    region.seal()
    region.send(acknowledge=False)
    assert region.take_up() == TakenUp(TOPIC, 2, 2)
    assert region.take_up() == TakenUp(TOPIC, 2)
    assert region.outbox.backlog().rows == 0
    assert region.outbox.heads()[TOPIC].life == 1


def test_nothing_on_the_log_and_nothing_in_the_outbox_agree(region: Region) -> None:
    assert region.take_up(whole=True) == TakenUp(TOPIC, 0)
    assert region.outbox.heads() == {}


def test_a_second_instance_that_takes_up_the_log_too_does_not_turn_a_chain_back(region: Region) -> None:
    region.accept("one")
    region.seal()
    region.send()
    region.lose()
    seen = list(region.log)
    assert region.take_up(seen=seen).life == 2
    region.accept("two")
    region.seal()
    assert region.take_up(seen=seen) == TakenUp(TOPIC, 1)  # it looked before the first one wrote
    region.accept("three")
    region.seal()
    assert [entry.seq for entry in region.outbox.sealed(10)] == [1, 2]


def test_what_kafka_has_acknowledged_and_lost_waits_again_only_when_it_is_looked_for(region: Region) -> None:
    region.accept("one", "two", "three")
    region.seal()
    region.send()
    del region.log[1:]
    assert region.take_up() == TakenUp(TOPIC, 1)
    assert region.take_up(whole=True) == TakenUp(TOPIC, 1, 0, 2, 2, (1, 3))
    region.seal()
    region.send()
    assert region.said() == [an_id(name) for name in ("one", "two", "three")]
    assert [one.number for one in region.log[1:]] == [(2, 1), (2, 2)]
    assert region.take_up(whole=True) == TakenUp(TOPIC, 3)


steps = st.lists(st.sampled_from(["accept", "seal", "send", "send unheard", "back up"]), max_size=12)


@given(before=steps, after=steps, is_lost=st.booleans())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_was_restored_everything_is_on_the_log_once(
    region: Region, before: list[str], after: list[str], *, is_lost: bool
) -> None:
    region.lose()
    region.log.clear()
    region.back_up()
    names = iter(range(100))
    for step in [*before, "back up", *(step for step in after if step != "back up")]:
        take(region, step, names)
    if is_lost:
        region.lose()
    else:
        region.restore()
    assert region.take_up(whole=False) is not None
    kept = {event_id for (event_id,) in rows(region, "select event_id from region_outbox")}
    on_log = set(region.said())
    region.seal()
    region.send()
    assert sorted(region.said()) == sorted(kept | on_log)
    assert region.outbox.backlog().rows == 0
    numbers = [one.number for one in region.log]
    assert numbers == sorted(set(numbers))


def take(region: Region, step: str, names: Iterator[int]) -> None:
    """One step of a region's work; an unheard send is sent again by the next, and stands once all the same here."""
    match step:
        case "accept":
            region.accept(f"event {next(names)}")
        case "seal":
            region.seal()
        case "send":
            region.send()
        case "send unheard":
            region.send(acknowledge=False)
            region.take_up()  # what a relay does when it connects again
        case "back up":
            region.back_up()


def rows(region: Region, query: str) -> list[tuple[str]]:
    with psycopg.connect(region.url) as connection:
        return connection.execute(query.encode()).fetchall()
