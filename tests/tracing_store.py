"""A region's database into which events are folded without a broker, and from whose outbox decisions come back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, Handler
from consumers.folding import Outcome, Rules, fold
from consumers.plan import Batch
from consumers.store import positions
from consumers.store.connection import connector
from consumers.store.migrate import migrate
from consumers.terms.handler import TermHandler
from consumers.tracing.deciding import Office
from consumers.tracing.handler import TracingHandler
from consumers.view.handler import ViewHandler
from histories import ASKER, FIRST, REGION, SECOND, START, STRANGER
from schemas.directory import Directory
from schemas.events.decision import Decision
from schemas.events.delivery import Delivery
from schemas.events.envelope import Event
from schemas.events.ids import value_sha256
from schemas.events.missing import Missing
from schemas.events.receipt import Receipt
from schemas.events.seizure import Seizure
from schemas.events.trace import TraceAct
from schemas.marks.reference import load_reference
from schemas.record import SEAL_HEADER, Record
from schemas.steps import Reached, not_watched
from schemas.topics import DECISION_TOPIC, member_topic
from schemas.trust.seal import SealClaims
from schemas.wire.codec import decode, encode

SEAL = b"seal..seal"
DIRECTORY = Directory.model_validate(
    {
        "region": "test-region",
        "title": "Test",
        "version": 7,
        "exercise": True,
        "issued_at": START,
        "expires_at": START,
        "members": [{"code": code, "name": code} for code in (ASKER, FIRST, SECOND, STRANGER)],
    }
)
OFFICE = Office(DIRECTORY, load_reference(), lambda: START)


@dataclass
class RegionStore:
    """One database; offsets and numbers grow as events are folded."""

    url: str
    handlers: Sequence[Handler] = field(default_factory=lambda: (ViewHandler(), TracingHandler(), TermHandler()))
    offsets: dict[str, int] = field(default_factory=dict)
    published: int = 0

    def __post_init__(self) -> None:
        migrate(self.url, "region")

    def connect(self) -> Connection[Any]:
        return connector(self.url, "test")()

    def fold(self, *events: Event) -> Outcome:
        """Fold all events in one transaction."""
        return self.fold_checked(*(self.checked(event) for event in events))

    def fold_checked(self, *events: CheckedEvent) -> Outcome:
        return self.fold_held(not_watched, *events)

    def fold_held(self, reached: Reached, *events: CheckedEvent) -> Outcome:
        """Fold all events in one transaction; ``reached`` may hold it after a step. Threads may do so at once."""
        items: dict[str, list[CheckedEvent]] = {}
        for event in events:
            items.setdefault(event.record.topic, []).append(event)
        with self.connect() as connection, connection.transaction():
            positions.ensure(connection, sorted(items))
            return fold(connection, Batch(items), Rules(self.handlers, 1000, reached))

    def checked(self, event: Event, seq: int | None = None) -> CheckedEvent:
        """The event as if it had been read next from its topic."""
        topic, value = topic_of(event), encode(event)
        offset = self.offsets.get(topic, 0)
        self.offsets[topic] = offset + 1
        key = event.trace_id if isinstance(event, TraceAct | Decision) and event.trace_id else event.event_id
        record = Record(topic, offset, key.encode(), value, ((SEAL_HEADER, SEAL),), 1_700_000_000_123)
        claims = SealClaims("k", REGION, topic, event.event_id, key, "x", 1, seq or offset + 1, None, 1)
        return CheckedEvent(record, claims, event, value_sha256(value), decode(value)[0])

    def publish(self) -> list[Event]:
        """Take what is new in the region's outbox, fold its decisions, and return all of it in order."""
        rows = self.rows("select row_id, value from region_outbox where row_id > %s order by row_id", self.published)
        events = [decode(bytes(value))[1] for _, value in rows]
        self.published = max((row for row, _ in rows), default=self.published)
        self.fold(*(event for event in events if isinstance(event, Decision)))
        return events

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query, parameters).fetchall()

    def standings(self) -> dict[str, tuple[str, str | None]]:
        """Standing and reason by event id."""
        return {row[0]: (row[1], row[2]) for row in self.rows("select event_id, standing, reason from trace_act")}

    def state(self) -> str:
        ((state,),) = self.rows("select state from trace")
        return str(state)


def topic_of(event: Event) -> str:
    """The topic that an event belongs on."""
    if isinstance(event, Decision):
        return DECISION_TOPIC
    streams: dict[type[Event], str] = {Receipt: "receipt", Missing: "missing", Seizure: "seizure"}
    return member_topic(event.member, streams.get(type(event), "trace"))


def deliveries(events: Sequence[Event]) -> Iterator[Delivery]:
    return (event for event in events if isinstance(event, Delivery))


def the_decision(events: Sequence[Event]) -> Decision:
    """The only decision among these."""
    (decision,) = [event for event in events if isinstance(event, Decision)]
    return decision
