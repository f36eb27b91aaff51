"""The log of who read, got, took along, changed or erased what (Directive 2016/680, article 25). It changes with that.

The region's database has one, and each desk's. What is logged names records and the shape of a question, and never a
number of a firearm or a person other than the acting one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from psycopg import Connection
from psycopg.types.json import Json

AT_ONCE = 1_000


class Kind(StrEnum):
    """What was done."""

    CONSULTATION = "consultation"
    DISCLOSURE = "disclosure"
    EXPORT = "export"
    ALTERATION = "alteration"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, and why: a person's own mark (or the name of a part of the program), its member, purpose and case."""

    person: str
    member: str
    purpose: str
    case: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Who reads and why, as far as the reader says it; whose member it is, its token says."""

    person: str
    purpose: str
    case: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log as it stands in the database."""

    number: int
    entry: str
    prev: str | None
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log stands: how many entries it has, and the hash of the last."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What is logged: ``what`` are ids, codes and the shape of a question, ``recipients`` the members that get it."""

    kind: Kind
    what: Mapping[str, Any]
    recipients: tuple[str, ...] = field(default=())


def append(transaction: Connection[Any], acting: Acting, deed: Deed) -> Head:
    """Add an entry in the caller's transaction: it is there exactly if what it tells of is.

    Other transactions that log wait until this one ends, so it should end soon.
    """
    row = transaction.execute(
        "select entry_number, entry_hash from audit_append(%s, %s)", [deed.kind.value, Json(told(acting, deed))]
    ).fetchone()
    if row is None:
        raise TypeError("the database's function for the audit log gives one row")
    return Head(*row)


def told(acting: Acting, deed: Deed) -> dict[str, Any]:
    """What an entry tells of who acted and what was done, as the database's functions take it."""
    return {
        "person": acting.person,
        "member": acting.member,
        "purpose": acting.purpose,
        "case": acting.case,
        "recipients": list(deed.recipients),
        "what": dict(deed.what),
    }


def audit_head(connection: Connection[Any]) -> Head | None:
    """Where the log stands now; None while it is empty. What is kept of it elsewhere proves the log up to here."""
    row = connection.execute("select number, hash from audit_entry order by number desc limit 1").fetchone()
    return None if row is None else Head(*row)


def entries(transaction: Connection[Any], since: int = 1) -> Iterator[Entry]:
    """Every entry from a number on, in order, a portion at a time."""
    with transaction.cursor(name="audit") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute("select number, entry, prev, hash from audit_entry where number >= %s order by number", [since])
        for row in cursor:
            yield Entry(*row)
