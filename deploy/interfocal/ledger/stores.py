"""Reads what outboxes and databases say, by SQL alone. It changes with the tables that a proof has to count."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from consumers.store import chains, missing_offsets
from consumers.store.revision import check_tables
from consumers.tracing.dump import dump_tracing
from consumers.tracing.wants import Want
from consumers.view.dump import dump_view, lines
from interfocal.ledger.log import gap_place, offsets_place
from producers.outbox import open_read_only
from schemas.errors import StoreAway
from schemas.events.types import instant_text

LineCounts = Counter[str]
"""Lines of a dump, and how often each is there: a doubled row counts twice."""

EventId = tuple[str, str]
"""Topic and event id: what an event is known by."""

Applied = tuple[str, str, str]
"""Topic, event id and SHA-256 of the value: what one value of an event is known by."""

ALTERED = "altered"  # stands for the hash of an applied value that has another
SHA256_OF_VALUE = "rtrim(translate(encode(sha256(value), 'base64'), '+/', '-_'), '=')"

DOUBLED = (
    "select event_id from event group by topic, event_id, sha256 having count(*) > 1",
    "select event_id from trace_act group by topic, event_id, sha256 having count(*) > 1",
    "select unnest(array_agg(event_id)) from decision group by kind, subject, hop, cause having count(*) > 1",
    "select unnest(array_agg(decision_id)) from decided group by kind, subject, hop, cause having count(*) > 1",
)
"""Queries of the region's database that must find nothing: event ids of what is there twice."""

DOUBLED_INBOX = (
    "select event_id from event group by topic, event_id, sha256 having count(*) > 1",
    "select event_id from inbox group by event_id having count(*) > 1",
    "select unnest(array_agg(event_id)) from inbox group by of_event, decision_id having count(*) > 1",
)
"""Likewise of a desk's."""

INBOX_COLUMNS = (
    "event_id, of_event, sha256, from_member, act, purpose, requester, trace_id, hop, rule, accountable, decision_id,"
    " own_reference, recorded_at, body"
)


@dataclass(frozen=True, slots=True)
class OutboxFacts:
    """A member's outbox: what was ever accepted, what of it Kafka has not acknowledged, and where the rest lies."""

    accepted: Mapping[str, str]  # event id -> stream
    waiting: frozenset[str]
    published: Mapping[EventId, int]  # offset


@dataclass(frozen=True, slots=True)
class PutAway:
    """One entry whose record has not taken effect: it waits, or was discarded."""

    topic: str
    offset: int
    event_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What any consumer's database holds: positions, applied events, quarantine."""

    positions: Mapping[str, int]
    applied: Mapping[Applied, float]  # seconds from broker to fold
    quarantined: Sequence[PutAway]
    doubled: frozenset[str]
    released: frozenset[tuple[str, int]] = frozenset()  # topic and offset of entries that have taken effect since


@dataclass(frozen=True, slots=True)
class RegionFacts:
    """What only the region's database holds: dumps, the decisions that settled something, and receipts."""

    store: StoreFacts
    view: LineCounts
    tracing: LineCounts
    decided: Mapping[Want, str]  # decision's event id
    receipts: frozenset[Applied]
    acknowledged: frozenset[str] = frozenset()  # gaps that a person knows of, as ``gap_place`` or ``offsets_place``


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One delivery as the desk has it, and the milliseconds from the original's acceptance."""

    delivery: str
    of_event: str
    purpose: str
    decision_id: str
    latency_ms: float
    line: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk's database: the shared facts, and its inbox."""

    store: StoreFacts
    inbox: Sequence[InboxRow]


def read_outbox(path: Any) -> OutboxFacts:
    """Count a member's outbox afresh; raises StoreAway."""
    outbox = open_read_only(path)
    try:
        accepted = {revision.event_id: revision.stream for revision in outbox.all_revisions()}
        rows = [(row.draft.topic, row.draft.event_id, row.published_offset) for row in outbox.all_rows()]
    finally:
        outbox.close()
    waiting = frozenset(event_id for _, event_id, offset in rows if offset is None)
    published = {(topic, event_id): offset for topic, event_id, offset in rows if offset is not None}
    return OutboxFacts(accepted, waiting, published)


