"""The region's own people read the view: so many rows alone, and more with a second person. It changes with that rule.

A proposal is logged as an alteration; what two persons agreed to show is logged as an export, in whatever form.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from psycopg import Connection

from consumers.audit.log import Acting, Deed, Kind
from consumers.view.second_person import Question, Second, ask_second, two_persons
from interfocal.audit.logs import AuditLog
from schemas.errors import Rejected

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """What was read, how many rows of it are of records, and which records and traces those are."""

    value: T
    rows: int
    ids: Sequence[str]


def read_counted(
    log: AuditLog, acting: Acting, question: Question, kind: Kind, look: Callable[[Connection[Any]], Counted[T]]
) -> T:
    """What ``look`` reads, once it is logged as this kind.

    Raises Rejected, with a sentence for the person, where that is more than one person is shown; then it is proposed.
    """

    def work(transaction: Connection[Any]) -> tuple[Counted[T], Second | None]:
        found = look(transaction)
        return found, ask_second(transaction, acting, question, found.rows)

    def deed(read: tuple[Counted[T], Second | None]) -> Deed:
        found, second = read
        if second is not None and second.waits:
            return Deed(Kind.ALTERATION, {**question.shape, "export_proposed": second.number, "rows": found.rows})
        shown = {**question.shape, "records": list(found.ids)}
        return Deed(Kind.EXPORT, {**shown, **second.logged}) if second else Deed(kind, shown)

    found, second = log.read(work, acting, deed)
    if second is not None and second.waits:
        raise Rejected(two_persons(second, question.alone))
    return found.value
