"""Gauges of what the databases say. It changes with what is read of them.

A database that does not answer keeps its last figures, but for the ages of heartbeats: a member that nobody can hear of
grows silent all the same.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime

from consumers.audit.reads import Rate, Reads
from consumers.heads.own_line import witness
from consumers.store.connection import Connect
from consumers.store.session import Session
from consumers.tracing.table import State
from consumers.tracing.wants import DELIVERY, ROUTING
from interfocal.process.metrics import Metrics, reader_labels, topic_labels
from interfocal.watching.figures import NOTHING, RegionFigures, StoreFigures, read_region, read_store
from interfocal.watching.gauges import LOOK_S, Look
from schemas.topics import REGION

EACH_S = 0.5
"""Seconds that each database of a process adds between two looks at all of them, where there are many."""
NOBODY = Rate(0, 0)
WORK_KINDS = (ROUTING, DELIVERY)


@dataclass(frozen=True, slots=True)
class Watched:
    """A consumer's database: who reads it for whom, the topics that it folds, and how it is reached.

    ``readers`` are members whose people may be in its audit log.
    """

    reader: str
    member: str
    topics: Sequence[str]
    connect: Connect
    readers: Sequence[str] = ()


def pace(databases: int) -> float:
    """Seconds between two looks at so many databases."""
    return max(LOOK_S, EACH_S * databases)


def desk_look(metrics: Metrics, watched: Watched, now: Callable[[], datetime]) -> Look:
    """What a desk's database says, with what it witnesses of its member's heartbeats.

    The connection is opened for each look, so that desks need no second one.
    """
    reads = Reads()

    def look() -> None:
        with closing(Session(watched.connect)) as session:
            show_store(metrics, watched, session.transact(read_store))
            seen = session.transact(witness)
            session.transact(reads.look)
        show_reads(metrics, watched, reads, now())
        metrics.heads.unknown.labels(watched.member).set(len(seen.unknown))
        metrics.heads.behind.labels(watched.member).set(seen.behind_s)

    return look


@dataclass(frozen=True, slots=True)
class RegionLook:
    """The same of the region's database, with heartbeats, work and traces.

    What is ``heard``, and read by people, is kept from look to look.
    """

    metrics: Metrics
    watched: Watched
    now: Callable[[], datetime]
    heard: dict[str, datetime] = field(default_factory=dict)
    reads: Reads = field(default_factory=Reads)

    def __call__(self) -> None:
        """Look."""
        try:
            with closing(Session(self.watched.connect)) as session:
                show_store(self.metrics, self.watched, session.transact(read_store))
                self._show(session.transact(read_region))
                session.transact(self.reads.look)
            show_reads(self.metrics, self.watched, self.reads, self.now())
        finally:
            for code, at in self.heard.items():
                age_s = max((self.now() - at).total_seconds(), 0.0)
                self.metrics.store.heartbeat_age.labels(code).set(age_s)

    def _show(self, figures: RegionFigures) -> None:
        self.heard.update(figures.heartbeats)
        store = self.metrics.store
        for kind in WORK_KINDS:
            waiting = figures.work.get(kind, NOTHING)
            store.work.labels(kind).set(waiting.count)
            store.work_oldest.labels(kind).set(waiting.oldest_s)
        for member in {*self.watched.readers, *figures.receipts} - {REGION.upper()}:
            waiting = figures.receipts.get(member, NOTHING)
            self.metrics.receipts.missing.labels(member).set(waiting.count)
            self.metrics.receipts.oldest.labels(member).set(waiting.oldest_s)
        for topic, count in figures.unseen.items():
            self.metrics.heads.unseen.labels(*topic_labels(topic)).set(count)
        for state in State:
            store.traces.labels(state).set(figures.traces.get(state, 0))


def show_reads(metrics: Metrics, watched: Watched, reads: Reads, now: datetime) -> None:
    """Set how often people read, as a database's audit log says."""
    rates, store = reads.rates(now), metrics.store
    for member in watched.readers:
        rate = rates.get(member, NOBODY)
        store.reads.labels(watched.reader, member).set(rate.all)
        store.reads_of_one.labels(watched.reader, member).set(rate.of_one)


def show_store(metrics: Metrics, watched: Watched, figures: StoreFigures) -> None:
    """Set what a database says of the topics that it folds."""
    store = metrics.store
    for topic in watched.topics:
        waiting = figures.quarantine.get(topic, NOTHING)
        store.quarantine.labels(*reader_labels(watched.reader, topic)).set(waiting.count)
        store.quarantine_oldest.labels(*reader_labels(watched.reader, topic)).set(waiting.oldest_s)
        store.paused.labels(*reader_labels(watched.reader, topic)).set(topic in figures.paused)
        store.gaps.labels(*reader_labels(watched.reader, topic)).set(figures.gaps.get(topic, 0))
    for revision in figures.revisions:
        store.migration.labels(watched.member, revision).set(1)
