"""Which terms of records in the database wait for their end, and the decisions that end them.

It changes when handling gets another kind of term. A term is of one revision: a later one has terms of its own, so
that prolonging and lifting work in any order of arrival.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from consumers.tracing.wants import Want
from schemas.events.ids import term_id

RecordKey = tuple[str, str, str]
"""Stream, member, record id."""

NO_HOP = 0
NEWEST = "order by revision desc, life desc, seq desc, sha256 desc limit 1"
STATED = "select body -> 'handling' as handling, event_id, embargo_until, expires_at"
OF_REVISIONS = f"""
    ({STATED}, null as requester, null as trace_id from {{stream}}_revision as stated
     where asked.stream = '{{stream}}' and (stated.member, stated.record_id) = (asked.member, asked.record_id) {NEWEST})
"""
OPEN_TERMS = f"""
    select asked.stream, asked.member, asked.record_id, stated.event_id, stated.requester, stated.trace_id,
           stated.handling, term.kind, term.until
    from unnest(%s::text[], %s::text[], %s::text[]) as asked (stream, member, record_id)
    cross join lateral (
        {OF_REVISIONS.format(stream="seizure")} union all {OF_REVISIONS.format(stream="missing")}
        union all ({STATED}, requester, trace_id from trace_act as stated
            where asked.stream = 'trace' and standing <> 'set_aside'
              and (stated.member, body ->> 'record_id') = (asked.member, asked.record_id))
    ) as stated
    cross join lateral (values ('embargo_end', stated.embargo_until), ('expiry', stated.expires_at))
        as term (kind, until)
    where term.until is not null and not exists (
        select from ended_term as ended
        where (ended.kind, ended.subject, ended.until) = (term.kind, stated.event_id, term.until))
    order by term.until, stated.event_id, term.kind
"""
"""Record by record: the view of all current revisions would rank every one of them."""


@dataclass(frozen=True, slots=True)
class OpenTerm:
    """A term of a record's current revision whose end is not decided. ``requester`` and ``trace_id`` are an act's."""

    stream: str
    member: str
    record_id: str
    event_id: str
    requester: str | None
    trace_id: str | None
    handling: dict[str, Any]
    kind: str
    until: datetime

    @property
    def record(self) -> RecordKey:
        """The record whose term it is."""
        return self.stream, self.member, self.record_id

    @property
    def want(self) -> Want:
        """The row of work that calls for its end."""
        return Want(self.kind, self.event_id, NO_HOP, term_id(self.event_id, self.kind, self.until))


def bucket_key(record: RecordKey) -> str:
    """What is locked by whoever changes a record's terms."""
    return f"term:{'/'.join(record)}"


def open_terms(connection: Connection[Any], records: Iterable[RecordKey]) -> Sequence[OpenTerm]:
    """The open terms of these records, the earliest first."""
    with connection.cursor(row_factory=class_row(OpenTerm)) as cursor:
        return cursor.execute(OPEN_TERMS, columns_of(records)).fetchall()


def columns_of(records: Iterable[RecordKey]) -> list[list[str]]:
    """Records as three columns, each once."""
    keys = sorted(set(records))
    return [[key[at] for key in keys] for at in range(3)]
