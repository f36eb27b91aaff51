"""The desks process: each member's inbox loop and receipts, with its own database and Kafka client.

It changes when a desk gets another part.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from consumers.checked import CheckedEvent, Handler
from consumers.desk.granted import GrantedHandler
from consumers.desk.granting import GrantingWorker, SubmitGrants
from consumers.desk.handler import DeskHandler
from consumers.desk.own import STREAMS as OWN_STREAMS
from consumers.desk.own import OwnHandler
from consumers.desk.receipts import ReceiptWorker
from consumers.desk.told import ToldHandler
from consumers.folding import Rules
from consumers.heads.own_line import OwnLineHandler
from consumers.loop import Loop
from consumers.parts import LoopParts, Pace
from consumers.source import Broker, KafkaSource
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.audit.logs import AuditLog
from interfocal.clock import now
from interfocal.installation.access import access_of, authority_of
from interfocal.installation.endpoints import producer_endpoint
from interfocal.installation.installation import Installation
from interfocal.installation.opening import opener_of
from interfocal.installation.opening_keys import opening_keys
from interfocal.member.intake import intake_at, receipt_of, record_of
from interfocal.process.health import Failures, health_router
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics
from interfocal.process.observers import DESK_READER, LoopObserver, begin
from interfocal.process.service import Wired, Worker
from interfocal.transport.asking import client_of
from interfocal.watching.gauges import Look, disk_look, gauges_worker, show_build
from interfocal.watching.store_gauges import Watched, desk_look, pace
from interfocal.watching.validity import show_validity
from interfocal.wiring.audit import anchor_worker
from interfocal.wiring.bell import Bell, bell_worker
from interfocal.wiring.certificates import tell_expiries
from interfocal.wiring.loops import loop_runner, terms_of
from producers.ways_in.python_call import TIMEOUT_S
from schemas.errors import ExchangeError, Rejected
from schemas.rights import desk_group, desk_of
from schemas.steps import Reached, not_watched
from schemas.topics import (
    GRANT,
    HEAD_TOPIC,
    HEARTBEAT,
    is_compacted,
    is_short_lived,
    member_topic,
    quarantine_topic,
    topics_for,
)


@dataclass(frozen=True, slots=True)
class WakingObserver(LoopObserver):
    """Wakes receipts and grants of the desk whose inbox was folded."""

    bell: Bell

    def folded(self, topic: str, events: Sequence[CheckedEvent]) -> None:
        """New deliveries are in the inbox."""
        LoopObserver.folded(self, topic, events)
        self.bell.ring(topic)

    def heartbeat(self, topic: str, clock_offset_s: float) -> None:
        """Nothing: the region watches clocks, and says each fact once."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the desks of one process share."""

    metrics: Metrics
    reached: Reached
    fetch_wait_ms: int
    http: httpx.Client


def fetch_wait_ms(desks: int) -> int:
    """How long the broker holds an empty fetch of each desk: so that a process stays near idle with many desks."""
    return min(max(200, 40 * desks), 2_000)


def wire_desks(installation: Installation, codes: Sequence[str], reached: Reached = not_watched) -> Wired:
    """The process for these members' desks; raises Misconfigured when one is not a member."""
    metrics = Metrics(CollectorRegistry())
    tell_expiries(metrics, installation)
    failures = Failures(metrics)
    show_build(metrics)
    show_validity(metrics, installation.kept)
    workers = [_watching(installation, codes, metrics)]
    loops: dict[str, Loop] = {}
    bells: list[Bell] = []
    with ExitStack() as opened:
        http = opened.enter_context(client_of(authority_of(installation), TIMEOUT_S))
        shared = Shared(metrics, reached, fetch_wait_ms(len(codes)), http)
        for code in codes:
            bells.append(Bell())
            loops[code], receipts, granting = _desk(installation, code, shared, bells[-1])
            opened.callback(receipts.session.close)
            opened.callback(granting.session.close)
            parts = {"inbox": loop_runner(loops[code]), "receipts": receipts.run, "grants": granting.run}
            workers += [Worker(f"{part}-{code}", run, code, failures.add) for part, run in parts.items()]
        workers += [anchor_worker([AuditLog(installation, code) for code in codes]), bell_worker(bells)]
        close = opened.pop_all().close
    app = FastAPI(title="Interfocal desks", version="1", docs_url=None, redoc_url=None)
    checks = {"caught_up": lambda: _behind(loops), "workers": failures.check}
    app.include_router(health_router(checks, metrics.registry))
    return Wired(app, workers, close)


