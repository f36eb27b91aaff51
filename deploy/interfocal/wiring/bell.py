"""Wakes the workers behind a loop when something was folded, and when the process ends. It changes with who waits.

Each waits for a signal of its own and clears it when it looks again, so that no worker takes another's call.
"""

import threading
from collections.abc import Callable, Sequence

from interfocal.process.service import Worker
from schemas.topics import stream_of


class Bell:
    """What one loop wakes."""

    def __init__(self) -> None:
        self._wakes: list[tuple[frozenset[str], Callable[[], None]]] = []

    def add(self, wake: Callable[[], None], *streams: str) -> None:
        """Call this from the loop's thread when something of these streams was folded; of any where none is named."""
        self._wakes.append((frozenset(streams), wake))

    def signal(self, *streams: str) -> threading.Event:
        """A signal for one more worker, set at the same times."""
        signal = threading.Event()
        self.add(signal.set, *streams)
        return signal

    def ring(self, topic: str) -> None:
        """Wake those that wait for this topic's stream."""
        stream = stream_of(topic)
        for streams, wake in self._wakes:
            if not streams or stream in streams:
                wake()

    def ring_for_all(self) -> None:
        """Wake everybody."""
        for _, wake in self._wakes:
            wake()


def bell_worker(bells: Sequence[Bell]) -> Worker:
    """Rings for all when the process ends: by then no loop may be left to ring."""

    def run(stop: threading.Event) -> None:
        stop.wait()
        for bell in bells:
            bell.ring_for_all()

    return Worker("bell", run)
