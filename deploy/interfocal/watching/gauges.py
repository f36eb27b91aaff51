"""Keeps the gauges current that nobody tells: they are read every few seconds, never while somebody scrapes.

It changes with what is read. A database that does not answer keeps its last figures, but for the ages of heartbeats:
a member that nobody can hear of grows silent all the same.
"""

import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from consumers.audit.reads import Rate, Reads
from consumers.heads.own_line import witness
from consumers.store.connection import Connect
from consumers.store.session import Session
from consumers.tracing.table import State
from consumers.tracing.wants import DELIVERY, ROUTING
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics, reader_labels, topic_labels
from interfocal.process.service import Worker
from interfocal.watching.figures import NOTHING, RegionFigures, StoreFigures, read_region, read_store
from schemas.errors import ExchangeError
from schemas.wire.catalogue import catalogue

LOOK_S = 5.0
EACH_S = 0.5
"""Seconds between two looks at all databases of a process, and what each of them adds where there are many."""
NOBODY = Rate(0, 0)
WORK_KINDS = (ROUTING, DELIVERY)

Look = Callable[[], None]
"""Sets some gauges; raises ExchangeError when what it asks is away, or has tables of another version."""


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


def gauges_worker(looks: Sequence[Look], every_s: float = LOOK_S) -> Worker:
    """Takes all looks in turn, and again; one that fails is taken again at the next turn."""

    def run(stop: threading.Event) -> None:
        while not stop.is_set():
            for look in looks:
                looked(look)
            stop.wait(every_s)

    return Worker("gauges", run)


def looked(look: Look) -> None:
    """Take one look; what cannot be looked at is written down and leaves the gauges as they are."""
    try:
        look()
    except ExchangeError as error:  # whoever works with it ends where that is called for, and not who looks on
        log().warning("gauges_wait", code=error.code, reason=str(error))
    except OSError as error:  # a disk that is gone
        log().warning("gauges_wait", code="disk_away", reason=str(error.strerror))


def pace(databases: int) -> float:
    """Seconds between two looks at so many databases."""
    return max(LOOK_S, EACH_S * databases)


def show_build(metrics: Metrics) -> None:
    """What never changes while a process runs: its version, and the schemas that it knows."""
    metrics.process.build.labels(version("interfocal")).set(1)
    for known in catalogue().values():
        metrics.process.schemas.labels(known.stream, str(known.version)).set(1)


def disk_look(metrics: Metrics, places: Mapping[str, Path]) -> Look:
    """Bytes that are left on the disk of each place, and that it holds."""

    def look() -> None:
        for place, path in places.items():
            usage = shutil.disk_usage(path)
            metrics.process.disk_free.labels(place).set(usage.free)
            metrics.process.disk_size.labels(place).set(usage.total)

    return look


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
        for member in self.heard.keys() | figures.receipts.keys():
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
