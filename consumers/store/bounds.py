"""How long a database may take to answer. It changes with what a consumer can wait for.

Without bounds a server that is frozen, or behind a network that swallows what is sent, holds a thread for ever: the
server's own time-outs do not run while it stands, and the kernel answers keepalives on its behalf.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.pq import ConnStatus

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds. A batch of a thousand events takes a second or two, and none of its statements most of that.

    ``lock_s``: for what another transaction holds; longer than any of ours takes. ``statement_s``: for a statement on a
    server that is at work, with the locks that it waits for. ``answer_s``: for any answer at all; longer, so that a
    server that can says why. With a new connection and the longest pause behind it, it is still well below the five
    minutes between two polls after which Kafka gives a consumer's topics to others.
    """

    lock_s: float = 20.0
    statement_s: float = 60.0
    answer_s: float = 75.0


USUAL = Bounds()
PATIENT = Bounds(statement_s=3_600.0, answer_s=3_660.0)
"""For what is done once, beside the consumers: a whole topic is taken up in one statement, a whole table sorted."""


class NoAnswer(psycopg.OperationalError):
    """The server has not answered in time; what it made of the call is not known."""


class BoundedConnection(Connection[Any]):
    """A connection whose calls each end after ``answer_s``: with NoAnswer, and then it is closed."""

    answer_s: float = USUAL.answer_s

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Run one call to the server."""
        bound_s = self.answer_s if timeout is None else timeout
        try:
            return super().wait(gen, interval, bound_s)
        except psycopg.OperationalError as error:
            if timeout is not None or error.sqlstate is not None or self.pgconn.status != ConnStatus.OK:
                raise
            self.close()
            raise NoAnswer(f"no answer within {bound_s:.0f} s") from error
