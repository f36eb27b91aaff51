"""What waits in quarantine has a way out: released it is tried again, discarded it is never used."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg
import pytest

from consumers.checked import CheckedEvent, SetAside
from consumers.quarantine.handler import SettlingHandler
from consumers.view.dump import dump_view, lines
from consumers.view.handler import ViewHandler
from looping import Bench, Ledger, bench
from records import Station, a_missing, a_seizure
from schemas.record import Record
from schemas.topics import DECISION_TOPIC
from settlements import a_settlement
from twins import TwinLog

SEIZURES, MISSING = "rs.seizure", "rs.missing"
TOPICS = [SEIZURES, MISSING, DECISION_TOPIC]
ENTRIES = "select log_offset, reason, settled, settled_by from quarantine order by log_offset"
VIEW_TABLES = (
    "topic_position, event, quarantine, discarded, chain_position, chain_gap,"
    " seizure_revision, item_revision, missing_revision, mark_key"
)


@dataclass
class Program:
    """A program that cannot use some events, until it is mended."""

    broken: set[str] = field(default_factory=set)
    raising: set[str] = field(default_factory=set)

    def __call__(self, checked: CheckedEvent) -> SetAside | None:
        name = getattr(checked.event, "own_reference", "")
        if name in self.raising:
            raise KeyError(name)
        if name in self.broken:
            return SetAside(checked.record.topic, checked.event.event_id, "wrong_party")
        return None


@dataclass
class Region:
    """A loop over one member's topics and the region's decisions."""

    at: Bench
    program: Program
    decisions: Station = field(default_factory=lambda: Station(DECISION_TOPIC))

    def decide(self, *about: tuple[Any, ...]) -> list[str]:
        """Append decisions, and let the loop fold them; their ids."""
        decisions = [a_settlement(*one) for one in about]
        self.decisions.put(self.at.log, *decisions)
        self.at.drain(self.at.loops[0])
        return [decision.event_id for decision in decisions]

    def entries(self) -> list[tuple[Any, ...]]:
        return self.at.rows(ENTRIES)


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def region(database: str, program: Program) -> Iterator[Region]:
    ledger = Ledger(program)
    opened = bench(database, TOPICS, handler=ledger, also=(SettlingHandler((ledger,), 2),), quarantine_limit=2)
    opened.loop()
    yield Region(opened, program)
    opened.close()


def put(region: Region, *names: str) -> list[str]:
    events = [a_seizure(name) for name in names]
    station = Station(SEIZURES)
    station.put(region.at.log, *events)
    region.at.drain(region.at.loops[0])
    return [event.event_id for event in events]


def test_a_released_record_takes_effect_once_the_program_is_mended(region: Region) -> None:
    region.program.broken = {"case-1"}
    events = put(region, "case-1", "case-2")
    assert region.at.effects() == [events[1]]
    region.program.broken = set()
    (decision,) = region.decide(("release", SEIZURES, 0))
    assert region.at.effects() == [events[1], events[0]]
    assert region.entries() == [(0, "wrong_party", "released", decision)]
    assert region.at.notes.of("folded").count((SEIZURES, 1)) == 2
    assert region.at.positions()[SEIZURES] == 2


def test_a_record_that_still_cannot_be_used_waits_with_its_new_reason_and_is_tried_once(region: Region) -> None:
    region.program.broken = {"case-1"}
    put(region, "case-1")
    region.program.broken, region.program.raising = set(), {"case-1"}
    region.decide(("release", SEIZURES, 0))
    assert region.entries() == [(0, "handler_failed", None, None)]
    assert region.at.notes.of("quarantined") == [(SEIZURES, "wrong_party"), (SEIZURES, "handler_failed")]
    region.at.drain(region.at.loops[0])
    assert len(region.at.notes.of("quarantined")) == 2


def test_a_second_release_tries_again(region: Region) -> None:
    region.program.broken = {"case-1"}
    (event,) = put(region, "case-1")
    (first,) = region.decide(("release", SEIZURES, 0))
    assert region.at.effects() == []
    region.program.broken = set()
    (second,) = region.decide(("release", SEIZURES, 0, first))
    assert first != second
    assert region.at.effects() == [event]
    assert region.entries() == [(0, "wrong_party", "released", second)]


def test_one_record_that_fails_again_keeps_no_other_from_its_release(region: Region) -> None:
    region.program.broken = {"case-1", "case-2"}
    events = put(region, "case-1", "case-2")
    region.program.broken, region.program.raising = set(), {"case-1"}
    region.decide(("release", SEIZURES, 0), ("release", SEIZURES, 1))
    assert region.at.effects() == [events[1]]


def test_a_discarded_record_is_never_used_again(region: Region) -> None:
    region.program.broken = {"case-1"}
    put(region, "case-1")
    (discard,) = region.decide(("discard", SEIZURES, 0))
    region.program.broken = set()
    region.decide(("release", SEIZURES, 0))
    assert region.at.effects() == []
    assert region.entries() == [(0, "wrong_party", "discarded", discard)]


def test_a_discard_takes_back_what_a_newer_program_has_used(region: Region) -> None:
    events = put(region, "case-1", "case-2")
    (discard,) = region.decide(("discard", SEIZURES, 0))
    assert region.at.effects() == [events[1]]
    assert region.at.rows("select event_id from event where topic = 'rs.seizure'") == [(events[1],)]
    assert region.entries() == [(0, "discarded", "discarded", discard)]


def test_a_record_that_was_discarded_before_it_is_read_is_not_used(region: Region) -> None:
    (discard,) = region.decide(("discard", SEIZURES, 0))
    events = put(region, "case-1", "case-2")
    assert region.at.effects() == [events[1]]
    assert region.entries() == [(0, "discarded", "discarded", discard)]


def test_a_full_quarantine_pauses_its_topic_until_there_is_room_again(region: Region) -> None:
    region.program.broken = {"case-1", "case-2", "case-3"}
    events = put(region, "case-1", "case-2", "case-3", "case-4")
    assert region.at.notes.of("paused") == [(SEIZURES, "quarantine_full")]
    assert region.at.positions()[SEIZURES] == 2
    region.program.broken = set()
    region.decide(("release", SEIZURES, 0), ("discard", SEIZURES, 1))
    assert region.at.notes.of("resumed") == [(SEIZURES,)]
    assert region.at.effects() == [events[0], events[2], events[3]]


@pytest.fixture
def view(database: str) -> Iterator[Bench]:
    handler = ViewHandler()
    opened = bench(database, TOPICS, handler=handler, also=(SettlingHandler((handler,), 100),))
    yield opened
    opened.close()


def dumped(view: Bench, records: Sequence[Record], order: Callable[[list[Record]], list[Record]], limit: int) -> str:
    """The view's dump after these records; topics keep their own order, as a log does."""
    with psycopg.connect(view.url) as connection:
        connection.execute(f"truncate {VIEW_TABLES}".encode())
    view.log, view.limit = TwinLog(TOPICS), limit
    view.__post_init__()
    loop = view.loop()
    for record in order(list(records)):
        view.log.write(record.topic, record.key, record.value, record.headers)
        loop.run_once()
    view.drain(loop, polls=4)
    loop.close()
    with psycopg.connect(view.url) as connection:
        return "".join(lines(dump_view(connection)))


