"""A region of two invented members without processes: its parts are run by hand until nothing is under way.

It is settled once, and then copied: each test changes a copy of its own, on the same topics.
"""

import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from kafka import KafkaProducer
from prometheus_client import CollectorRegistry

from consumers.checked import Handler
from consumers.desk.granting import GrantingWorker
from consumers.desk.receipts import ReceiptWorker
from consumers.folding import Rules
from consumers.granting.forwarding import Forwarder
from consumers.loop import Loop
from consumers.observer import Unobserved
from consumers.parts import LoopParts, Pace
from consumers.quarantine.telling import Teller
from consumers.receipts.forwarding import ReceiptForwarder
from consumers.source import Broker, KafkaSource, KafkaTopicReader
from consumers.store.connection import connector
from consumers.store.outbox import RegionOutbox
from consumers.store.session import Session
from consumers.terms.worker import TermWorker
from consumers.tracing.deciding import Office
from consumers.tracing.worker import RouterWorker
from interfocal.clock import now
from interfocal.drain import under_way
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation, open_installation
from interfocal.installation.opening import opener_of
from interfocal.installation.opening_keys import opening_keys
from interfocal.installation.part_sealing import part_sealing
from interfocal.installation.preparing import prepare
from interfocal.installation.reader import make_reader, reader_role
from interfocal.installation.region_folder import open_region
from interfocal.installation.settings import SETTINGS_FILE
from interfocal.member.intake import record_of
from interfocal.process.metrics import Metrics
from interfocal.servers.databases import connect
from interfocal.stack import Stack, drop_database
from interfocal.wiring.desks import desk_handlers, desk_topics
from interfocal.wiring.loops import terms_of
from interfocal.wiring.region import handlers, region_topics, sending_topics
from interfocal.wiring.relays import Sending, make_relay
from producers.heartbeat import beat
from producers.intake.intake import Intake
from producers.intake.submission import Entrance
from producers.outbox import OutboxFile, Revision
from producers.relay import Relay
from reaching import servers
from schemas.codes.lists import load_code_lists
from schemas.errors import ExchangeError, Rejected, Temporary, Unusable
from schemas.events.ids import event_id
from schemas.marks.reference import load_reference
from schemas.record import Draft
from schemas.steps import not_watched
from schemas.topics import MEMBER_STREAMS, REGION, is_compacted, is_short_lived, member_topic
from sealing import an_id
from small_records import ASKED, ASKER, a_missing, a_request, a_seizure, about

DIRECTORY = """
region = "small"
title = "Two invented members"
exercise = true
members = [{ code = "AA", name = "Ausa" }, { code = "BB", name = "Besa" }]
"""
ENTRANCE = Entrance("http", "test")
SETTLE_S = 120.0


@dataclass(frozen=True, slots=True)
class MemberParts:
    """One member's side."""

    intake: Intake
    relay: Relay

    @property
    def outbox(self) -> OutboxFile:
        """Where it accepts."""
        return self.intake.outbox

    def submit(self, stream: str, *records: Mapping[str, Any]) -> list[str]:
        """Event ids of records that are all accepted."""
        results = self.intake.submit(stream, list(records), ENTRANCE)
        assert [result.outcome for result in results] == ["accepted"] * len(records), results
        return [result.event_id or "" for result in results]

    def close(self) -> None:
        """Let go of Kafka and of the file."""
        self.relay.close()
        self.outbox.close()


OVERDUE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RegionParts:
    """What folds and decides: every loop, and what is done after each round of them.

    ``deciding``: of these steps those by which the region decides and sends.
    """

    loops: Sequence[Loop]
    steps: Sequence[Callable[[], int]]
    deciding: Sequence[Callable[[], int]]
    sessions: Sequence[Session]
    relay: Relay
    outbox: RegionOutbox

    def close(self) -> None:
        """Let go of everything."""
        for close in (*(loop.close for loop in self.loops), *(session.close for session in self.sessions)):
            close()
        self.relay.close()
        self.outbox.close()


def member_parts(installation: Installation, code: str) -> MemberParts:
    """A member's intake and relay on its own outbox."""
    owner = code.lower()
    outbox = OutboxFile.open(installation.places.outbox(owner), now=now, min_free_bytes=0)
    sending = Sending(owner, outbox, [member_topic(owner, stream) for stream in MEMBER_STREAMS])
    intake = Intake(
        member=code,
        directory=installation.directory,
        id_key=installation.id_key(owner),
        code_lists=load_code_lists(),
        outbox=outbox,
        now=now,
        sealing=part_sealing(installation, code),
    )
    return MemberParts(intake, make_relay(installation, sending, Metrics(CollectorRegistry())))


