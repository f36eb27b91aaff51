"""What a desk's database holds: its inbox, and what was submitted from it. It changes with what a desk keeps."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from consumers.store.many import write_many
from consumers.tracing.trace import TraceKey
from schemas.events.delivery import Delivery
from schemas.wire.codec import decode

COLUMNS = """event_id, of_event, sha256, from_member, act, purpose, requester, trace_id, hop, rule, accountable,
             decision_id, own_reference, recorded_at, received_at, body, receipt_event"""
SENT_COLUMNS = "own_reference, act, requester, trace_id, hop, cause, event_id, submitted_at, body"
FOR_PEOPLE = "purpose <> 'receipt'"
UNRECEIPTED = f"receipt_event is null and {FOR_PEOPLE}"
"""A receipt is not itself receipted."""

OF_THESE = "(requester, trace_id) in (select * from unnest(%s::text[], %s::text[]))"


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One delivery. ``body`` is the original event in its JSON form; ``traceparent`` is read where it is needed."""

    event_id: str
    of_event: str
    sha256: str
    from_member: str
    act: str
    purpose: str
    requester: str | None
    trace_id: str | None
    hop: int | None
    rule: str | None
    accountable: str | None
    decision_id: str
    own_reference: str | None
    recorded_at: datetime
    received_at: datetime
    body: dict[str, Any]
    receipt_event: str | None
    traceparent: str | None = None

    @property
    def trace(self) -> TraceKey | None:
        """The trace that it belongs to."""
        return TraceKey(self.requester, self.trace_id) if self.requester and self.trace_id else None


@dataclass(frozen=True, slots=True)
class SubmittedAct:
    """One act that this desk sent; ``own_reference`` is its national id, ``body`` the record as submitted."""

    own_reference: str
    act: str
    requester: str
    trace_id: str
    hop: int
    cause: str | None
    event_id: str
    submitted_at: datetime
    body: dict[str, Any]

    @property
    def trace(self) -> TraceKey:
        """The trace that it belongs to."""
        return TraceKey(self.requester, self.trace_id)


def inbox(connection: Connection[Any], *, limit: int = 500) -> Sequence[InboxEntry]:
    """The newest deliveries, the oldest of them first."""
    newest = f"select {COLUMNS} from inbox where {FOR_PEOPLE} order by received_at desc, event_id desc limit %s"
    query = f"select * from ({newest}) as newest order by received_at, event_id"
    with connection.cursor(row_factory=class_row(InboxEntry)) as cursor:
        return cursor.execute(query, [limit]).fetchall()


def inbox_of(connection: Connection[Any], keys: Iterable[TraceKey]) -> Sequence[InboxEntry]:
    """Every delivery of these traces, the oldest first."""
    query = f"select {COLUMNS} from inbox where {OF_THESE} order by received_at, event_id"
    with connection.cursor(row_factory=class_row(InboxEntry)) as cursor:
        return cursor.execute(query, _pairs(keys)).fetchall()


def submissions_of(connection: Connection[Any], keys: Iterable[TraceKey]) -> Sequence[SubmittedAct]:
    """What this desk sent in these traces, the oldest first."""
    query = f"select {SENT_COLUMNS} from submission where {OF_THESE} order by submitted_at, own_reference"
    with connection.cursor(row_factory=class_row(SubmittedAct)) as cursor:
        return cursor.execute(query, _pairs(keys)).fetchall()


def traces_named(connection: Connection[Any], name: str = "", *, limit: int) -> Sequence[TraceKey]:
    """Traces that this desk knows, the newest first: by id, its beginning, ``XX/`` and either, or asker's reference.

    An empty name is the beginning of every id.
    """
    query = """
        with known as (
            select requester, trace_id, received_at as at,
                   case act when 'request' then own_reference end as reference
            from inbox where requester is not null and trace_id is not null
            union all
            select requester, trace_id, submitted_at, case act when 'request' then body ->> 'own_reference' end
            from submission
        )
        select requester, trace_id from known group by requester, trace_id
        having starts_with(trace_id, lower(%(name)s)) or bool_or(reference = %(name)s)
            or starts_with(lower(requester || '/' || trace_id), lower(%(name)s))
        order by max(at) desc, requester, trace_id limit %(limit)s"""
    rows = connection.execute(query, {"name": name, "limit": limit}).fetchall()
    return [TraceKey(*row) for row in rows]


