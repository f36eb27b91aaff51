"""One loop's connection: opened when it is needed, given up when the database is away. It changes with retrying."""

from collections.abc import Callable
from typing import Any, TypeVar

from psycopg import Connection

from consumers.store.connection import Connect, Meaning, meaning_of, store_away

ATTEMPTS = 8  # of one transaction that others keep interrupting, before the database counts as away
T = TypeVar("T")


class Session:
    """Runs transactions one at a time, on one thread."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: Connection[Any] | None = None

    def transact(self, work: Callable[[Connection[Any]], T]) -> T:
        """Run ``work`` in a transaction of its own, again after a deadlock, and return what it returns.

        ``work`` must not keep anything from a run that raised. Raises StoreAway when the database does not answer;
        an error of the data, and whatever else ``work`` raises, as it is. Nothing is kept of a run that raised.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                connection = self._opened()
                with connection.transaction():
                    return work(connection)
            except Exception as error:
                meaning = meaning_of(error)
                if meaning is Meaning.AGAIN and attempt < ATTEMPTS:
                    continue
                if meaning in (Meaning.AGAIN, Meaning.AWAY):
                    self.close()
                    raise store_away(error, "in a transaction") from error
                raise

    def close(self) -> None:
        """Give the connection up; the next transaction opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        return self._connection
