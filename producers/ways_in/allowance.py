"""How many requests a system may send: so that one which runs wild leaves its member's others their turn.

It changes with what is counted.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

ROUNDING = 1e-9


@dataclass(slots=True)
class Allowance:
    """So many requests a second from each caller, and so many at once; ``seconds`` is a clock that never goes back.

    Threads share it.
    """

    requests_per_s: float
    at_once: int
    seconds: Callable[[], float]
    _left: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self, caller: Hashable) -> float:
        """0 when the caller may send this request, which is counted then; else seconds until it may."""
        with self._lock:
            at = self.seconds()
            left, last = self._left.get(caller, (float(self.at_once), at))
            left = min(left + (at - last) * self.requests_per_s, float(self.at_once))
            allowed = left > 1 - ROUNDING
            self._left[caller] = (max(left - 1, 0.0) if allowed else left, at)
            return 0.0 if allowed else (1 - left) / self.requests_per_s
