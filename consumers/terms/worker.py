"""Ends the terms of handling that have come, one decision each. It changes with how terms are ended.

The only place that compares a term with a clock: the view folds the decision, and a replay never asks what time it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Signal
from typing import Any, Protocol

from psycopg import Connection

from consumers.audit.log import Acting, Deed, Kind, append
from consumers.store import buckets, outbox
from consumers.store.session import Session
from consumers.terms.wanted import OpenTerm, RecordKey, bucket_key, open_terms
from consumers.tracing import knowledge, rows
from consumers.tracing.decide import REGION_MEMBER
from consumers.tracing.deciding import Office, decision_draft
from consumers.tracing.wants import Want
from schemas.errors import Temporary
from schemas.events.decision import Decision, EndedTerm
from schemas.events.envelope import Handling
from schemas.events.ids import decision_record_id, event_id
from schemas.topics import member_topic

PART, PURPOSE = "terms", "operation"
BATCH = 100
LOOK_S = 1.0
AWAY_S = 2.0
DUE = """
    select kind, subject, hop, cause, stream, member, record_id from work where due_at <= %s
    order by due_at, subject, kind limit %s
"""
TAKE_AWAY = "delete from work where (kind, subject, hop, cause) = (%s, %s, %s::int, %s)"


@dataclass(frozen=True, slots=True)
class DueTerm:
    """A row of work whose time has come."""

    want: Want
    record: RecordKey


class EndedTermObserver(Protocol):
    """Is told what was ended, and why nothing is."""

    def ended(self, decision: Decision) -> None:
        """A term was ended by this decision."""

    def away(self, error: Temporary) -> None:
        """The database does not answer."""


class Unwatched:
    """Nobody watches."""

    def ended(self, decision: Decision) -> None:
        """Say nothing."""

    def away(self, error: Temporary) -> None:
        """Say nothing."""


class TermWorker:
    """Takes what is due and decides its end. One thread runs it; several workers may share one database."""

    def __init__(self, session: Session, office: Office, observer: EndedTermObserver | None = None) -> None:
        self._session = session
        self._office = office
        self._observer = observer or Unwatched()

    def run(self, stop: Signal, may_decide: Callable[[], bool]) -> None:
        """End terms until ``stop`` is set; decides nothing while ``may_decide``, the start barrier, says no."""
        while not stop.is_set():
            try:
                ended = self.run_once() if may_decide() else 0
            except Temporary as error:
                self._observer.away(error)
                stop.wait(AWAY_S)
                continue
            if not ended:
                stop.wait(LOOK_S)

    def run_once(self) -> int:
        """End what is due, at most one batch; how many decisions were taken. Raises StoreAway."""
        now = self._office.now()
        rows_due = self._session.transact(lambda open_: open_.execute(DUE, [now, BATCH]).fetchall())
        due = [DueTerm(Want(*row[:4]), (row[4], row[5], row[6])) for row in rows_due]
        return sum(self._ended(term) for term in due)

    def _ended(self, due: DueTerm) -> bool:
        decision = self._session.transact(lambda transaction: end(transaction, self._office, due))
        if decision is None:
            return False
        self._observer.ended(decision)
        return True


def end(transaction: Connection[Any], office: Office, due: DueTerm) -> Decision | None:
    """Decide the end of one term, and take its work away; None when a later revision has none, or it was decided."""
    buckets.lock(transaction, [bucket_key(due.record)])
    found = next((term for term in open_terms(transaction, [due.record]) if term.want == due.want), None)
    decision = decision_of(transaction, office, found) if found is not None else None
    if decision is not None and rows.settle(transaction, due.want, decision.event_id):
        key = decision.trace_id or decision.subject
        outbox.add(transaction, decision_draft(decision))
        what = {"decision": decision.event_id, "event": decision.subject, "ended": decision.kind}
        append(transaction, Acting(PART, REGION_MEMBER, PURPOSE, key), Deed(Kind.ALTERATION, what))
    else:
        decision = None
    want = due.want
    transaction.execute(TAKE_AWAY, [want.kind, want.subject, want.hop, want.cause])
    return decision


def decision_of(transaction: Connection[Any], office: Office, term: OpenTerm) -> Decision:
    """The decision's event: always under the same id for the same term."""
    directory, want = office.directory, term.want
    record = decision_record_id(directory.region, want.kind, want.subject, None, want.cause)
    part = EndedTerm(of_member=term.member, of_record=term.record_id, until=term.until)
    return Decision.model_validate(
        {
            "event_id": event_id(record, 1),
            "record_id": record,
            "revision": 1,
            "member": REGION_MEMBER,
            "recorded_at": office.now(),
            "status": "active",
            "exercise": directory.exercise,
            "handling": Handling.model_validate(term.handling),
            "kind": want.kind,
            "subject": want.subject,
            "requester": term.requester,
            "trace_id": term.trace_id,
            "cause": want.cause,
            "directory_version": directory.version,
            "seen": knowledge.seen(transaction, [member_topic(term.member, term.stream)]),
            want.kind: part,
        }
    )
