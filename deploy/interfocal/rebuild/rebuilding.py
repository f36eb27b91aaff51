"""Folds a region's topics into a database of its own beside the live one, and compares both. It changes with the proof.

Nothing is decided or sent here: there is no router, no relay and no recovery, only the loop that folds. Decisions are
read from their topic like everything else.

Both databases are compared at the same positions. The rebuild first folds to where the live database stands, a few
times over, because that goes on meanwhile. Then it takes a snapshot of the live database, which stays one moment
however long it is read, folds to exactly the positions that stand in it, and dumps both.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection

from consumers.store import missing_offsets
from consumers.store.bounds import PATIENT
from consumers.store.connection import connector, store_away
from consumers.store.migrate import migrate
from consumers.store.snapshot import snapshot
from interfocal.installation.installation import Installation
from interfocal.rebuild.comparing import TableComparison, compare, dump
from interfocal.rebuild.folding import CLIENT, Ends, fold_topics, reader, stands, stands_at
from interfocal.rebuild.sharing import divide, fold_shares, processes_for
from interfocal.rebuild.telling import Telling
from interfocal.servers.databases import (
    comment_on_database,
    create_database,
    database_comment,
    drop_database,
    has_database,
)
from interfocal.servers.urls import database_url
from interfocal.wiring.region import region_topics
from schemas.errors import NotOurs
from schemas.topics import is_short_lived

OURS = "made by interfocal rebuild"
PASSES = 3  # before the snapshot: what the live database folds meanwhile is less each time


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One rebuild of an installation's regional database, into the database ``name`` on the same server.

    ``processes``: how many fold side by side; None: as many as it is worth on this machine.
    """

    installation: Installation
    name: str
    telling: Telling
    processes: int | None = None

    @property
    def url(self) -> str:
        """The database that is made."""
        return database_url(self.installation.postgres_url, self.name)

    @property
    def topics(self) -> Sequence[str]:
        """What is folded."""
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

    def ends(self) -> Ends:
        """Where every topic ends now."""
        with closing(reader(self.installation)) as reading:
            found = reading.bounds(self.topics)
        return {topic: found[topic].end for topic in self.topics}

    def fold(self, ends: Ends) -> None:
        """Fold every topic from where the rebuild stands up to its end; raises PositionLost."""
        at = stands(connector(self.url, CLIENT), list(ends))
        if at == ends:
            return
        left = {topic: ends[topic] - at[topic] for topic in ends}
        self.telling.begin(ends, at)
        shares = divide(left, processes_for(sum(left.values()), self.processes))
        if len(shares) > 1:
            parts = [{topic: ends[topic] for topic in share} for share in shares]
            fold_shares(self.installation, self.url, parts, self.telling)
        fold_topics(self.installation, self.url, ends, self.telling)
        self.telling.end()

    def finish(self, ends: Ends) -> None:
        """The last fold: says also what is missing right before the ends, where nothing higher shows it to a loop."""
        self.fold(ends)
        for topic, at in stands(connector(self.url, CLIENT), list(ends)).items():
            if at < ends[topic] and not is_short_lived(topic):
                self.telling.gap(topic, at, ends[topic] - 1)

    def compared(self, live: Connection[Any]) -> Mapping[str, TableComparison]:
        """Both dumps against each other."""
        with closing(connector(self.url, CLIENT, bounds=PATIENT)()) as rebuilt, snapshot(rebuilt):
            return compare(self.telling.counted(dump(live)), dump(rebuilt))


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
