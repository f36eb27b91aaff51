"""The region process: the view's loop, router and ends of terms behind it, the region's relay, the schema registry.

It changes when the region gets another part. More instances share the topics of one group and one database.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from consumers.checked import CheckedEvent, Handler
from consumers.folding import Rules
from consumers.granting.handler import GrantHandler
from consumers.heads.handler import RegionHeadHandler
from consumers.heads.heartbeats import HeartbeatHandler
from consumers.loop import Loop
from consumers.parts import LoopParts, Pace
from consumers.quarantine.handler import SettlingHandler
from consumers.quarantine.telling import Teller
from consumers.receipts.handler import ExpectedReceiptHandler
from consumers.source import Broker, KafkaSource
from consumers.store.connection import connector
from consumers.store.outbox import RegionOutbox
from consumers.store.session import Session
from consumers.terms.handler import TermHandler
from consumers.terms.worker import TermWorker
from consumers.tracing.deciding import Office
from consumers.tracing.handler import TracingHandler
from consumers.tracing.worker import RouterWorker
from consumers.view.handler import ViewHandler
from consumers.web.registry_routes import registry_router
from interfocal.audit.logs import AuditLog
from interfocal.clock import now
from interfocal.contract.subjects import subjects_of_directory
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation
from interfocal.installation.settings import environment
from interfocal.process.deciding_observers import EndedTermObserver, RouterObserver
from interfocal.process.health import health_router
from interfocal.process.metrics import Metrics
from interfocal.process.observers import REGION_READER, LoopObserver, begin
from interfocal.process.service import Wired, Worker
from interfocal.watching.drift import drift_worker
from interfocal.watching.gauges import disk_look, gauges_worker, show_build
from interfocal.watching.store_gauges import RegionLook, Watched
from interfocal.watching.validity import show_validity
from interfocal.wiring.audit import anchor_worker
from interfocal.wiring.bell import Bell, bell_worker
from interfocal.wiring.certificates import tell_expiries
from interfocal.wiring.grants import forwarder_worker
from interfocal.wiring.heads import heads_worker
from interfocal.wiring.loops import loop_runner, terms_of
from interfocal.wiring.reading import add_reading
from interfocal.wiring.receipts import receipts_worker
from interfocal.wiring.recovery import Recovery, until_done
from interfocal.wiring.relays import Sending, backlog_worker, make_relay, relay_worker
from interfocal.wiring.rounds import Rounds
from producers.relay import Relay
from schemas.marks.reference import load_reference
from schemas.rights import REGION_GROUP, REGION_PRINCIPAL
from schemas.steps import Reached, Step, not_watched
from schemas.topics import (
    DECISION_TOPIC,
    DIRECTORY_TOPIC,
    HEAD_TOPIC,
    MEMBER_STREAMS,
    REGION,
    is_compacted,
    is_short_lived,
    member_topic,
    topics_for,
)

TELLING = Rounds("teller", "teller_waits", idle_s=1.0)
OUTBOX_IDLE_S = 0.1  # for what comes from a duty officer's own process, or from a worker that wakes nobody
LEASE_S = 30  # of silence: then another instance relays, though this one's session is not closed
WORKERS_OFF = "INTERFOCAL_WORKERS_OFF"
"""Set to 1: the region folds and decides nothing, as when a view is rebuilt beside the live one."""


@dataclass(frozen=True, slots=True)
class WakingObserver(LoopObserver):
    """Wakes router and senders whenever something was folded."""

    bell: Bell

    def folded(self, topic: str, events: Sequence[CheckedEvent]) -> None:
        """New facts, so perhaps new work."""
        LoopObserver.folded(self, topic, events)
        self.bell.ring(topic)


def region_topics(installation: Installation) -> tuple[str, ...]:
    """What the region folds: every member's streams, its own decisions, and what it has said of heads."""
    owners = installation.directory.owners()
    return (DECISION_TOPIC, HEAD_TOPIC, *(member_topic(owner, stream) for owner in owners for stream in MEMBER_STREAMS))


def sending_topics(installation: Installation) -> tuple[str, ...]:
    """What the region writes: decisions, directories, heads, and what is for one member alone."""
    owners = installation.directory.owners()
    told = (topic for owner in owners for topic in topics_for(owner))
    return (DECISION_TOPIC, DIRECTORY_TOPIC, HEAD_TOPIC, *told)