def _watching(installation: Installation, codes: Sequence[str], metrics: Metrics) -> Worker:
    owners = {code: installation.directory.member(code).owner for code in codes}
    connects = {code: connector(installation.desk_url(code), f"desk.{owner}.gauges") for code, owner in owners.items()}
    watched = [
        Watched(DESK_READER, code, desk_topics(owner), connects[code], (code,)) for code, owner in owners.items()
    ]
    looks: list[Look] = [disk_look(metrics, {"var": installation.var})]
    looks += [desk_look(metrics, one, now) for one in watched]
    return gauges_worker(looks, pace(len(codes)))


def desk_topics(owner: str) -> tuple[str, ...]:
    """What a desk folds: what the region writes for it or for all, and what its member says but for its records."""
    own = (*OWN_STREAMS, GRANT, HEARTBEAT)
    return *topics_for(owner), HEAD_TOPIC, *(member_topic(owner, stream) for stream in own)


def desk_handlers(installation: Installation, code: str) -> tuple[Handler, ...]:
    """What is done with what a desk folds."""
    terms, opener = terms_of(installation), opener_of(installation, code)
    own_line = OwnLineHandler(opener.member)
    return DeskHandler(terms, opener.member), ToldHandler(), OwnHandler(), GrantedHandler(terms, opener), own_line


def _behind(loops: Mapping[str, Loop]) -> str | None:
    behind = sorted(code for code, loop in loops.items() if not loop.caught_up())
    return f"desks not folded to their topics' ends yet: {', '.join(behind)}" if behind else None


def _desk(
    installation: Installation, code: str, shared: Shared, bell: Bell
) -> tuple[Loop, ReceiptWorker, GrantingWorker]:
    member = installation.directory.member(code)
    owner = member.owner
    connect = connector(installation.desk_url(code), f"desk.{owner}")

    def submit(records: Sequence[Mapping[str, Any]]) -> Sequence[str | Rejected]:
        # The address is read each time: a producer that was started again may answer at another.
        exchange = intake_at(producer_endpoint(installation.var, code), shared.http)
        return [receipt_of(result) for result in exchange.submit("receipt", records)]

    def trouble(error: ExchangeError) -> None:
        log().warning("receipts_wait", member=code, code=error.code, reason=str(error))

    topics = desk_topics(owner)
    observer = WakingObserver(shared.metrics, DESK_READER, member.code, bell)
    begin(observer, topics)
    pace = installation.settings.loop
    access, group = access_of(installation, desk_of(owner)), desk_group(owner)
    broker = Broker(access, group, installation.prefix, fetch_wait_ms=shared.fetch_wait_ms)
    loop = Loop(
        LoopParts(
            source=KafkaSource(broker, group, topics, pace.instance or None),
            connect=connect,
            terms=terms_of(installation),
            rules=Rules(desk_handlers(installation, code), pace.quarantine_limit, shared.reached),
            observer=observer,
            topics=topics,
            now=now,
            pace=Pace(limit=pace.batch_records),
            short_lived=frozenset(filter(is_short_lived, topics)),
            vital=frozenset(topics) - {quarantine_topic(owner), HEAD_TOPIC, member_topic(owner, HEARTBEAT)},
            compacted=frozenset(filter(is_compacted, topics)),
        )
    )
    receipts = ReceiptWorker(Session(connect), submit, loop.caught_up, bell.signal(), trouble, shared.reached)
    return loop, receipts, _granting(installation, code, loop, bell, shared.reached)


def _granting(installation: Installation, code: str, loop: Loop, bell: Bell, reached: Reached) -> GrantingWorker:
    owner = installation.directory.member(code).owner
    return GrantingWorker(
        session=Session(connector(installation.desk_url(code), f"desk.{owner}")),
        directory=installation.directory,
        opener=opener_of(installation, code),
        opening_key_of=opening_keys(installation),
        submit=grants_to(installation, code),
        may_send=loop.caught_up,
        work=bell.signal("inbox", "trace", GRANT),
        trouble=lambda error: log().warning("grant_waits", member=code, code=error.code),
        reached=reached,
    )


def grants_to(installation: Installation, code: str) -> SubmitGrants:
    """Hands grants to a member's own intake; they are few, so each bulk has a connection of its own."""

    def submit(records: Sequence[Mapping[str, Any]]) -> Sequence[str | Rejected]:
        with intake_at(producer_endpoint(installation.var, code)) as exchange:
            return [record_of(result) for result in exchange.submit(GRANT, records)]

    return submit
