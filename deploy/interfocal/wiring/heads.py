"""The region's worker that says which heartbeats were heard. It changes with when that is said."""

from collections.abc import Callable

from consumers.heads.telling import HeadTeller
from consumers.store.session import Session
from interfocal.clock import now
from interfocal.installation.installation import Installation
from interfocal.process.service import Worker
from interfocal.wiring.rounds import Rounds

ROUNDS = Rounds("heads", "heads_wait")


def heads_worker(installation: Installation, may_decide: Callable[[], bool]) -> Worker:
    """Says it behind the start barrier: when something is new, and once a day; never more often than is set."""
    teller = HeadTeller(installation.directory, now)

    def step(session: Session) -> float:
        return installation.settings.head.every_s if session.transact(teller.tell) else ROUNDS.idle_s

    return Worker("heads", lambda stop: ROUNDS.run(installation, step, may_decide, stop))