def a_loop(installation: Installation, url: str, topics: Sequence[str], *handlers: Handler) -> Loop:
    """A loop that waits for nothing long."""
    group = "region.view" if url == installation.region_url else f"{url.rsplit('_', 1)[1]}.desk"
    return Loop(
        LoopParts(
            source=KafkaSource(Broker(admin_access_of(installation), group, installation.prefix), group, topics),
            connect=connector(url, group),
            terms=terms_of(installation),
            rules=Rules(handlers, 100, not_watched),
            observer=Unobserved(),
            topics=topics,
            now=now,
            pace=Pace(poll_s=0.1),
            short_lived=frozenset(filter(is_short_lived, topics)),
            compacted=frozenset(filter(is_compacted, topics)),
        )
    )


def region_parts(installation: Installation, members: Mapping[str, MemberParts]) -> RegionParts:
    """The region and every desk; receipts go through the members' own intakes."""
    view = a_loop(installation, installation.region_url, region_topics(installation), *handlers(100))
    connects = {code: connector(url, "test") for code, url in installation.desk_urls.items()}
    desks = {
        code: a_loop(installation, url, desk_topics(code), *desk_handlers(installation, code))
        for code, url in installation.desk_urls.items()
    }
    sessions = {code: Session(opened) for code, opened in connects.items()}
    router_session = Session(connector(installation.region_url, "test"))
    office = Office(installation.directory, load_reference(), now)
    router, terms = RouterWorker(router_session, office), TermWorker(router_session, office)
    outbox = RegionOutbox(connector(installation.region_url, "test"), now)
    sending = Sending(REGION, outbox, sending_topics(installation))
    relay = make_relay(installation, sending, Metrics(CollectorRegistry()))

    def receipts(code: str) -> Callable[[], int]:
        def submit(records: Sequence[Mapping[str, Any]]) -> Sequence[str]:
            return members[code].submit("receipt", *records)

        def trouble(error: Exception) -> None:
            raise error

        return ReceiptWorker(sessions[code], submit, desks[code].caught_up, threading.Event(), trouble).run_once

    teller = Teller(installation.directory.region, installation.directory.exercise, now)
    deciding = [router.run_once, terms.run_once, lambda: router_session.transact(teller.tell), relay.run_once]
    steps = [*deciding, *(receipts(code) for code in desks)]

    def granting(code: str) -> Callable[[], int]:
        def submit(records: Sequence[Mapping[str, Any]]) -> Sequence[str | Rejected]:
            return [record_of(result) for result in members[code].intake.submit("grant", list(records), ENTRANCE)]

        def refused(error: ExchangeError) -> None:
            assert isinstance(error, Unusable), error

        return GrantingWorker(
            session=sessions[code],
            directory=installation.directory,
            opener=opener_of(installation, code),
            opening_key_of=opening_keys(installation),
            submit=submit,
            may_send=desks[code].caught_up,
            work=threading.Event(),
            trouble=refused,
        ).run_once

    forwarder = Forwarder(installation.directory, now)
    confirming = ReceiptForwarder(installation.directory, now, OVERDUE)
    steps += [lambda: router_session.transact(confirming.forward), lambda: router_session.transact(confirming.tell)]
    steps += [granting(code) for code in desks]
    steps += [lambda: router_session.transact(forwarder.forward), lambda: router_session.transact(forwarder.clear)]
    return RegionParts((view, *desks.values()), steps, deciding, (*sessions.values(), router_session), relay, outbox)


@dataclass(frozen=True, slots=True)
class SmallRegion:
    """An installation at rest; the events in it by what they are, and the number of a rejected record."""

    installation: Installation
    events: Mapping[str, str]

    @contextmanager
    def copy(self, folder: Path) -> Iterator["SmallRegion"]:
        """The same on databases and outboxes of its own, which a test may change."""
        names = f"c_{secrets.token_hex(6)}"
        server = self.installation.postgres_url
        var = Path(shutil.copytree(self.installation.var, folder / names))
        write_settings(var, self.installation, names)
        installation = open_installation(var)
        pairs = list(zip(urls(self.installation), urls(installation), strict=True))
        for template, made in pairs:
            with connect(server) as connection:
                statement = f"create database {made.rsplit('/', 1)[1]} template {template.rsplit('/', 1)[1]}"
                connection.execute(statement.encode())
        make_reader(installation)
        try:
            yield replace(self, installation=installation)
        finally:
            for _, made in pairs:
                drop_database(server, made.rsplit("/", 1)[1])
            drop_reader(installation)

    def change(self, url: str, *statements: str) -> None:
        """Run SQL on a database; the last statement has to change something."""
        with psycopg.connect(url) as connection:
            counts = [connection.execute(statement.encode()).rowcount for statement in statements]
        assert counts[-1] > 0

    def rows(self, url: str, query: str) -> list[tuple[Any, ...]]:
        """Rows of a database."""
        with psycopg.connect(url) as connection:
            return connection.execute(query.encode()).fetchall()


