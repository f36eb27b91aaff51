"""The router: settles the work that traces call for, one decision after the other. It changes with how work is taken.

It works on what is folded and not on topics, so it can be stuck without stopping the view.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event as Signal
from typing import Any, Protocol

from psycopg import Connection

from consumers.store.session import Session
from consumers.tracing.deciding import Office, Taken, decide
from consumers.tracing.trace import TraceKey
from consumers.tracing.wants import Want
from schemas.errors import Stop, Temporary
from schemas.events.decision import Decision
from schemas.steps import Reached, Step, not_watched

BATCH = 100
IDLE_S = 0.5  # work of another process, such as another loop's fold, wakes nobody here
AWAY_S = 2.0
AWAKE_S = 0.05  # before the start barrier nobody wakes the worker when it opens
RETRY_AFTER = timedelta(seconds=30)


class RouterObserver(Protocol):
    """Told after the fact, on the worker's thread: each method returns at once and raises nothing."""

    def decided(self, taken: Taken) -> None:
        """A decision was taken and is in the outbox."""

    def not_decided(self, kind: str, error: Exception) -> None:
        """A want of this kind could not be decided; the others go on, and it is tried again later."""

    def away(self, error: Temporary) -> None:
        """The database does not answer; the worker tries again."""


class Unwatched:
    """An observer for whom nothing matters."""

    def decided(self, taken: Taken) -> None:
        """Ignored."""

    def not_decided(self, kind: str, error: Exception) -> None:
        """Ignored."""

    def away(self, error: Temporary) -> None:
        """Ignored."""


@dataclass(frozen=True, slots=True)
class Task:
    """One row of work."""

    want: Want
    key: TraceKey


class RouterWorker:
    """Takes work rows and settles each. One thread runs it; several workers may share one database.

    ``reached`` is told of each committed decision.
    """

    def __init__(
        self,
        session: Session,
        office: Office,
        observer: RouterObserver | None = None,
        reached: Reached = not_watched,
    ) -> None:
        self._session = session
        self._office = office
        self._observer = observer or Unwatched()
        self._reached = reached
        self._later: dict[Want, datetime] = {}
        self._work = Signal()

    def run(self, stop: Signal, may_decide: Callable[[], bool]) -> None:
        """Settle work until ``stop`` is set; decides nothing while ``may_decide``, the start barrier, says no."""
        while not stop.is_set():
            try:
                open_to = may_decide()
                settled = self.run_once() if open_to else 0
            except Temporary as error:
                self._observer.away(error)
                stop.wait(AWAY_S)
                continue
            if not settled:
                self._work.wait(IDLE_S if open_to else AWAKE_S)
                self._work.clear()

    def wake(self) -> None:
        """Say from any thread that something was folded, or that the process ends: look at once."""
        self._work.set()

    def run_once(self) -> int:
        """Settle what waits, at most one batch; how many decisions were taken. Raises StoreAway or Stop."""
        now = self._office.now()
        self._later = {want: until for want, until in self._later.items() if now < until <= now + RETRY_AFTER}
        tasks = self._session.transact(lambda transaction: waiting(transaction, BATCH + len(self._later)))
        return sum(self._settled(task) for task in tasks if task.want not in self._later)

    def _settled(self, task: Task) -> bool:
        try:
            taken = self._session.transact(lambda transaction: self._decide(transaction, task))
        except (Temporary, Stop):
            raise
        except Exception as error:  # noqa: BLE001  # one want that cannot be decided must not stop the others
            self._later[task.want] = self._office.now() + RETRY_AFTER
            self._observer.not_decided(task.want.kind, error)
            return False
        if taken is None:
            return False
        self._reached(Step.DECIDED)
        self._observer.decided(taken)
        return True

    def _decide(self, transaction: Connection[Any], task: Task) -> Taken | None:
        return decide(transaction, self._office, task.want, task.key)


def waiting(connection: Connection[Any], limit: int) -> Sequence[Task]:
    """Rows of work about traces, routings first."""
    rows = connection.execute(
        "select kind, subject, hop, cause, requester, trace_id from work where due_at is null"
        " order by kind desc, subject, hop limit %s",
        [limit],
    )
    return [Task(Want(*row[:4]), TraceKey(*row[4:])) for row in rows]


def rule_of(decision: Decision) -> str | None:
    """The rule of a route; None for a decision of another kind."""
    if decision.handed_over:
        return "handed_over"
    return decision.routing.rule if decision.routing else None
