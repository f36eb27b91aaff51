"""The region's worker that says which heartbeats were heard. It changes with when that is said."""

import threading
from collections.abc import Callable
from contextlib import closing

from consumers.heads.telling import HeadTeller
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.clock import now
from interfocal.installation.installation import Installation
from interfocal.process.logs import log
from interfocal.process.service import Worker
from schemas.errors import Temporary

LOOK_EVERY_S = 0.5


def heads_worker(installation: Installation, may_decide: Callable[[], bool]) -> Worker:
    """Says it behind the start barrier: when something is new, and once a day; never more often than is set."""
    teller = HeadTeller(installation.directory, now)
    every_s = installation.settings.head.every_s

    def run(stop: threading.Event) -> None:
        with closing(Session(connector(installation.region_url, "region.heads"))) as session:
            while not stop.is_set():
                told = may_decide() and said(session, teller)
                stop.wait(every_s if told else LOOK_EVERY_S)

    return Worker("heads", run)


def said(session: Session, teller: HeadTeller) -> bool:
    """One round; whether something was said. A database that is away is asked again."""
    try:
        return session.transact(teller.tell)
    except Temporary as error:
        log().warning("heads_wait", code=error.code, reason=str(error))
        return False
