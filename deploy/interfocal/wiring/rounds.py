"""Workers of the region that do what is owed, round by round, over a session of their own. It changes with rounds."""

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.installation.installation import Installation
from interfocal.process.logs import log
from schemas.errors import Temporary

Step = Callable[[Session], float]
"""One round; seconds until the next. Raises Temporary when the database is away."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """A worker's name towards the database, what its log says when it waits for that, and how long it idles."""

    name: str
    waits: str
    idle_s: float = 0.5

    def run(
        self,
        installation: Installation,
        step: Step,
        ready: Callable[[], bool],
        stop: threading.Event,
        signal: threading.Event | None = None,
    ) -> None:
        """Go round while it is ``ready``, until ``stop`` is set. A database that is away is asked again.

        A ``signal`` ends an idle time, and has to be set with ``stop``.
        """
        woken = signal or stop
        with closing(Session(connector(installation.region_url, f"region.{self.name}"))) as session:
            while not stop.is_set():
                woken.wait(self._round(session, step) if ready() else self.idle_s)
                if signal is not None:
                    signal.clear()

    def _round(self, session: Session, step: Step) -> float:
        try:
            return step(session)
        except Temporary as error:
            log().warning(self.waits, code=error.code, reason=str(error))
            return self.idle_s
