"""How a member reads: ask, which is logged and committed; begin with the ticket; read; end, which is logged as well.

Where that would show many rows at once, what is logged and answered is a proposal, for a second person. It changes with
what has to be known before a member is shown anything. The database enforces the order, and shows the reader's role
nothing outside of it (migrations ``0022_reading`` and ``0023_shown``).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.types.json import Json, Jsonb

from consumers.audit.log import Head, Reason
from consumers.store.session import Session
from consumers.view.queries import Shown, Wanted, exact_keys
from consumers.view.second_person import Proposal, Question, Second, check_confirmed, rows_of_records, waiting

MEMBER_OF = "select reading_member_of(%s)"
EXPORT = "select of_number, confirmed from reading_export(%s, %s)"
EXPORTS = "select * from reading_exports(%s)"
CONFIRM = "select reading_confirm(%s, %s, %s, %s, %s)"
RECORD_STREAMS = ("seizure", "missing")
ITEMS = "select body from item_revision where (member, record_id, revision, sha256) = (%s, %s, %s, %s) order by place"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a member is shown: whose token it was, the rows, and where the region's log stands now.

    ``related`` are the members that have a record with the number asked for and do not release it to the reader.
    """

    reader: str
    rows: Shown
    related: tuple[str, ...]
    log: Head


Looked = tuple[Shown, tuple[str, ...]]
Look = Callable[[Connection[Any]], Looked]


def token_sha256(token: str) -> str:
    """What is kept of a read token: 32 random bytes, so a plain hash gives none away."""
    return hashlib.sha256(token.encode()).hexdigest()


def read(session: Session, token: str, reason: Reason, question: Question, look: Look) -> Answer | Second | None:
    """What ``look`` finds for the token's member, None for a token that is nobody's or was revoked.

    A proposal, and nothing of what was found, where that is more than one person is shown. Raises StoreAway.
    """
    digest = token_sha256(token)
    asked = (digest, reason.person, reason.purpose, reason.case, Json(dict(question.shape)))
    ticket = session.transact(lambda open_: _one(open_, "select reading_ask(%s, %s, %s, %s, %s)", asked)[0])
    if ticket is None:
        return None

    def disclosed(transaction: Connection[Any]) -> Answer | Second | None:
        (reader,) = _one(transaction, "select reading_begin(%s, %s)", (digest, ticket))
        if reader is None:
            return None
        rows, related = look(transaction)
        second = _second(transaction, question, rows_of_records(rows))
        waits = second is not None and second.waits
        if waits:
            rows, related = (), ()
        shown = {**question.shape, "asked": ticket, "records": ids_of(rows), "related": list(related)}
        shown |= second.logged if second else {}
        head = _one(transaction, "select entry_number, entry_hash from reading_end(%s)", (Json(shown),))
        return second if waits else Answer(reader, rows, related, Head(*head))

    return session.transact(disclosed)


def proposals(session: Session, token: str) -> tuple[str, Sequence[Proposal]] | None:
    """The token's member, and what of its people's waits for a second person; None for a token that is nobody's."""
    digest = token_sha256(token)

    def look(transaction: Connection[Any]) -> tuple[str, Sequence[Proposal]] | None:
        (member,) = _one(transaction, MEMBER_OF, (digest,))
        return None if member is None else (str(member), waiting(transaction, digest, EXPORTS))

    return session.transact(look)


def confirm_export(session: Session, token: str, reason: Reason, number: int) -> str | None:
    """Confirm a proposal as a second person of the token's member, which is logged; that member, or None for nobody's.

    Raises Rejected for a proposal that does not wait, or that the same person made.
    """
    digest = token_sha256(token)
    asked = (digest, reason.person, reason.purpose, reason.case, number)

    def confirmed(transaction: Connection[Any]) -> str | None:
        (member,) = _one(transaction, MEMBER_OF, (digest,))
        if member is not None:
            check_confirmed(number, reason.person, _one(transaction, CONFIRM, asked)[0])
        return None if member is None else str(member)

    return session.transact(confirmed)


def ids_of(rows: Shown) -> list[str]:
    """The records and traces that rows are of."""
    return sorted({str(row[name]) for row in rows for name in ("record_id", "trace_id") if row.get(name)})


def related_to(connection: Connection[Any], wanted: Wanted) -> tuple[str, ...]:
    """Members with a record of exactly this number that they do not release to the reader.

    A number with open signs is not answered: sign by sign, it would give the number away.
    """
    keys = exact_keys(wanted.serial) if wanted.serial is not None else ()
    if not keys:
        return ()
    found = connection.execute("select related_members(%s)", [list(keys)])
    return tuple(code for (code,) in found if wanted.member in {None, code})


def whole_records(connection: Connection[Any], record_id: str) -> Looked:
    """The open parts of the current revisions under a record id, as far as the reader is shown them."""
    found: list[dict[str, Any]] = []
    for stream in RECORD_STREAMS:
        rows = connection.execute(
            f"select member, record_id, revision, sha256, body from {stream}_in_view where record_id = %s"
            " order by member",
            [record_id],
        ).fetchall()
        for *key, body in rows:
            part = {"items": [item for (item,) in connection.execute(ITEMS, key)]} if stream == "seizure" else {}
            found.append({"stream": stream, "member": key[0], "record_id": record_id, "event": {**body, **part}})
    return found, ()


def _second(transaction: Connection[Any], question: Question, found: int) -> Second | None:
    if found <= question.alone:
        return None
    number, confirmed_by = _one(transaction, EXPORT, (Jsonb(dict(question.whole)), found))
    return Second(number, confirmed_by, found)


def _one(connection: Connection[Any], statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
    row = connection.execute(statement.encode(), values).fetchone()
    if row is None:
        raise TypeError("a function that gives one row gave none")
    return tuple(row)
