"""Sends the heartbeats of the members that a producer process serves. It changes with when they are sent."""

import threading
from collections.abc import Callable, Mapping

from interfocal.process.logs import log
from interfocal.process.service import Worker
from producers.heartbeat import beat
from producers.intake.intake import Intake
from schemas.errors import OutboxFull, Temporary


def heartbeat_worker(intakes: Mapping[str, Intake], every_s: float, wake: Callable[[str], None]) -> Worker:
    """One heartbeat of each member at the start, and then one in each slot of time; ``wake`` is told whose waits."""

    def run(stop: threading.Event) -> None:
        while not stop.is_set():
            for code, intake in intakes.items():
                if _beaten(code, intake, every_s):
                    wake(code)
            stop.wait(every_s)

    return Worker("heartbeat", run)


def _beaten(code: str, intake: Intake, every_s: float) -> bool:
    """Whether a new one waits now. What is away or full is said once a slot: the missing heartbeat says it as well."""
    try:
        return beat(intake.outbox, intake.identity, intake.now(), every_s)
    except (Temporary, OutboxFull) as error:
        log().warning("heartbeat_waits", member=code, code=error.code)
        return False
