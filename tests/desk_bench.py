"""A desk's database behind a twin of the broker: sealed deliveries, folded by the real loop."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from psycopg import Connection

from consumers.desk.handler import DeskHandler
from consumers.desk.inbox import InboxEntry, inbox
from consumers.desk.own import STREAMS, OwnHandler
from consumers.store.connection import connector
from consumers.store.migrate import migrate
from consumers.store.session import Session
from consumers.tracing.decide import delivery_of
from histories import FIRST, KEY, START, decision, request_event
from interfocal.installation.installation import Places
from looping import TERMS, Bench
from records import Station
from schemas.directory import Directory
from schemas.events.decision import Decision, Evidence, PlannedDelivery
from schemas.events.delivery import Delivery, Original
from schemas.events.ids import delivery_event_id, value_sha256
from schemas.events.receipt import Receipt
from schemas.events.trace import TraceAct
from schemas.record import SEAL_HEADER
from schemas.topics import inbox_topic, member_topic
from schemas.wire.codec import encode
from twins import TwinLog

INBOX = inbox_topic(FIRST)
REQUEST = request_event().model_copy(update={"own_reference": "KT-1"})
EVIDENCE = Evidence(kind="reference_table", event_id=REQUEST.event_id, field="marks.make", transform="as_written")
TABLES = ("inbox", "submission", "own_receipt", "event", "topic_position", "quarantine")
T = TypeVar("T")


def routed(to: str = FIRST) -> Decision:
    """The decision that routes the request, with the evidence for it."""
    made = decision("routing", 1, KEY.request_id, to=to)
    assert made.routing is not None
    return made.model_copy(update={"routing": made.routing.model_copy(update={"evidence": (EVIDENCE,)})})


def original(event: TraceAct) -> Original:
    """The sender's own record, as the region read it."""
    record = Station(member_topic(event.member, "trace")).record(event, key=event.trace_id)
    seal = record.header_values(SEAL_HEADER)[0].decode()
    return Original(topic=record.topic, offset=0, appended_at=START, key=event.trace_id, value=encode(event), seal=seal)


def delivery(
    event: TraceAct, sent_by: Decision, read: Original | None = None, purpose: str = "accountable"
) -> Delivery:
    """What a decision sends to the desk."""
    planned = PlannedDelivery(event_id=delivery_event_id(sent_by.event_id, FIRST), inbox=FIRST, purpose=purpose)
    return delivery_of(sent_by, value_sha256(encode(sent_by)), planned, read or original(event))


@dataclass
class DeskBench:
    """One desk's database, and the inbox topic before it."""

    url: str
    bench: Bench = field(init=False)
    region: Station = field(default_factory=lambda: Station(INBOX))
    own: dict[str, Station] = field(default_factory=lambda: {s: Station(member_topic(FIRST, s)) for s in STREAMS})

    def __post_init__(self) -> None:
        migrate(self.url, "desk")
        log = TwinLog([INBOX, *(station.topic for station in self.own.values())])
        self.bench = Bench(self.url, log, handler=DeskHandler(TERMS, FIRST), also=(OwnHandler(),))

    def receive(self, *deliveries: Delivery) -> None:
        """Deliveries arrive and are folded."""
        self.region.put(self.bench.log, *deliveries)
        self.fold()

    def say(self, *events: Receipt | TraceAct) -> None:
        """The desk's own member has said something, which is folded."""
        for event in events:
            self.own["receipt" if isinstance(event, Receipt) else "trace"].put(self.bench.log, event)
        self.fold()

    def lose(self) -> None:
        """Nothing is left of the database, and it is made anew."""
        with self.session() as session:
            session.transact(lambda connection: connection.execute(f"truncate {', '.join(TABLES)}".encode()))

    def fold(self) -> None:
        """Fold what there is."""
        with closing(self.bench.loop()) as loop:
            self.bench.drain(loop)

    def inbox(self) -> list[InboxEntry]:
        """The inbox as it is read."""
        return list(self.read(inbox))

    def read(self, work: Callable[[Connection[Any]], T]) -> T:
        """Run something in a transaction."""
        with self.session() as session:
            return session.transact(work)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session on the desk's database."""
        with closing(Session(connector(self.url, "test"))) as session:
            yield session


@dataclass(frozen=True, slots=True)
class DeskInstallation:
    """What a desk's commands read of an installation."""

    var: Path
    directory: Directory
    url: str

    @property
    def places(self) -> Places:
        """Where its files would be; there are none."""
        return Places(self.var)

    def desk_url(self, code: str) -> str:
        """One database, whichever desk asks."""
        assert self.directory.member(code)
        return self.url
