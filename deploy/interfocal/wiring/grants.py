"""The region's worker for grants: sends them on, and clears the topics of what is erased. It changes with both."""

import threading
from collections.abc import Callable

from consumers.granting.forwarding import Forwarder
from consumers.store.session import Session
from interfocal.clock import now
from interfocal.installation.installation import Installation
from interfocal.process.service import Worker
from interfocal.wiring.bell import Bell
from interfocal.wiring.recovery import Recovery, until_done
from interfocal.wiring.rounds import Rounds
from schemas.steps import Reached, Step, not_watched
from schemas.topics import GRANT

ROUNDS = Rounds("forwarder", "forwarder_waits")


def forwarder_worker(
    installation: Installation,
    may_decide: Callable[[], bool],
    recovery: Recovery,
    bell: Bell,
    reached: Reached = not_watched,
) -> Worker:
    """Works behind the start barrier, once what an earlier start left is cleared."""
    forwarder, signal = Forwarder(installation.directory, now), bell.signal(GRANT)

    def step(session: Session) -> float:
        if forwarded := session.transact(forwarder.forward):
            reached(Step.GRANT_FORWARDED)
        return 0.0 if forwarded + session.transact(forwarder.clear) else ROUNDS.idle_s

    def run(stop: threading.Event) -> None:
        until_done(recovery.clear_what_is_erased, stop, may_decide)
        ROUNDS.run(installation, step, may_decide, stop, signal)

    return Worker("forwarder", run)
