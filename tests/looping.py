"""A loop over a twin of the broker and the real PostgreSQL, and what its transactions left there."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import Connection

from consumers.checked import CheckedEvent, Handler, SetAside
from consumers.checking import Terms
from consumers.folding import Rules
from consumers.loop import Loop
from consumers.parts import LoopParts, Pace
from consumers.quarantine.entries import Faulty
from consumers.store.connection import connector
from consumers.store.migrate import migrate
from records import signing_key
from schemas.errors import ExchangeError
from schemas.record import Source
from schemas.steps import Reached, not_watched
from schemas.trust.gaps import Gap
from sealing import SEALED_AT, expecting
from twins import TwinGroup, TwinLog, TwinSource

OWNERS = ("rs", "al", "mk", "region")
TURN_LIMIT_S = 120.0
TERMS = Terms(expecting(*(signing_key(owner) for owner in OWNERS)), exercise=True)


class Killed(BaseException):
    """What a process meets that is killed: nothing in the program catches it."""


@dataclass
class Notes:
    """An observer that writes everything down."""

    told: list[tuple[Any, ...]] = field(default_factory=list)

    def folded(self, topic: str, events: Sequence[CheckedEvent]) -> None:
        self.told.append(("folded", topic, len(events)))

    def quarantined(self, faulty: Faulty) -> None:
        self.told.append(("quarantined", faulty.record.topic, faulty.reason))

    def conflict(self, topic: str, event_id: str) -> None:
        self.told.append(("conflict", topic, event_id))

    def gap(self, topic: str, first: int, last: int) -> None:
        self.told.append(("gap", topic, first, last))

    def chain_gap(self, gap: Gap) -> None:
        self.told.append(("chain_gap", gap.topic, gap.life, gap.first, gap.last))

    def loss(self, topic: str, first: int, last: int) -> None:
        self.told.append(("loss", topic, first, last))

    def paused(self, topic: str, reason: str) -> None:
        self.told.append(("paused", topic, reason))

    def resumed(self, topic: str) -> None:
        self.told.append(("resumed", topic))

    def lag(self, topic: str, records: int) -> None:
        self.told.append(("lag", topic, records))

    def heartbeat(self, topic: str, clock_offset_s: float) -> None:
        self.told.append(("heartbeat", topic, clock_offset_s))

    def away(self, error: ExchangeError) -> None:
        self.told.append(("away", error.code))

    def of(self, kind: str) -> list[tuple[Any, ...]]:
        return [told[1:] for told in self.told if told[0] == kind]


class Ledger:
    """A handler whose effect can be counted: one row an event. ``broken`` says what to do about an event instead."""

    def __init__(self, broken: Callable[[CheckedEvent], SetAside | None] = lambda _: None) -> None:
        self._broken = broken

    @property
    def streams(self) -> frozenset[str]:
        return frozenset({"seizure", "missing"})

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        del transaction
        return {checked.event.record_id for checked in events}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        aside: list[SetAside] = []
        for checked in events:
            if (why := self._broken(checked)) is not None:
                aside.append(why)
                continue
            transaction.execute(
                "insert into effect (topic, event_id) values (%s, %s)", [checked.record.topic, checked.event.event_id]
            )
        return aside

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        for checked in events:
            transaction.execute("delete from effect where event_id = %s", [checked.event.event_id])


@dataclass
class Bench:
    """One database, one log, and as many loops over them as a test starts."""

    url: str
    log: TwinLog
    notes: Notes = field(default_factory=Notes)
    handler: Handler = field(default_factory=Ledger)
    also: tuple[Handler, ...] = ()
    quarantine_limit: int = 100
    limit: int = 500
    short_lived: frozenset[str] = frozenset()
    vital: frozenset[str] | None = None
    compacted: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.group = TwinGroup(self.log)
        self.loops: list[Loop] = []

    def loop(self, reached: Reached = not_watched, source: Source | None = None) -> Loop:
        seconds = iter(range(10_000))

        def now() -> datetime:
            return SEALED_AT + timedelta(seconds=10 * next(seconds))

        loop = Loop(
            LoopParts(
                source=source if source is not None else TwinSource(self.group),
                connect=connector(self.url, "test"),
                terms=TERMS,
                rules=Rules((self.handler, *self.also), self.quarantine_limit, reached),
                observer=self.notes,
                topics=sorted(self.log.topics),
                now=now,
                pace=Pace(limit=self.limit, poll_s=0.1),
                short_lived=self.short_lived,
                vital=self.vital,
                compacted=self.compacted,
            )
        )
        self.loops.append(loop)
        return loop

    def close(self) -> None:
        for loop in self.loops:
            loop.close()

    def turn(self, loop: Loop, enough: Callable[[], bool]) -> None:
        """Poll, at least once, until this much is done; for a loop over a real broker, whose group takes its time."""
        deadline = time.monotonic() + TURN_LIMIT_S
        loop.run_once()
        while not enough():
            assert time.monotonic() < deadline, f"{TURN_LIMIT_S:.0f} s of polls were not enough: {self.positions()}"
            loop.run_once()

    def drain(self, loop: Loop, polls: int = 8) -> None:
        """Poll as often as anything in these tests can need."""
        for _ in range(polls):
            loop.run_once()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def effects(self) -> list[str]:
        """Event ids, one for each effect, in the order of the effects."""
        return [event_id for (event_id,) in self.rows("select event_id from effect order by number")]

    def positions(self) -> dict[str, int]:
        return dict(self.rows("select topic, next_offset from topic_position"))

    def reasons(self) -> list[tuple[str, int, str]]:
        return self.rows("select topic, log_offset, reason from quarantine order by topic, log_offset")


def bench(url: str, topics: Iterable[str], **settings: Any) -> Bench:
    """A migrated database with a table for effects, beside an empty log."""
    migrate(url, "region")
    with psycopg.connect(url) as connection:
        connection.execute("create table effect (number bigserial, topic text, event_id text)")
    return Bench(url, TwinLog(topics), **settings)
