"""Folds a region's topics into a database of its own beside the live one, and compares both. It changes with the proof.

Nothing is decided or sent here: there is no router, no relay and no recovery, only the loop that folds. Decisions are
read from their topic like everything else.

Both databases are compared at the same positions. The rebuild first folds to where the live database stands, a few
times over, because that goes on meanwhile. Then it takes a snapshot of the live database, which stays one moment
however long it is read, folds to exactly the positions that stand in it, and dumps both.
"""

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection

from consumers.folding import Rules
from consumers.loop import Loop
from consumers.parts import LoopParts, Pace
from consumers.replay import Replay
from consumers.source import Broker, KafkaTopicReader
from consumers.store import missing_offsets, positions
from consumers.store.bounds import PATIENT
from consumers.store.connection import Connect, connector, store_away
from consumers.store.migrate import migrate
from consumers.store.snapshot import snapshot
from interfocal.clock import now
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation
from interfocal.rebuild.comparing import TableComparison, compare, dump
from interfocal.rebuild.telling import Telling
from interfocal.servers.databases import (
    comment_on_database,
    create_database,
    database_comment,
    drop_database,
    has_database,
)
from interfocal.servers.urls import database_url
from interfocal.wiring.loops import terms_of
from interfocal.wiring.region import handlers, region_topics
from schemas.errors import NotOurs, PositionLost
from schemas.rights import OPERATOR
from schemas.steps import not_watched
from schemas.topics import is_short_lived

OURS = "made by interfocal rebuild"
CLIENT = "region.rebuild"
PASSES = 3  # before the snapshot: what the live database folds meanwhile is less each time
UNLIMITED = sys.maxsize


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One rebuild of an installation's regional database, into the database ``name`` on the same server."""

    installation: Installation
    name: str
    telling: Telling

    @property
    def url(self) -> str:
        """The database that is made."""
        return database_url(self.installation.postgres_url, self.name)

    @property
    def topics(self) -> Sequence[str]:
        """What is folded, one topic after the other."""
        return region_topics(self.installation)

    def run(self, *, verify: bool) -> Mapping[str, TableComparison]:
        """Make the database and fold into it; what comparing found, by table (nothing when not asked to ``verify``).

        Raises NotOurs when the name is taken, PositionLost when a topic no longer holds what has to be folded,
        BrokerAway or StoreAway.
        """
        make_beside(self.installation, self.name)
        if not verify:
            self.finish(self.ends())
            return {}
        try:
            with closing(connector(self.installation.region_url, CLIENT, bounds=PATIENT)()) as live:
                return self.verified(live)
        except psycopg.Error as error:
            raise store_away(error, "comparing two databases") from error

    def verified(self, live: Connection[Any]) -> Mapping[str, TableComparison]:
        """Fold to where the live database stands, and compare; it goes on after what was acknowledged as missing."""
        with closing(connector(self.url, CLIENT, bounds=PATIENT)()) as rebuilt:
            missing_offsets.copy(live, rebuilt)
        for _ in range(PASSES):
            self.fold(stands_at(live, self.topics))
        with snapshot(live):
            self.finish(stands_at(live, self.topics))
            return self.compared(live)

    def ends(self) -> Mapping[str, int]:
        """Where every topic ends now."""
        with closing(self.reader()) as reader:
            found = reader.bounds(self.topics)
        return {topic: found[topic].end for topic in self.topics}

    def fold(self, ends: Mapping[str, int]) -> None:
        """Fold every topic from where the rebuild stands up to its end; raises PositionLost."""
        connect = connector(self.url, CLIENT)
        at = stands(connect, list(ends))
        if at == ends:
            return
        source = Replay(self.reader(), ends, self.telling.folded_to)
        loop = self.loop(source, connect, list(ends))
        try:
            check_ends(source, ends)
            self.telling.begin(ends, at)
            loop.run(threading.Event(), source.finished)
            self.telling.end()
        finally:
            loop.close()

    def finish(self, ends: Mapping[str, int]) -> None:
        """The last fold: says also what is missing right before the ends, where nothing higher shows it to a loop."""
        self.fold(ends)
        for topic, at in stands(connector(self.url, CLIENT), list(ends)).items():
            if at < ends[topic] and not is_short_lived(topic):
                self.telling.gap(topic, at, ends[topic] - 1)

    def loop(self, source: Replay, connect: Connect, topics: Sequence[str]) -> Loop:
        """The loop of the live region, on this database.

        What waits in quarantine pauses nothing here: the live region went on wherever a person let it flow.
        """
        return Loop(
            LoopParts(
                source=source,
                connect=connect,
                terms=terms_of(self.installation),
                rules=Rules(handlers(UNLIMITED), UNLIMITED, not_watched),
                observer=self.telling,
                topics=topics,
                now=now,
                pace=Pace(limit=self.installation.settings.loop.batch_records),
                short_lived=frozenset(filter(is_short_lived, topics)),
            )
        )

    def compared(self, live: Connection[Any]) -> Mapping[str, TableComparison]:
        """Both dumps against each other."""
        with closing(connector(self.url, CLIENT, bounds=PATIENT)()) as rebuilt, snapshot(rebuilt):
            return compare(self.telling.counted(dump(live)), dump(rebuilt))

    def reader(self) -> KafkaTopicReader:
        """A reader outside any group."""
        return KafkaTopicReader(Broker(access_of(self.installation, OPERATOR), CLIENT, self.installation.prefix))


def check_ends(source: Replay, ends: Mapping[str, int]) -> None:
    """Raise PositionLost where a log does not reach to what has to be folded of it."""
    for topic, bounds in source.bounds(list(ends)).items():
        if bounds.end < ends[topic]:
            raise PositionLost(
                f"{topic} is folded to {ends[topic]}, but its log ends at {bounds.end}: find out who shortened or"
                " replaced it; a rebuild cannot be the same",
                parameters={"topic": topic},
            )


def stands(connect: Connect, topics: Sequence[str]) -> Mapping[str, int]:
    """How far a database has folded each of these topics."""
    with closing(connect()) as connection:
        return stands_at(connection, topics)


def stands_at(connection: Connection[Any], topics: Sequence[str]) -> Mapping[str, int]:
    """The same, as a connection sees it."""
    stored = positions.read(connection, topics)
    return {topic: stored[topic].next_offset if topic in stored else 0 for topic in topics}


def make_beside(installation: Installation, name: str) -> None:
    """An empty database with the region's tables; one that an earlier rebuild has left is replaced.

    Raises NotOurs for any other database of that name.
    """
    server = installation.postgres_url
    if has_database(server, name):
        if database_comment(server, name) != OURS:
            raise NotOurs(f"there is a database {name}, and no rebuild made it: name another with --into")
        drop_database(server, name)
    url = create_database(server, name)
    comment_on_database(server, name, OURS)
    migrate(url, "region")


@contextmanager
def dropped_at_the_end(installation: Installation, name: str) -> Iterator[None]:
    """Whatever happens within, the database is gone afterwards, unless it was never a rebuild's."""
    try:
        yield
    finally:
        if database_comment(installation.postgres_url, name) == OURS:
            drop_database(installation.postgres_url, name)
