"""Work that goes on while something is killed: both members' records and requests, through their own intakes."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from interfocal.member.intake import accepted_id
from producers.ways_in.python_call import Stream
from running import Exchange, until
from schemas.topics import record_topics
from story import ASKED, ASKER, a_firearm, a_missing, a_request, a_seizure, submit, taken

BULK, REQUESTS = 20, 3  # of a round
PACE_S = 0.3  # between rounds
LIGHT_S = 2.0  # likewise, where it goes on for minutes
LOOK_S = 0.1  # between two looks at the lag
PATIENCE_S = 150.0  # more than all sessions and leases that have to end one after the other
NAMES = count(1)


@dataclass(slots=True)
class Load:
    """What was accepted so far, and the most that the view ever lacked of it."""

    exchange: Exchange
    events: list[str] = field(default_factory=list)
    most_lag: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    pace_s: float = PACE_S

    def run(self) -> None:
        """Submit one round after the other until ``stop`` is set."""
        while not self.stop.wait(self.pace_s):
            self.round()

    def round(self) -> None:
        """Seizures of one member, missing firearms of the other, and requests of both to each other."""
        tag = f"L{next(NAMES)}"
        one, other = [f"{tag}-A{n}" for n in range(BULK)], [f"{tag}-B{n}" for n in range(BULK)]
        self.accept(ASKER, "seizure", [a_seizure(name, f"{name}-N") for name in one])
        self.accept(ASKED, "missing", [a_missing(name, f"{name}-N") for name in other])
        asked = [a_request(f"{tag}-T{n}", a_firearm(f"{tag}T{n}"), ASKED) for n in range(REQUESTS)]
        self.accept(ASKER, "trace", asked)
        self.accept(ASKED, "trace", [a_request(f"{tag}-R", a_firearm(f"{tag}R"), ASKER)])

    def accept(self, member: str, stream: Stream, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Submit until it is taken, and note what the intake said it has accepted."""
        results = taken(lambda: submit(self.exchange, member, stream, *records))
        ids = [accepted_id(result) for result in results]
        self.events += ids
        return ids

    def watch(self) -> None:
        """Look at the lag until ``stop`` is set."""
        while not self.stop.wait(LOOK_S):
            self.most_lag = max(self.most_lag, self.lag())

    def lag(self) -> int:
        """Events that intakes have accepted and the view has not folded."""
        accepted = len(self.events)  # before the others are counted: never more than there are
        topics = list(record_topics(["aa", "bb"]))
        ((folded,),) = self.exchange.region("select count(*) from event where topic = any(%s)", topics)
        return accepted - int(folded)

    def through(self) -> float:
        """Send both members' records and a request all the way, to the receipt for its delivery; seconds that it took.

        What it takes to get through after a fault is the time to recover.
        """
        start = time.monotonic()
        tag = f"P{next(NAMES)}"
        events = self.accept(ASKER, "seizure", [a_seizure(tag, f"{tag}S")])
        events += self.accept(ASKED, "missing", [a_missing(tag, f"{tag}M")])
        (request,) = self.accept(ASKER, "trace", [a_request(f"{tag}-T", a_firearm(f"{tag}T"), ASKED)])
        until(lambda: self.is_through([*events, request], request), f"{tag} to get through", PATIENCE_S)
        return time.monotonic() - start

    def is_through(self, events: Sequence[str], request: str) -> bool:
        """Whether all are folded, and the request's receipt is."""
        folded = self.exchange.region("select count(*) from event where event_id = any(%s)", events)
        receipted = self.exchange.region("select 1 from receipt where of_event = %s", request)
        return folded == [(len(events),)] and len(receipted) > 0


@contextmanager
def loading(exchange: Exchange) -> Iterator[Load]:
    """Under load; at the end nothing is submitted any more."""
    load = Load(exchange)
    with ThreadPoolExecutor(2) as threads:
        working, watching = threads.submit(load.run), threads.submit(load.watch)
        try:
            until(lambda: working.done() or load.events, "the first records of the load")
            yield load
        finally:
            load.stop.set()
    working.result()
    watching.result()


@contextmanager
def submitting(exchange: Exchange) -> Iterator[Load]:
    """Under a light load, for a fault that lasts; databases may be away, so nobody looks at the lag."""
    load = Load(exchange, pace_s=LIGHT_S)
    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(load.run)
        try:
            until(lambda: working.done() or load.events, "the first records of the load")
            yield load
        finally:
            load.stop.set()
    working.result()
