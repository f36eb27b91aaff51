"""Reads what outboxes and databases say, by SQL alone. It changes with the tables that a proof has to count."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from consumers.tracing.dump import dump_tracing
from consumers.view.dump import dump_view, lines
from producers.outbox import open_read_only
from schemas.errors import StoreAway
from schemas.topics import RECORD_STREAMS

LineCounts = Counter[str]
"""Lines of a dump, and how often each is there: a doubled row counts twice."""

DOUBLED = {
    "view_row": "select 'trace_act ' || event_id from trace_act group by topic, event_id, sha256 having count(*) > 1",
    "decision": "select min(event_id) from decision group by kind, subject, hop, cause having count(*) > 1",
    "decided": "select min(decision_id) from decided group by kind, subject, hop, cause having count(*) > 1",
    "event": "select event_id from event group by topic, event_id, sha256 having count(*) > 1",
}
DOUBLED_INBOX = (
    "select event_id from inbox group by event_id having count(*) > 1"
    " union select min(of_event) from inbox group by of_event, decision_id having count(*) > 1"
)


@dataclass(frozen=True, slots=True)
class OutboxFacts:
    """A member's outbox: events of records that were accepted, and rows that Kafka has not acknowledged."""

    accepted: Mapping[str, str]  # event id -> stream
    waiting: frozenset[str]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One unresolved entry."""

    topic: str
    offset: int
    event_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What any consumer's database holds: positions, applied events, quarantine."""

    positions: Mapping[str, int]
    applied: Mapping[tuple[str, str, str], float]  # topic, event id, SHA-256 -> seconds from broker to fold
    quarantined: Sequence[Quarantined]
    doubled: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One delivery as the desk has it, and the milliseconds from the original's acceptance."""

    delivery: str
    of_event: str
    purpose: str
    decision_id: str
    latency_ms: float


def read_outbox(path: Any) -> OutboxFacts:
    """Count a member's outbox afresh; raises StoreAway."""
    outbox = open_read_only(path)
    try:
        revisions = {r.event_id: r.stream for r in outbox.all_revisions() if r.stream in RECORD_STREAMS}
        waiting = frozenset(row.draft.event_id for row in outbox.all_rows() if row.published_offset is None)
    finally:
        outbox.close()
    return OutboxFacts(revisions, waiting)


def open_store(url: str) -> psycopg.Connection[Any]:
    """A connection that only reads; raises StoreAway."""
    try:
        return psycopg.connect(url, autocommit=True, options="-c default_transaction_read_only=on")
    except psycopg.OperationalError as error:
        raise StoreAway("a database does not answer; nothing can be proved without it") from error


def read_store(connection: psycopg.Connection[Any], doubled: Mapping[str, str]) -> StoreFacts:
    """What the shared tables hold; ``doubled`` are queries that must find nothing."""
    positions = dict(connection.execute("select topic, next_offset from topic_position").fetchall())
    applied = {
        (topic, event_id, sha): float(seconds)
        for topic, event_id, sha, seconds in connection.execute(
            "select topic, event_id, sha256, extract(epoch from folded_at) - appended_ms / 1000.0 from event"
        )
    }
    quarantined = [
        Quarantined(*row)
        for row in connection.execute(
            "select topic, log_offset, event_id, reason from quarantine where resolved_at is null"
        )
    ]
    found = [(kind, str(row[0])) for kind, query in doubled.items() for row in connection.execute(query.encode())]
    return StoreFacts(positions, applied, quarantined, found)


def view_lines(connection: psycopg.Connection[Any]) -> LineCounts:
    """The dump of the view's records."""
    return Counter(lines(dump_view(connection)))


def tracing_lines(connection: psycopg.Connection[Any]) -> LineCounts:
    """The dump of traces, acts and decisions."""
    return Counter(lines_of_rows(dump_tracing(connection)))


def lines_of_rows(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[str]:
    """Rows of the tracing dump as lines."""
    return (json.dumps([table, columns], sort_keys=True, ensure_ascii=False) for table, columns in rows)


def read_inbox(connection: psycopg.Connection[Any]) -> Sequence[InboxRow]:
    """Every delivery that a desk has."""
    rows = connection.execute(
        "select event_id, of_event, purpose, decision_id,"
        " extract(epoch from received_at - recorded_at) * 1000 from inbox"
    )
    return [InboxRow(str(row[0]), str(row[1]), str(row[2]), str(row[3]), float(row[4])) for row in rows]
