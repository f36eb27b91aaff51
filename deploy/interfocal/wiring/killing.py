"""Dies or freezes at one step, for the tests of the promises. It changes with what can happen to a process.

``INTERFOCAL_KILL_AFTER=folded:3`` means kill -9 after the third; ``INTERFOCAL_FREEZE_AFTER`` stops the process there,
with all that it holds, until somebody wakes it. Without these variables nothing is watched.
"""

import os
import signal
import threading

from interfocal.installation.settings import environment
from schemas.errors import Misconfigured
from schemas.steps import Reached, Step, not_watched

VARIABLE = "INTERFOCAL_KILL_AFTER"
FREEZE = "INTERFOCAL_FREEZE_AFTER"
SIGNALS = {VARIABLE: signal.SIGKILL, FREEZE: signal.SIGSTOP}


def kill_after() -> Reached:
    """What is called after each step; raises Misconfigured for a step that is not in the list."""
    for variable, number in SIGNALS.items():
        wanted = environment(variable)
        if wanted:
            return _watching(variable, wanted, number)
    return not_watched


def _watching(variable: str, wanted: str, number: signal.Signals) -> Reached:
    name, _, count = wanted.partition(":")
    try:
        return _signaller(Step(name), int(count or 1), number)
    except ValueError as error:
        raise Misconfigured(
            f"{variable}={wanted}: give a step of schemas/steps.py and, after a colon, how often"
        ) from error


def _signaller(fatal: Step, times: int, number: signal.Signals) -> Reached:
    lock = threading.Lock()
    left = [times]

    def reached(step: Step) -> None:
        if step is not fatal:
            return
        with lock:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), number)

    return reached
