"""Waits until something can be seen. It changes when the demo waits in another way."""

import time
from collections.abc import Callable
from typing import TypeVar

from schemas.errors import Stop

WAIT_S = 60.0
POLL_S = 0.1
T = TypeVar("T")


def wait(look: Callable[[], T | None], what: str) -> T:
    """What ``look`` finds, as soon as it does; raises Stop when it takes too long."""
    deadline = time.monotonic() + WAIT_S
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise Stop(f"the demo waited {WAIT_S:.0f} s for {what}, and it did not come")
        time.sleep(POLL_S)
    return found
