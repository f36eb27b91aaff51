"""The region's worker for receipts: sends them on, and tells of those that do not come. It changes with both."""

import time
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
TELL_EVERY_S = 1.0  # whatever the worker is woken for: what is overdue takes a look at every delivery without a receipt


def receipts_worker(
    installation: Installation, may_decide: Callable[[], bool], bell: Bell, reached: Reached = not_watched
) -> Worker:
    """Works behind the start barrier."""
    signal = bell.signal(RECEIPT)
    overdue = timedelta(seconds=installation.settings.receipts.overdue_s)
    forwarder = ReceiptForwarder(installation.directory, now, overdue)
    next_look_s = 0.0

    def step(session: Session) -> float:
        nonlocal next_look_s
        if forwarded := session.transact(forwarder.forward):
            reached(Step.RECEIPT_FORWARDED)
        told = 0
        if time.monotonic() >= next_look_s:
            told = session.transact(forwarder.tell)
            next_look_s = time.monotonic() + TELL_EVERY_S
        return 0.0 if forwarded + told else ROUNDS.idle_s

    return Worker("receipts", lambda stop: ROUNDS.run(installation, step, may_decide, stop, signal))
