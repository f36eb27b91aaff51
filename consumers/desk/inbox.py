"""What a desk knows: its inbox, its own submissions, and where the next act of a trace belongs.

It changes with what a focal point asks of its desk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

COLUMNS = """event_id, of_event, sha256, from_member, act, purpose, requester, trace_id, hop, rule, accountable,
             decision_id, own_reference, recorded_at, received_at, body, receipt_event"""


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One delivery. ``body`` is the original event in its JSON form."""

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


@dataclass(frozen=True, slots=True)
class SubmittedAct:
    """One act that this desk sent."""

    own_reference: str
    act: str
    requester: str
    trace_id: str
    hop: int
    cause: str | None
    event_id: str
    submitted_at: datetime
    body: dict[str, Any]


def inbox(connection: Connection[Any], *, trace_id: str | None = None, limit: int = 500) -> Sequence[InboxEntry]:
    """Deliveries, the oldest first; of one trace if asked."""
    where = "where trace_id = %(trace)s" if trace_id else ""
    query = f"select {COLUMNS} from inbox {where} order by received_at, event_id limit %(limit)s"
    with connection.cursor(row_factory=class_row(InboxEntry)) as cursor:
        return cursor.execute(query, {"trace": trace_id, "limit": limit}).fetchall()


def submissions(connection: Connection[Any], trace_id: str) -> Sequence[SubmittedAct]:
    """What this desk sent in a trace, the oldest first."""
    query = """select own_reference, act, requester, trace_id, hop, cause, event_id, submitted_at, body
               from submission where trace_id = %s order by submitted_at, own_reference"""
    with connection.cursor(row_factory=class_row(SubmittedAct)) as cursor:
        return cursor.execute(query, (trace_id,)).fetchall()


def keep_submission(connection: Connection[Any], sent: SubmittedAct) -> None:
    """Remember an act that intake has accepted; the same one again changes nothing."""
    connection.execute(
        """insert into submission (own_reference, act, requester, trace_id, hop, cause, event_id, submitted_at, body)
           values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (own_reference) do nothing""",
        (
            *(sent.own_reference, sent.act, sent.requester, sent.trace_id, sent.hop, sent.cause),
            *(sent.event_id, sent.submitted_at, Jsonb(sent.body)),
        ),
    )


def without_receipt(connection: Connection[Any], limit: int) -> Sequence[InboxEntry]:
    """Deliveries whose receipt this member's intake has not accepted yet, the oldest first."""
    query = f"select {COLUMNS} from inbox where receipt_event is null order by received_at, event_id limit %s"
    with connection.cursor(row_factory=class_row(InboxEntry)) as cursor:
        return cursor.execute(query, (limit,)).fetchall()


def mark_receipt(connection: Connection[Any], delivery: str, receipt: str) -> None:
    """Remember the receipt's event id."""
    connection.execute("update inbox set receipt_event = %s where event_id = %s", (receipt, delivery))


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where a desk stands in a trace: the hop in hand, and the event that its next act answers."""

    requester: str
    trace_id: str
    hop: int
    cause: str


def standpoint(entries: Sequence[InboxEntry], member: str) -> Standpoint | None:
    """Where ``member`` stands after these deliveries of one trace; None when it has nothing to answer.

    The hop is the highest that a delivery names for it. The cause is the last thing that the other side said on that
    hop; for a fresh hop that is the request itself.
    """
    own = [
        entry for entry in entries if entry.hop is not None and (entry.purpose != "copy" or entry.requester == member)
    ]
    if not own:
        return None
    hop = max(entry.hop or 1 for entry in own)
    last = max((entry for entry in own if entry.hop == hop), key=lambda entry: (entry.recorded_at, entry.of_event))
    return Standpoint(last.requester or "", last.trace_id or "", hop, last.of_event)
