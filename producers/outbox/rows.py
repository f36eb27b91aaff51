"""What an outbox file holds: its tables, and the values that their rows are. It changes with the tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.record import Draft, Entry, Link
from schemas.rejection import Problem

LAYOUT = 2
"""Version of the tables (SQLite's ``user_version``)."""

TABLES = """
create table revision (
    stream text not null, record_id text not null, revision integer not null, content text not null,
    national_version text, event_id text not null unique, accepted_at text not null,
    primary key (stream, record_id, revision)
) strict;
create table outbox (
    id integer primary key autoincrement, topic text not null, event_id text not null unique, key text not null,
    value blob not null, headers text not null, accepted_at text not null,
    life integer, seq integer, seal blob, published_offset integer,
    unique (topic, life, seq),
    check ((life is null) = (seq is null) and (seq is null) = (seal is null)),
    check (published_offset is null or seal is not null)
) strict;
create index outbox_waiting on outbox (id) where seal is null;
create index outbox_unacknowledged on outbox (id) where published_offset is null;
create index outbox_key on outbox (topic, key);
create table chain (
    topic text primary key, life integer not null, head_seq integer not null, head_hash text,
    after_life integer, after_seq integer
) strict;
create table rejected (
    id integer primary key autoincrement, way text not null, source text not null, row integer,
    stream text not null, record_key text not null, problems text not null, record text not null,
    rejected_at text not null, closed_at text, closed_by text, mapping text not null default ''
) strict;
create index rejected_open on rejected (stream, record_key) where closed_at is null;
"""

UPGRADES = {1: "alter table rejected add column mapping text not null default '';"}
"""What makes the next layout of a layout."""

OUTBOX_COLUMNS = "id, topic, event_id, key, value, headers, life, seq, seal, published_offset, accepted_at"
REVISION_COLUMNS = "stream, record_id, revision, content, national_version, event_id, accepted_at"
REJECTED_COLUMNS = (
    "id, way, source, row, stream, record_key, problems, record, rejected_at, closed_at, closed_by, mapping"
)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """One accepted revision of a national record. ``content`` is the keyed digest of the record before mapping."""

    stream: str
    record_id: str
    revision: int
    content: str
    national_version: str | None
    event_id: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A national record that was not accepted.

    ``way`` is how it came (a file, HTTP), ``source`` the file's name or the system, ``row`` its place in there.
    ``record_key`` knows the same national record again; it is empty when the record has no usable id. ``mapping`` is
    what it was read with, or ``harmonised``; empty where that was not kept.
    """

    way: str
    source: str
    row: int | None
    stream: str
    record_key: str
    problems: tuple[Problem, ...]
    record: Mapping[str, Any] = field(default_factory=dict)
    mapping: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejected record as it is kept. ``closed_by`` is the event that a later version of the record became."""

    id: int
    rejected: RejectedRecord
    rejected_at: datetime
    closed_at: datetime | None
    closed_by: str | None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One accepted event: waiting (no seal), sealed (no offset), or published."""

    id: int
    draft: Draft
    life: int | None
    seq: int | None
    seal: bytes | None
    published_offset: int | None
    accepted_at: datetime


def headers_text(headers: tuple[tuple[str, bytes], ...]) -> str:
    """Headers as JSON. Latin-1 gives every byte one character, so any value comes back as it was."""
    return json.dumps([[name, value.decode("latin-1")] for name, value in headers])


def headers_of(text: str) -> tuple[tuple[str, bytes], ...]:
    """The inverse of ``headers_text``."""
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(text))


def outbox_row(row: Row) -> OutboxRow:
    """A row of ``OUTBOX_COLUMNS``."""
    number, topic, event_id, key, value, headers, life, seq, seal, offset, accepted_at = row
    draft = Draft(topic, event_id, key, value, headers_of(headers))
    return OutboxRow(number, draft, life, seq, seal, offset, datetime.fromisoformat(accepted_at))


def entry(row: Row) -> Entry:
    """A sealed row of ``OUTBOX_COLUMNS`` as the relay takes it."""
    number, topic, event_id, key, value, headers, life, seq, seal, _, _ = row
    return Entry(number, Draft(topic, event_id, key, value, headers_of(headers)), life, seq, seal)


def revision(row: Row) -> Revision:
    """A row of ``REVISION_COLUMNS``."""
    stream, record_id, number, content, national_version, event_id, accepted_at = row
    accepted = datetime.fromisoformat(accepted_at)
    return Revision(stream, record_id, number, content, national_version, event_id, accepted)


def problems_text(problems: tuple[Problem, ...]) -> str:
    """Problems as JSON, the same for the same problems."""
    return json.dumps([problem.model_dump(mode="json") for problem in problems], sort_keys=True)


def record_text(record: Mapping[str, Any]) -> str:
    """A national record as JSON; what JSON has no form for (a date of a spreadsheet) becomes its text."""
    return json.dumps(record, sort_keys=True, default=str)


def rejection(row: Row) -> Rejection:
    """A row of ``REJECTED_COLUMNS``."""
    number, way, source, place, stream, record_key, problems, record, rejected_at, closed_at, closed_by, mapping = row
    found = tuple(Problem.model_validate(problem) for problem in json.loads(problems))
    rejected = RejectedRecord(way, source, place, stream, record_key, found, json.loads(record), mapping)
    closed = datetime.fromisoformat(closed_at) if closed_at else None
    return Rejection(number, rejected, datetime.fromisoformat(rejected_at), closed, closed_by)


def link(row: Row) -> Link:
    """A row (life, head_seq, head_hash, after_life, after_seq) of ``chain``."""
    life, seq, prev, after_life, after_seq = row
    return Link(life, seq, prev, (after_life, after_seq) if after_life is not None else None)