def asker_references(connection: Connection[Any], keys: Collection[TraceKey]) -> Mapping[TraceKey, str]:
    """The asker's own reference of each of these traces whose request is here."""
    query = f"""select requester, trace_id, min(own_reference) from inbox
                where act = 'request' and own_reference is not null and {OF_THESE} group by requester, trace_id"""
    rows = connection.execute(query, _pairs(keys)).fetchall()
    return {TraceKey(requester, trace_id): reference for requester, trace_id, reference in rows}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Another desk's receipt for an event of this member: signed, for exactly these bytes, and kept here."""

    by: str
    received_at: datetime
    receipt: str
    erased: tuple[str, ...]


def confirmations(connection: Connection[Any], events: Collection[str]) -> Mapping[str, Sequence[Confirmed]]:
    """Receipts for these own events; one whose SHA-256 is another than that of what this member sealed is none."""
    rows = connection.execute(
        "select inbox.body ->> 'of_event', from_member, (inbox.body ->> 'received_at')::timestamptz, of_event,"
        " inbox.body -> 'erased' from inbox join event as own on own.event_id = inbox.body ->> 'of_event'"
        " and own.sha256 = inbox.body ->> 'sha256' where purpose = 'receipt' and own.event_id = any(%s)"
        " order by 3, 4",
        [list(events)],
    ).fetchall()
    found: dict[str, list[Confirmed]] = {}
    for event, by, received_at, receipt, erased in rows:
        found.setdefault(event, []).append(Confirmed(by, received_at, receipt, tuple(erased or ())))
    return found


def deliveries_of(connection: Connection[Any], entries: Iterable[InboxEntry]) -> Mapping[str, Delivery]:
    """The deliveries themselves by event id, with what they show beside the original."""
    wanted = [entry.event_id for entry in entries]
    rows = connection.execute("select event_id, value from event where event_id = any(%s)", [wanted]).fetchall()
    decoded = {event_id: decode(bytes(value))[1] for event_id, value in rows}
    return {event_id: event for event_id, event in decoded.items() if isinstance(event, Delivery)}


def keep_submissions(connection: Connection[Any], sent: Iterable[SubmittedAct]) -> None:
    """Remember acts that intake has accepted; the same ones again change nothing."""
    write_many(
        connection,
        f"insert into submission ({SENT_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict (event_id) do nothing",
        [
            (
                *(one.own_reference, one.act, one.requester, one.trace_id, one.hop, one.cause),
                *(one.event_id, one.submitted_at, Jsonb(one.body)),
            )
            for one in sent
        ],
    )


def without_receipt(connection: Connection[Any], limit: int) -> Sequence[InboxEntry]:
    """Deliveries whose receipt this member's intake has not accepted yet, the oldest first."""
    query = f"""select {COLUMNS}, (select min(traceparent) from event where event_id = inbox.event_id) as traceparent
                from inbox where {UNRECEIPTED} order by received_at, event_id limit %s"""
    with connection.cursor(row_factory=class_row(InboxEntry)) as cursor:
        return cursor.execute(query, (limit,)).fetchall()


def mark_receipts(connection: Connection[Any], receipts: Mapping[str, str]) -> None:
    """Remember the receipts' event ids, by delivery."""
    write_many(
        connection,
        "update inbox set receipt_event = %s where event_id = %s",
        [(receipt, delivery) for delivery, receipt in receipts.items()],
    )


def _pairs(keys: Iterable[TraceKey]) -> list[list[str]]:
    known = list(keys)
    return [[key.requester for key in known], [key.trace_id for key in known]]