def wire_region(installation: Installation, reached: Reached = not_watched) -> Wired:
    """The process; raises Misconfigured when the region's key is not here."""
    metrics = Metrics(CollectorRegistry())
    tell_expiries(metrics, installation)
    show_build(metrics)
    show_validity(metrics, installation.kept, (*installation.directory.owners(), REGION))
    outbox = RegionOutbox(connector(installation.region_url, "region.relay", LEASE_S), now, reached)
    sending = Sending(REGION, outbox, sending_topics(installation))
    relay = make_relay(installation, sending, metrics, reached, OUTBOX_IDLE_S)
    to_send = _waking(relay, reached)
    session = Session(connector(installation.region_url, "region"))
    ending = Session(connector(installation.region_url, "region.terms"))
    office = Office(installation.directory, load_reference(), now)
    router = RouterWorker(session, office, RouterObserver(metrics), to_send)
    bell = Bell()
    bell.add(router.wake)
    observer = WakingObserver(metrics, REGION_READER, REGION.upper(), bell)
    loop = make_loop(installation, observer, reached)
    terms = TermWorker(ending, office, EndedTermObserver(metrics))
    recovery = Recovery(installation, sending.topics)

    def may_decide() -> bool:
        return loop.caught_up() and not installation.directory.is_expired(now())

    workers = [Worker("view", loop_runner(loop)), _watching(installation, metrics), drift_worker(installation, metrics)]
    if environment(WORKERS_OFF) != "1":
        workers += [
            Worker("router", _router_runner(router, may_decide, recovery)),
            Worker("terms", lambda stop: terms.run(stop, may_decide)),
            Worker("teller", _teller_runner(installation, may_decide, recovery)),
            forwarder_worker(installation, may_decide, recovery, bell, to_send),
            heads_worker(installation, may_decide),
            receipts_worker(installation, may_decide, bell, to_send),
            relay_worker(relay, sending, lambda stop: until_done(lambda: recovery.take_up_log(outbox), stop)),
            backlog_worker([sending], metrics),
            anchor_worker([AuditLog(installation)]),
            bell_worker([bell]),
        ]
    return Wired(_app(installation, loop, metrics), workers, lambda: _close((session, ending), outbox))


def _waking(relay: Relay, reached: Reached) -> Reached:
    """Tells of what was put into the outbox, and has the relay look at once."""

    def to_send(step: Step) -> None:
        reached(step)
        relay.wake()

    return to_send


def _app(installation: Installation, loop: Loop, metrics: Metrics) -> FastAPI:
    app = FastAPI(title="Interfocal region", version="1", docs_url=None, redoc_url=None)
    checks = {"caught_up": lambda: None if loop.caught_up() else "the view is not folded to the topics' ends yet"}
    app.include_router(health_router(checks, metrics.registry))
    add_reading(app, installation)
    app.include_router(registry_router(subjects_of_directory(installation.directory, installation.prefix)))
    return app


def _close(sessions: Iterable[Session], outbox: RegionOutbox) -> None:
    for session in sessions:
        session.close()
    outbox.close()


def _watching(installation: Installation, metrics: Metrics) -> Worker:
    connect = connector(installation.region_url, "region.gauges")
    readers = (REGION.upper(), *(member.code for member in installation.directory.members))
    watched = Watched(REGION_READER, REGION.upper(), region_topics(installation), connect, readers)
    return gauges_worker([disk_look(metrics, {"var": installation.var}), RegionLook(metrics, watched, now)])


def make_loop(installation: Installation, observer: LoopObserver, reached: Reached) -> Loop:
    """The loop that folds the view and the traces into the regional database."""
    topics = region_topics(installation)
    begin(observer, topics)
    pace = installation.settings.loop
    broker = Broker(access_of(installation, REGION_PRINCIPAL), REGION_GROUP, installation.prefix)
    return Loop(
        LoopParts(
            source=KafkaSource(broker, REGION_GROUP, topics, pace.instance or None),
            connect=connector(installation.region_url, REGION_GROUP),
            terms=terms_of(installation),
            rules=Rules(handlers(pace.quarantine_limit, reached), pace.quarantine_limit, reached),
            observer=observer,
            topics=topics,
            now=now,
            pace=Pace(limit=pace.batch_records),
            short_lived=frozenset(filter(is_short_lived, topics)),
            vital=frozenset({DECISION_TOPIC}),
            compacted=frozenset(filter(is_compacted, topics)),
        )
    )


def handlers(quarantine_limit: int, reached: Reached = not_watched) -> tuple[Handler, ...]:
    """What is done with what the region folds; a discard takes back what those before it did."""
    of_records = (ViewHandler(), TracingHandler(reached), GrantHandler(), TermHandler())
    folding = (*of_records, ExpectedReceiptHandler(), HeartbeatHandler(), RegionHeadHandler())
    return (*folding, SettlingHandler(folding, quarantine_limit))


def _teller_runner(
    installation: Installation, may_decide: Callable[[], bool], recovery: Recovery
) -> Callable[[threading.Event], None]:
    directory = installation.directory
    teller = Teller(directory.region, directory.exercise, now)

    def step(session: Session) -> float:
        return 0.0 if session.transact(teller.tell) else TELLING.idle_s

    def run(stop: threading.Event) -> None:
        until_done(recovery.note_what_was_told, stop, may_decide)
        TELLING.run(installation, step, lambda: True, stop)

    return run


def _router_runner(
    router: RouterWorker, may_decide: Callable[[], bool], recovery: Recovery
) -> Callable[[threading.Event], None]:
    def run(stop: threading.Event) -> None:
        until_done(recovery.send_what_is_owed, stop, may_decide)
        router.run(stop, may_decide)

    return run
