"""Connections to a consumer's database, and what its errors mean. It changes with the driver.

Only an error of the data may cost an event its effect; an error of the database waits.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import psycopg
from psycopg import Connection, errors

from consumers.store.bounds import USUAL, BoundedConnection, Bounds
from consumers.store.revision import check_tables
from schemas.errors import StoreAway, Temporary

Connect = Callable[[], Connection[Any]]

TOO_SLOW = "store_slow"
AGAIN = (errors.DeadlockDetected, errors.SerializationFailure)  # not where a lock was waited for in vain: poll first
OF_THE_DATA = (
    psycopg.DataError,
    psycopg.IntegrityError,
    errors.ProgramLimitExceeded,  # a value too large for an index, though the driver calls it operational
    errors.StatementTooComplex,
    errors.InFailedSqlTransaction,  # a handler went on after an error: its own was swallowed
)


class Meaning(Enum):
    """What to do after an error in a transaction."""

    AGAIN = "run the transaction again at once"
    AWAY = "wait for the database"
    OF_THE_DATA = "find the one event"
    NOT_OURS = "let it through"


def meaning_of(error: Exception) -> Meaning:
    """What an exception out of a transaction calls for. What is not the driver's is the data's, or a bug in a fold."""
    if isinstance(error, AGAIN):
        return Meaning.AGAIN
    if isinstance(error, OF_THE_DATA) or (isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None):
        return Meaning.OF_THE_DATA
    if isinstance(error, psycopg.Error | StoreAway):
        return Meaning.AWAY
    if isinstance(error, Temporary):
        return Meaning.NOT_OURS
    return Meaning.OF_THE_DATA


def connector(url: str, application: str, silent_s: int = 0, bounds: Bounds = USUAL) -> Connect:
    """Opens connections that notice a dead or frozen server, to a database that has the tables of this version.

    Each raises StoreAway when the database does not answer, Misconfigured when its tables are another version's.

    The server ends the session of a client that is dead or frozen, so that what it holds is held no longer: within a
    transaction after half a minute of silence, outside of one after ``silent_s`` seconds (0: never).
    """

    def connect() -> Connection[Any]:
        try:
            connection = BoundedConnection.connect(
                url,
                application_name=application,
                autocommit=True,  # whoever needs a transaction opens one: nothing is left open by a read
                connect_timeout=10,
                keepalives_idle=10,
                keepalives_interval=5,
                keepalives_count=3,
                options=" ".join(f"-c {name}={value}" for name, value in session_settings(silent_s, bounds).items()),
            )
            try:
                check_tables(connection)
            except BaseException:
                connection.close()
                raise
        except psycopg.Error as error:
            raise store_away(error, "connecting") from error
        connection.answer_s = bounds.answer_s
        return connection

    return connect


def session_settings(silent_s: int, bounds: Bounds) -> Mapping[str, str]:
    """What the server is told of a session. Without it locks of a machine that lost its power are held for hours."""
    return {
        "TimeZone": "UTC",
        "lock_timeout": f"{bounds.lock_s * 1000:.0f}",
        "statement_timeout": f"{bounds.statement_s * 1000:.0f}",
        "idle_in_transaction_session_timeout": "30s",
        "idle_session_timeout": f"{silent_s}s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    }


def store_away(error: Exception, doing: str) -> StoreAway:
    """The error for a database that does not answer; names the driver's class and SQLSTATE, never its data.

    ``code`` is ``store_slow`` where it answers, and a statement took too long.
    """
    state = getattr(error, "sqlstate", None) or "no SQLSTATE"
    code = TOO_SLOW if isinstance(error, errors.QueryCanceled) else StoreAway.default_code
    message = f"PostgreSQL, {doing}: {type(error).__name__} ({state}); trying again"
    return StoreAway(message, code=code, parameters={"doing": doing})
