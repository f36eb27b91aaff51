"""The region's worker for grants: sends them on, and clears the topics of what is erased. It changes with both."""

import threading
from collections.abc import Callable
from contextlib import closing

from consumers.granting.forwarding import Forwarder
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.clock import now
from interfocal.installation.installation import Installation
from interfocal.process.logs import log
from interfocal.wiring.recovery import Recovery, until_done
from schemas.errors import Temporary
from schemas.steps import Reached, Step, not_watched

LOOK_EVERY_S = 0.5


def forwarder_runner(
    installation: Installation, may_decide: Callable[[], bool], recovery: Recovery, reached: Reached = not_watched
) -> Callable[[threading.Event], None]:
    """Runs the worker behind the start barrier, once what an earlier start left is cleared."""
    forwarder = Forwarder(installation.directory, now)

    def run(stop: threading.Event) -> None:
        until_done(recovery.clear_what_is_erased, stop, may_decide)
        with closing(Session(connector(installation.region_url, "region.forwarder"))) as session:
            while not stop.is_set():
                if not (may_decide() and work(session, forwarder, reached)):
                    stop.wait(LOOK_EVERY_S)

    return run


def work(session: Session, forwarder: Forwarder, reached: Reached) -> int:
    """One round; how much was done. A database that is away is asked again."""
    try:
        if forwarded := session.transact(forwarder.forward):
            reached(Step.GRANT_FORWARDED)
        return forwarded + session.transact(forwarder.clear)
    except Temporary as error:
        log().warning("forwarder_waits", code=error.code, reason=str(error))
        return 0
