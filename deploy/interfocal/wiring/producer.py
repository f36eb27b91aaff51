"""A producer process: for each of its members an intake, an outbox and a relay, behind one HTTP port.

It changes when a member's side gets another part.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from prometheus_client import CollectorRegistry

from interfocal.clock import now
from interfocal.installation.installation import Installation
from interfocal.installation.part_sealing import part_sealing
from interfocal.installation.region_folder import region_folder
from interfocal.process.health import Failures, health_router
from interfocal.process.intake_observer import IntakeObserver
from interfocal.process.metrics import Metrics
from interfocal.process.service import Wired
from interfocal.watching.gauges import disk_look, gauges_worker, show_build
from interfocal.watching.validity import show_validity
from interfocal.wiring.certificates import tell_expiries
from interfocal.wiring.heartbeats import heartbeat_worker
from interfocal.wiring.quality import quality_worker
from interfocal.wiring.relays import Sending, backlog_worker, make_relay, relay_worker
from interfocal.wiring.ways_in import looking_workers
from producers.intake.intake import Intake
from producers.intake.result import Result
from producers.mapping.files import MappingSet, load_mappings
from producers.outbox import OutboxFile
from producers.relay import Relay
from producers.ways_in.allowance import Allowance
from producers.ways_in.api_keys import KeyFiles
from producers.ways_in.http import create_app
from producers.ways_in.observer import Observer
from schemas.codes.lists import CodeList, load_code_lists
from schemas.steps import Reached, not_watched
from schemas.topics import MEMBER_STREAMS, member_topic


@dataclass(frozen=True, slots=True)
class MemberSide:
    """One member's parts in this process."""

    code: str
    intake: Intake
    sending: Sending
    relay: Relay


def wire_producer(installation: Installation, codes: Sequence[str], reached: Reached = not_watched) -> Wired:
    """The process for these members; raises Misconfigured, NotOurs or StoreAway when one cannot be served here."""
    metrics = Metrics(CollectorRegistry())
    tell_expiries(metrics, installation)
    show_build(metrics)
    code_lists = load_code_lists()
    mappings = load_mappings(region_folder(installation.places).mappings, code_lists)
    shared = Shared(code_lists, mappings, metrics, reached)
    sides: dict[str, MemberSide] = {}
    with ExitStack() as opened:
        for code in (code.upper() for code in codes):
            sides[code] = _side(installation, code, shared)
            opened.callback(sides[code].intake.outbox.close)
        close = opened.pop_all().close
    show_validity(metrics, installation.kept, map(str.lower, sides))
    keys = KeyFiles({code: installation.places.member(code) / "api-keys.json" for code in sides})
    intakes = {code: side.intake for code, side in sides.items()}
    observer = _observer(metrics, sides)
    http = installation.settings.http
    allowance = Allowance(http.requests_per_s, http.at_once, time.monotonic)
    app = create_app(intakes, keys.caller, observer=observer, allowance=allowance)
    failures = Failures(metrics)
    app.include_router(health_router({"workers": failures.check}, metrics.registry))
    sendings = [side.sending for side in sides.values()]
    workers = [relay_worker(side.relay, side.sending) for side in sides.values()]
    workers += looking_workers(installation.settings.ways_in, intakes, observer)
    places = {"var": installation.var, "outbox": installation.places.members}
    workers += [backlog_worker(sendings, metrics), quality_worker(intakes, metrics)]
    workers.append(gauges_worker([disk_look(metrics, places)]))
    every_s = installation.settings.heartbeat.every_s
    workers.append(heartbeat_worker(intakes, every_s, lambda code: sides[code].relay.wake()))
    workers = [replace(worker, failed=failures.add) for worker in workers]
    return Wired(app, workers, close)


@dataclass(frozen=True, slots=True)
class Shared:
    """What the members of one process share."""

    code_lists: Mapping[str, CodeList]
    mappings: MappingSet
    metrics: Metrics
    reached: Reached


def _side(installation: Installation, code: str, shared: Shared) -> MemberSide:
    owner = installation.directory.member(code).owner
    bounds = installation.settings.outbox
    outbox = OutboxFile.open(
        installation.places.outbox(owner),
        now=now,
        bound_rows=bounds.bound_rows,
        min_free_bytes=bounds.min_free_bytes,
        reached=shared.reached,
    )
    intake = Intake(
        member=code,
        directory=installation.directory,
        id_key=installation.id_key(owner),
        code_lists=shared.code_lists,
        outbox=outbox,
        now=now,
        mappings=shared.mappings,
        sealing=part_sealing(installation, code),
    )
    sending = Sending(owner, outbox, tuple(member_topic(owner, stream) for stream in MEMBER_STREAMS))
    relay = make_relay(installation, sending, shared.metrics, shared.reached)
    return MemberSide(code, intake, sending, relay)


def _observer(metrics: Metrics, sides: Mapping[str, MemberSide]) -> Observer:
    told = IntakeObserver(metrics)

    def on_accepted(member: str, stream: str, result: Result) -> None:
        sides[member].relay.wake()
        told.accepted(member, stream, result)

    return Observer(on_accepted, told.rejected)
