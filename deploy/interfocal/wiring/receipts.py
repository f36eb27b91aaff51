"""The region's worker for receipts: sends them on, and tells of those that do not come. It changes with both."""

from collections.abc import Callable
from datetime import timedelta

from consumers.receipts.forwarding import ReceiptForwarder
from consumers.store.session import Session
from interfocal.clock import now
from interfocal.installation.installation import Installation
from interfocal.process.service import Worker
from interfocal.wiring.bell import Bell
from interfocal.wiring.rounds import Rounds
from schemas.steps import Reached, Step, not_watched
from schemas.topics import RECEIPT

ROUNDS = Rounds("receipts", "receipts_wait")


def receipts_worker(
    installation: Installation, may_decide: Callable[[], bool], bell: Bell, reached: Reached = not_watched
) -> Worker:
    """Works behind the start barrier."""
    signal = bell.signal(RECEIPT)
    overdue = timedelta(seconds=installation.settings.receipts.overdue_s)
    forwarder = ReceiptForwarder(installation.directory, now, overdue)

    def step(session: Session) -> float:
        if forwarded := session.transact(forwarder.forward):
            reached(Step.RECEIPT_FORWARDED)
        return 0.0 if forwarded + session.transact(forwarder.tell) else ROUNDS.idle_s

    return Worker("receipts", lambda stop: ROUNDS.run(installation, step, may_decide, stop, signal))
