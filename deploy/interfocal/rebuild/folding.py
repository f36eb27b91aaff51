"""Folds topics of a region up to fixed ends into any database, and decides nothing. It changes with the loop."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any, Protocol

from psycopg import Connection

from consumers.folding import Rules
from consumers.loop import Loop, never
from consumers.observer import Observer
from consumers.parts import LoopParts, Pace
from consumers.replay import Replay
from consumers.source import Broker, KafkaTopicReader
from consumers.store import positions
from consumers.store.connection import Connect, connector
from interfocal.clock import now
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation
from interfocal.wiring.loops import terms_of
from interfocal.wiring.region import handlers
from schemas.errors import PositionLost
from schemas.rights import OPERATOR
from schemas.steps import not_watched
from schemas.topics import is_short_lived

CLIENT = "region.rebuild"
UNLIMITED = 2**63 - 1

Ends = Mapping[str, int]
"""Topic -> the first offset that is not folded."""


class FoldObserver(Observer, Protocol):
    """Is told what a loop tells, and how far it has come."""

    def folded_to(self, positions: Mapping[str, int]) -> None:
        """A transaction was committed: topic -> next offset."""


def fold_topics(
    installation: Installation, url: str, ends: Ends, observer: FoldObserver, done: Callable[[], bool] = never
) -> None:
    """Fold each topic into the database at ``url`` up to its end, or until somebody else says that it is ``done``.

    Raises PositionLost, BrokerAway or StoreAway.
    """
    source = Replay(reader(installation), ends, observer.folded_to)
    loop = loop_of(installation, source, connector(url, CLIENT), observer)
    try:
        check_ends(source, ends)
        loop.run(threading.Event(), lambda: source.finished() or done())
        loop.run_once()  # with nothing more to read: what was released is tried again now that all is there
    finally:
        loop.close()


def loop_of(installation: Installation, source: Replay, connect: Connect, observer: Observer) -> Loop:
    """The loop of the live region, on another database.

    What waits in quarantine pauses nothing here: the live region went on wherever a person let it flow.
    """
    topics = source.topics
    return Loop(
        LoopParts(
            source=source,
            connect=connect,
            terms=terms_of(installation),
            rules=Rules(handlers(UNLIMITED), UNLIMITED, not_watched),
            observer=observer,
            topics=topics,
            now=now,
            pace=Pace(limit=installation.settings.loop.batch_records),
            short_lived=frozenset(filter(is_short_lived, topics)),
        )
    )


def reader(installation: Installation) -> KafkaTopicReader:
    """A reader outside any group."""
    return KafkaTopicReader(Broker(access_of(installation, OPERATOR), CLIENT, installation.prefix))


def check_ends(source: Replay, ends: Ends) -> None:
    """Raise PositionLost where a log does not reach to what has to be folded of it."""
    for topic, bounds in source.bounds(list(ends)).items():
        if bounds.end < ends[topic]:
            raise PositionLost(
                f"{topic} is folded to {ends[topic]}, but its log ends at {bounds.end}: find out who shortened or"
                " replaced it; a rebuild cannot be the same",
                parameters={"topic": topic},
            )


def stands(connect: Connect, topics: Sequence[str]) -> Ends:
    """How far a database has folded each of these topics."""
    with closing(connect()) as connection:
        return stands_at(connection, topics)


def stands_at(connection: Connection[Any], topics: Sequence[str]) -> Ends:
    """The same, as a connection sees it."""
    stored = positions.read(connection, topics)
    return {topic: stored[topic].next_offset if topic in stored else 0 for topic in topics}