def open_store(url: str) -> psycopg.Connection[Any]:
    """A connection that only reads; raises StoreAway, or Misconfigured for tables of another version."""
    try:
        connection = psycopg.connect(url, autocommit=True, options="-c default_transaction_read_only=on")
    except psycopg.OperationalError as error:
        raise StoreAway("a database does not answer; nothing can be proved without it") from error
    try:
        check_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def read_store(connection: psycopg.Connection[Any], doubled: Sequence[str]) -> StoreFacts:
    """What the shared tables hold; ``doubled`` are queries that must find nothing."""
    positions = dict(connection.execute("select topic, next_offset from topic_position").fetchall())
    applied = {
        (topic, event_id, sha): float(seconds)
        for topic, event_id, sha, seconds in connection.execute(
            f"select topic, event_id, case sha256 when {SHA256_OF_VALUE} then sha256 else '{ALTERED}' end,"
            " extract(epoch from folded_at) - appended_ms / 1000.0 from event".encode()
        )
    }
    quarantined = [
        PutAway(*row)
        for row in connection.execute(
            "select topic, log_offset, event_id, reason from quarantine where settled is distinct from 'released'"
        )
    ]
    released = connection.execute("select topic, log_offset from quarantine where settled = 'released'").fetchall()
    twice = frozenset(str(row[0]) for query in doubled for row in connection.execute(query.encode()))
    return StoreFacts(positions, applied, quarantined, twice, frozenset((row[0], row[1]) for row in released))


def read_region(connection: psycopg.Connection[Any]) -> RegionFacts:
    """What the region's database holds."""
    settled = connection.execute("select kind, subject, hop, cause, decision_id from decided")
    receipts = connection.execute("select topic, event_id, value_sha256 from receipt")
    return RegionFacts(
        store=read_store(connection, DOUBLED),
        view=Counter(lines(dump_view(connection))),
        tracing=Counter(lines_of_rows(dump_tracing(connection))),
        decided={Want(*row[:4]): str(row[4]) for row in settled},
        receipts=frozenset((str(row[0]), str(row[1]), str(row[2])) for row in receipts),
        acknowledged=frozenset(
            (
                *(gap_place(gap) for gap in chains.gaps(connection, acknowledged=True)),
                *(offsets_place(missing) for missing in missing_offsets.acknowledged(connection)),
            )
        ),
    )


def read_desk(connection: psycopg.Connection[Any]) -> Desk:
    """What a desk's database holds."""
    return Desk(read_store(connection, DOUBLED_INBOX), read_inbox(connection))


def lines_of_rows(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[str]:
    """Rows of the tracing dump as lines."""
    return (json.dumps([table, columns], sort_keys=True, ensure_ascii=False) for table, columns in rows)


def read_inbox(connection: psycopg.Connection[Any]) -> Sequence[InboxRow]:
    """Every delivery that a desk has."""
    rows = connection.execute(
        "select event_id, of_event, purpose, decision_id,"
        f" extract(epoch from received_at - recorded_at) * 1000, {INBOX_COLUMNS} from inbox".encode()
    )
    return [InboxRow(row[0], row[1], row[2], row[3], float(row[4]), inbox_line(row[5:])) for row in rows]


def inbox_line(columns: Sequence[object]) -> str:
    """A row of ``INBOX_COLUMNS`` as a line, the same from the database and from whoever would write it."""
    return json.dumps([plain(column) for column in columns], sort_keys=True, ensure_ascii=False)


def plain(value: object) -> object:
    """A column as JSON writes it, instants in UTC."""
    if isinstance(value, datetime):
        return instant_text(value.astimezone(UTC))
    return value.obj if isinstance(value, Jsonb) else value
