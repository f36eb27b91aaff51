"""One moment of a database, for all that is read within. It changes with how long a moment may last."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg.pq import TransactionStatus


@contextmanager
def snapshot(connection: Connection[Any]) -> Iterator[None]:
    """Read everything as it is now, however long that takes; within another transaction it is that one's moment.

    Nothing can be written meanwhile. Server-side cursors, which need a transaction, may be used in it.
    """
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        yield
        return
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read read only")
        connection.execute("set local idle_in_transaction_session_timeout = 0")
        yield
