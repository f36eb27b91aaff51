"""Dies at one step, for the tests of the promises: ``INTERFOCAL_KILL_AFTER=folded:3`` means kill -9 after the third.

It changes never. Without the variable nothing is watched.
"""

import os
import signal
import threading

from interfocal.installation.settings import environment
from schemas.errors import Misconfigured
from schemas.steps import Reached, Step, not_watched

VARIABLE = "INTERFOCAL_KILL_AFTER"


def kill_after() -> Reached:
    """What is called after each step; raises Misconfigured for a step that is not in the list."""
    wanted = environment(VARIABLE)
    if not wanted:
        return not_watched
    name, _, count = wanted.partition(":")
    try:
        return _killer(Step(name), int(count or 1))
    except ValueError as error:
        raise Misconfigured(
            f"{VARIABLE}={wanted}: give a step of schemas/steps.py and, after a colon, how often"
        ) from error


def _killer(fatal: Step, times: int) -> Reached:
    lock = threading.Lock()
    left = [times]

    def reached(step: Step) -> None:
        if step is not fatal:
            return
        with lock:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reached
