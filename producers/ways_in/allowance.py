"""How many requests a system or a reader may send: so that one which runs wild leaves others their turn.

It changes with what is counted.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

ROUNDING = 1e-9
MOST_KEPT = 10_000
"""Callers that are kept in mind before those are forgotten that have everything left again: a caller may be made up."""


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
    _most: int = MOST_KEPT

    def wait_s(self, caller: Hashable) -> float:
        """0 when the caller may send this request, which is counted then; else seconds until it may."""
        with self._lock:
            at = self.seconds()
            if len(self._left) >= self._most:
                self._forget(at)
            left = self._left_at(at, *self._left.get(caller, (float(self.at_once), at)))
            allowed = left > 1 - ROUNDING
            self._left[caller] = (max(left - 1, 0.0) if allowed else left, at)
            return 0.0 if allowed else (1 - left) / self.requests_per_s

    def _left_at(self, at: float, left: float, last: float) -> float:
        return min(left + (at - last) * self.requests_per_s, float(self.at_once))

    def _forget(self, at: float) -> None:
        """Forget who has everything left again: it is judged as one that comes for the first time."""
        self._left = {caller: kept for caller, kept in self._left.items() if self._left_at(at, *kept) < self.at_once}
        self._most = max(MOST_KEPT, 2 * len(self._left))