def drop_reader(installation: Installation) -> None:
    """Drop the role of an installation whose databases are dropped."""
    with connect(installation.postgres_url) as connection:
        connection.execute(f"drop role {reader_role(installation)}".encode())


def urls(installation: Installation) -> tuple[str, ...]:
    """Every database."""
    return (installation.region_url, *installation.desk_urls.values())


def write_settings(var: Path, installation: Installation | Stack, names: str, prefix: str = "") -> None:
    """Where an installation finds broker and server, and what its databases are called."""
    prefix = prefix or getattr(installation, "prefix", "")
    path = var / SETTINGS_FILE
    path.touch(mode=0o600)  # it names servers with passwords
    path.write_text(servers(installation, prefix, names), encoding="utf-8")


@contextmanager
def settled_region(stack: Stack, folder: Path, prefix: str, directory: str = DIRECTORY) -> Iterator[SmallRegion]:
    """The region after a small history: records, a routed request; one unusable, one foreign, one rejected record."""
    region = folder / "region"
    region.mkdir()
    (region / "directory.toml").write_text(directory, encoding="utf-8")
    var = folder / "var"
    var.mkdir()
    write_settings(var, stack, f"s_{secrets.token_hex(6)}", prefix)
    installation = prepare(var, open_region(region), lambda _message: None)
    try:
        yield SmallRegion(installation, lived_through(installation))
    finally:
        for url in urls(installation):
            drop_database(installation.postgres_url, url.rsplit("/", 1)[1])
        drop_reader(installation)


def lived_through(installation: Installation) -> Mapping[str, str]:
    """Let a small history happen; what is in it then, by what it is."""
    members = {code: member_parts(installation, code) for code in (ASKER, ASKED)}
    parts = region_parts(installation, members)
    try:
        asker = members[ASKER]
        (seizure,) = asker.submit("seizure", a_seizure("KU-1", "C-1"))
        (missing,) = members[ASKED].submit("missing", a_missing("N-1", "C-2"))
        (request,) = asker.submit("trace", a_request("T-1", "C-1"))
        unusable = accept_unusable(asker.outbox)
        assert beat(asker.outbox, asker.intake.identity, now(), 15.0)
        (rejected,) = asker.intake.submit("seizure", [about("KU-9")], ENTRANCE)
        plant_foreign(installation, "bb.seizure")
        settle(installation, members, parts)
    finally:
        parts.close()
        for member in members.values():
            member.close()
    return {
        "seizure": seizure,
        "missing": missing,
        "request": request,
        "unusable": unusable,
        "rejected": str(rejected.rejected_id),
    }


def settle(installation: Installation, members: Mapping[str, MemberParts], parts: RegionParts) -> None:
    """Run every part in turn until nothing is under way."""
    reader = KafkaTopicReader(Broker(admin_access_of(installation), "test", installation.prefix))
    try:
        deadline = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline:
            with suppress(Temporary):  # a busy broker may be late; processes at work try again, too
                for member in members.values():
                    member.relay.run_once()
                for loop in parts.loops:
                    loop.run_once()
                for step in parts.steps:
                    step()
            if under_way(installation, reader).nothing:
                return
    finally:
        reader.close()
    raise AssertionError(under_way(installation, reader))


def accept_unusable(outbox: OutboxFile, name: str = "unusable") -> str:
    """An event that no decoder reads, as a producer of another version might accept it; its id."""
    record = an_id(name)
    revision = Revision("seizure", record, 1, "d" * 43, None, event_id(record, 1), now())
    with outbox.accept() as acceptance:
        acceptance.add(revision, Draft("aa.seizure", revision.event_id, record, b"\x00\x00\x00\x00\x65broken"))
    return revision.event_id


def plant_foreign(installation: Installation, topic: str) -> None:
    """Bytes that nobody has sealed."""
    producer = KafkaProducer(**admin_access_of(installation).settings(), enable_idempotence=True)
    producer.send(installation.prefix + topic, value=b"no seal", key=b"k").get(timeout=60)
    producer.close()
