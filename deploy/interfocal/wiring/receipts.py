"""The region's worker for receipts: sends them on, and tells of those that do not come. It changes with both."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

from consumers.receipts.forwarding import ReceiptForwarder
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.clock import now
from interfocal.installation.installation import Installation
from interfocal.process.logs import log
from interfocal.process.service import Worker
from schemas.errors import Temporary
from schemas.steps import Reached, Step, not_watched

LOOK_EVERY_S = 0.5


def receipts_worker(
    installation: Installation, may_decide: Callable[[], bool], reached: Reached = not_watched
) -> Worker:
    """Works behind the start barrier."""
    overdue = timedelta(seconds=installation.settings.receipts.overdue_s)
    forwarder = ReceiptForwarder(installation.directory, now, overdue)

    def run(stop: threading.Event) -> None:
        with closing(Session(connector(installation.region_url, "region.receipts"))) as session:
            while not stop.is_set():
                if not (may_decide() and work(session, forwarder, reached)):
                    stop.wait(LOOK_EVERY_S)

    return Worker("receipts", run)


def work(session: Session, forwarder: ReceiptForwarder, reached: Reached) -> int:
    """One round; how much was done. A database that is away is asked again."""
    try:
        if forwarded := session.transact(forwarder.forward):
            reached(Step.RECEIPT_FORWARDED)
        return forwarded + session.transact(forwarder.tell)
    except Temporary as error:
        log().warning("receipts_wait", code=error.code, reason=str(error))
        return 0
