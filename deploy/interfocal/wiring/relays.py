"""A relay for any outbox, member's or region's. It changes when relays are given other edges."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from consumers.source import Broker, KafkaTopicReader
from interfocal.clock import now
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics
from interfocal.process.relay_observer import RelayObserver
from interfocal.process.service import Worker
from producers.publisher import KafkaPublisher
from producers.relay import Relay, RelayEdges, RelayLimits
from schemas.directory import check_in_force
from schemas.errors import ExchangeError
from schemas.record import Outbox
from schemas.rights import producer_of
from schemas.steps import Reached, not_watched
from schemas.trust.sealer import sealer

DRAIN_S = 15.0
IDLE_S = 1.0  # intake wakes the relay; this is only for what it could have missed
BACKLOG_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Sending:
    """One owner's way out: its outbox, and the topics that it may write."""

    owner: str
    outbox: Outbox
    topics: Sequence[str]


def make_relay(
    installation: Installation,
    sending: Sending,
    metrics: Metrics,
    reached: Reached = not_watched,
    idle_s: float = IDLE_S,
) -> Relay:
    """The relay of one outbox; raises Misconfigured when the owner's key is not here."""
    client = f"{sending.owner}.relay"
    access = access_of(installation, producer_of(sending.owner))

    def open_publisher(topics: Sequence[str]) -> KafkaPublisher:
        return warmed(KafkaPublisher(access, installation.prefix, client), topics)

    def open_reader() -> KafkaTopicReader:
        return KafkaTopicReader(Broker(access, client, installation.prefix))

    edges = RelayEdges(
        outbox=sending.outbox,
        open_publisher=open_publisher,
        open_reader=open_reader,
        sealer=sealer(installation.signing_keys(sending.owner), installation.directory.region, now),
        expected=installation.seals,
        topics=tuple(sending.topics),
        check_in_force=lambda: check_in_force(installation.directory, now()),
        now=now,
    )
    return Relay(edges, RelayLimits(idle_s=idle_s), RelayObserver(metrics, sending.owner), reached)


def warmed(publisher: KafkaPublisher, topics: Sequence[str]) -> KafkaPublisher:
    """The publisher, with all that its first sends would wait for; one that cannot be warmed is closed."""
    try:
        publisher.warm(topics)
    except BaseException:
        publisher.close()
        raise
    return publisher


def nothing_first(_stop: threading.Event) -> None:
    """What a relay does before it starts when nothing is to be done."""


def relay_worker(relay: Relay, sending: Sending, first: Callable[[threading.Event], None] = nothing_first) -> Worker:
    """Does ``first``, relays until the process stops, then sends what is left, within a bound; the owner's concern."""

    def run(stop: threading.Event) -> None:
        first(stop)
        relay.run(stop)
        relay.drain(DRAIN_S)

    return Worker(f"relay-{sending.owner}", run, sending.owner)


def backlog_worker(sendings: Sequence[Sending], metrics: Metrics) -> Worker:
    """Keeps the outbox metrics current."""

    def run(stop: threading.Event) -> None:
        while not stop.wait(BACKLOG_EVERY_S):
            show_backlogs(sendings, metrics)

    return Worker("backlog", run)


def show_backlogs(sendings: Sequence[Sending], metrics: Metrics) -> None:
    """Rows and age of each outbox; one that does not answer keeps its last figures."""
    for sending in sendings:
        try:
            backlog = sending.outbox.backlog()
        except ExchangeError as error:
            log().warning("backlog_unknown", owner=sending.owner, code=error.code, reason=str(error))
            continue
        metrics.relay.rows.labels(sending.owner.upper()).set(backlog.rows)
        metrics.relay.oldest.labels(sending.owner.upper()).set(backlog.oldest_s)
