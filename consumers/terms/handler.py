"""Derives the work that terms of handling call for: ends of embargoes, expiries. It changes with what has terms.

It comes after the handlers that store revisions, acts and decisions, for it reads their tables.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from psycopg import Connection

from consumers.blocking import blocking_keys
from consumers.checked import CheckedEvent, SetAside
from consumers.store.many import write_many
from consumers.terms.wanted import RecordKey, bucket_key, columns_of, open_terms
from schemas.events.decision import Decision, EndedTerm
from schemas.events.envelope import Event
from schemas.events.firearm import Marks
from schemas.topics import stream_of

STREAMS = frozenset({"seizure", "missing", "trace", "decision"})
TAKE_AWAY = (
    "delete from work where stream is not null"
    " and (stream, member, record_id) in (select * from unnest(%s::text[], %s::text[], %s::text[]))"
    " returning stream, member, record_id"
)
MARKS = "select body -> 'marks' from missing_revision where event_id = any(%s)"


class TermHandler:
    """Keeps the work of every record equal to the terms of its current revision that no decision has ended."""

    @property
    def streams(self) -> frozenset[str]:
        """Records, acts, and the decisions about them."""
        return STREAMS

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """The records; and the marks of a missing one that begins or ceases to take part, as if it came or went."""
        decisions = [checked.event for checked in events if isinstance(checked.event, Decision)]
        ended = [decision.subject for decision in decisions if _ended(decision) is not None]
        rows = transaction.execute(MARKS, [ended]) if ended else ()
        marks = {key for (read,) in rows for key in blocking_keys(Marks.model_validate(read))}
        return marks | {bucket_key(record) for record in touched(events)}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Derive the work of every record that the events give terms, or that had some."""
        had = take_away(transaction, touched(events))
        derive(transaction, had | touched(checked for checked in events if _has_terms(checked)))
        return ()

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Derive it anew without the events: an earlier revision may be the current one again."""
        take_away(transaction, touched(events))
        derive(transaction, touched(events))


def touched(events: Iterable[CheckedEvent]) -> set[RecordKey]:
    """The records whose terms, or whose terms' ends, these events state."""
    found: set[RecordKey] = set()
    for checked in events:
        event, ended = checked.event, _ended(checked.event)
        if ended is not None:
            found |= {(stream, ended.of_member, ended.of_record) for stream in STREAMS - {"decision"}}
        elif not isinstance(event, Decision):
            found.add((stream_of(checked.record.topic), event.member, event.record_id))
    return found


def take_away(transaction: Connection[Any], records: Collection[RecordKey]) -> set[RecordKey]:
    """Delete the term work of these records, whose buckets must be locked; which of them had some."""
    rows = transaction.execute(TAKE_AWAY, columns_of(records)).fetchall() if records else ()
    return {(stream, member, record_id) for stream, member, record_id in rows}


def derive(transaction: Connection[Any], records: Collection[RecordKey]) -> None:
    """Write the term work of these records, which have none; their buckets must be locked."""
    if not records:
        return
    write_many(
        transaction,
        "insert into work (kind, subject, hop, cause, stream, member, record_id, due_at)"
        " select due.* from (values (%s, %s, %s::int, %s, %s, %s, %s, %s::timestamptz))"
        " as due (kind, subject, hop, cause, stream, member, record_id, due_at)"
        " left join decided using (kind, subject, hop, cause)"
        " where decided.decision_id is null on conflict do nothing",
        [
            (term.kind, term.event_id, term.want.hop, term.want.cause, *term.record, term.until)
            for term in open_terms(transaction, records)
        ],
    )


def _has_terms(checked: CheckedEvent) -> bool:
    handling = checked.event.handling
    return _ended(checked.event) is not None or handling.embargo_until is not None or handling.expires_at is not None


def _ended(event: Event) -> EndedTerm | None:
    return (event.embargo_end or event.expiry) if isinstance(event, Decision) else None
