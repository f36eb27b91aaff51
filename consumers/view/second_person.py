"""A second person, for who would be shown many rows of the view at once. It changes with when one is asked for.

What somebody asks becomes a proposal (migration ``0040_second_person``); another person of the same member confirms
it, and then it is good for one reading by who made it, within a day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Json, Jsonb

from consumers.audit.log import Acting, Deed, Kind, told
from consumers.view.queries import Shown, Wanted, given
from schemas.errors import Rejected

OF_RECORDS = ("record_id", "trace_id")
ASKED = "select of_number, confirmed from export_asked(%s, %s, %s)"
WAITING = "select * from export_waiting(%s)"
CONFIRMED = "select export_confirmed(%s, %s)"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the view: its ``shape``, as it is logged, and the ``whole`` of it, as a second person reads it.

    More than ``alone`` rows are shown to two persons only.
    """

    shape: Mapping[str, Any]
    whole: Mapping[str, Any]
    alone: int


@dataclass(frozen=True, slots=True)
class Second:
    """The proposal to be shown so many rows at once, and who has confirmed it: None while nobody has."""

    number: int
    confirmed_by: str | None
    found: int

    @property
    def waits(self) -> bool:
        """Whether a second person has yet to confirm it."""
        return self.confirmed_by is None

    @property
    def logged(self) -> Mapping[str, Any]:
        """What the log says of it."""
        told = {"confirmed_by": self.confirmed_by} if self.confirmed_by else {"rows": self.found}
        return {"proposal": self.number, **told}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal that waits for a second person: who wants what for which case, and how many rows it had found."""

    number: int
    member: str
    person: str
    purpose: str
    of_case: str
    question: Mapping[str, Any]
    found: int
    proposed_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    used_at: datetime | None


def question_of(listing: str, wanted: Wanted, limit: int, alone: int) -> Question:
    """The question for a list; no log holds what it is narrowed by, for that may be the number of a firearm."""
    values = {name: str(value) for name, value in asdict(wanted).items() if name in given(wanted)}
    shape = {"list": listing, "narrowed_by": given(wanted)}
    return Question(shape, {"list": listing, "limit": limit, **values}, alone)


def rows_of_records(rows: Shown) -> int:
    """How many rows are of a record or a trace; a count of them is of none."""
    return sum(any(row.get(name) for name in OF_RECORDS) for row in rows)


def ask_second(transaction: Connection[Any], acting: Acting, question: Question, found: int) -> Second | None:
    """The proposal of one of the region's own people; None where so many rows are shown to one person."""
    if found <= question.alone:
        return None
    by = Json(told(acting, Deed(Kind.ALTERATION, {})))
    row = transaction.execute(ASKED, [by, Jsonb(dict(question.whole)), found]).fetchone()
    if row is None:
        raise TypeError("a function that gives one row gave none")
    number, confirmed_by = row
    return Second(number, confirmed_by, found)


def two_persons(second: Second, alone: int) -> str:
    """What to do about a proposal that waits, as a sentence for who made it."""
    return (
        f"{second.found} rows are more than the {alone} that one person is shown at once. It is proposal"
        f" {second.number}: another person confirms it (interfocal export confirm {second.number}); then ask the same"
        " again, within a day"
    )


def waiting(transaction: Connection[Any], member: str, statement: str = WAITING) -> Sequence[Proposal]:
    """A member's proposals that wait for a second person, the oldest first."""
    with transaction.cursor(row_factory=class_row(Proposal)) as cursor:
        return cursor.execute(statement.encode(), [member]).fetchall()


def confirm(transaction: Connection[Any], acting: Acting, number: int) -> None:
    """Confirm a proposal of the same member, as another person, and log it. Raises Rejected."""
    by = Json(told(acting, Deed(Kind.ALTERATION, {"export_confirmed": number})))
    row = transaction.execute(CONFIRMED, [by, number]).fetchone()
    check_confirmed(number, acting.person, row[0] if row else None)


def check_confirmed(number: int, person: str, made_by: str | None) -> None:
    """Raise Rejected, with a sentence for the person, when a proposal was not confirmed: it is none, or its own."""
    if made_by is None:
        raise Rejected(f"there is no proposal {number} that waits for a second person")
    if made_by == person:
        raise Rejected(f"{person} made proposal {number}: another person has to confirm it")