def interleaved(draw: random.Random, records: list[Record]) -> list[Record]:
    """Any interleaving of the topics."""
    by_topic = {topic: [record for record in records if record.topic == topic] for topic in TOPICS}
    turns = draw.sample([record.topic for record in records], len(records))
    return [by_topic[topic].pop(0) for topic in turns]


def test_discards_give_the_same_view_in_any_interleaving(view: Bench) -> None:
    """Promise 3: a rebuild meets the decision before or after the record that it is about."""
    seizures, missing, decisions = Station(SEIZURES), Station(MISSING), Station(DECISION_TOPIC)
    records = [seizures.record(a_seizure(f"case-{n}")) for n in range(4)]
    records += [seizures.record(a_seizure("case-1", revision=2)), missing.record(a_missing("gun-1"))]
    gone = [(SEIZURES, 1), (SEIZURES, 4), (MISSING, 0)]
    settled = [decisions.record(a_settlement("discard", topic, offset)) for topic, offset in gone]
    texts = set()
    for seed in range(10):
        draw = random.Random(seed)
        limit = draw.choice([1, 2, 500])
        texts.add(dumped(view, [*records, *settled], partial(interleaved, draw), limit))
    (text,) = texts
    assert text.count('"seizure_revision"') == 3
    assert "case-1" not in text
    assert "missing_revision" not in text
