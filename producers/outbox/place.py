"""Where an outbox file lies: its folder, its lock, its connections, and SQLite's errors in our words.

It changes when SQLite is used in another way.

Threads share two connections, each under a lock. SQLite lets one transaction write at a time, whatever the number of
connections, so one writing connection costs nothing and waits on a lock instead of polling for SQLite's; readers have
a connection of their own, which in WAL mode never waits for a writer.
"""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Self

from producers.outbox.rows import LAYOUT, TABLES, UPGRADES, Row
from schemas.errors import ExchangeError, Misconfigured, NotOurs, OutboxFull, Stop, StoreAway

BUSY_TIMEOUT_S = 30.0
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
PRIMARY_CODE = 0xFF  # SQLite's extended error codes keep the primary one in the low byte


@dataclass(slots=True)
class Writing:
    """An open transaction; ``keep`` says whether its end commits."""

    connection: sqlite3.Connection
    keep: bool = True


@dataclass(slots=True)
class Shared:
    """One connection that several threads use, one at a time."""

    path: Path
    connection: sqlite3.Connection
    lock: Lock = field(default_factory=Lock)

    @contextmanager
    def held(self) -> Iterator[sqlite3.Connection]:
        """The connection for this thread alone; raises StoreAway, OutboxFull (disk full) or Stop (damaged)."""
        if not self.lock.acquire(timeout=BUSY_TIMEOUT_S):
            raise StoreAway(f"{self.path} was busy for {BUSY_TIMEOUT_S:.0f} seconds; submit again later")
        try:
            with translated(self.path):
                yield self.connection
        finally:
            self.lock.release()

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """One transaction that commits at its end, unless it is not to be kept or something raises."""
        with self.held() as connection:
            connection.execute("begin immediate")
            transaction = Writing(connection)
            try:
                yield transaction
                connection.execute("commit" if transaction.keep else "rollback")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise

    def rows(self, query: str, *parameters: object) -> list[Row]:
        """All rows of a query."""
        with self.held() as connection:
            return connection.execute(query, parameters).fetchall()

    def close(self) -> None:
        """Let go of the connection, after whoever uses it now."""
        with self.lock:
            self.connection.close()


@dataclass(frozen=True, slots=True)
class FileLock:
    """The right to write an outbox. The kernel takes it back when the process ends, however it ends."""

    descriptor: int

    @classmethod
    def take(cls, path: Path) -> Self:
        """Lock ``<path>.lock``; raises NotOurs when another process holds it."""
        lock_path = path.with_name(path.name + ".lock")
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise NotOurs(
                f"{path} is being written by another process, which holds {lock_path}; submit to that producer,"
                " or stop it first",
                code="outbox_in_use",
                parameters={"path": str(path)},
            ) from None
        return cls(descriptor)

    def release(self) -> None:
        """Let another process take it."""
        os.close(self.descriptor)


def prepare_folder(path: Path) -> None:
    """Make the file's folder, readable by its owner alone; raises StoreAway."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.chmod(0o700)
    except OSError as error:
        raise StoreAway(f"the outbox's folder {path.parent} cannot be made private: {error.strerror}") from error


def connect(path: Path, *, read_only: bool) -> Shared:
    """Open the file; raises StoreAway, Stop (damaged), or Misconfigured when its layout is not ours."""
    mode = "ro" if read_only else "rwc"
    with translated(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if not read_only:
                path.chmod(0o600)
                # A commit survives the loss of power only when the log is synced at every commit.
                connection.execute("pragma journal_mode = wal")
                connection.execute("pragma synchronous = full")
                connection.execute("pragma secure_delete = on")  # a grant that is gone leaves no bytes in the file
                _lay_out(connection)
            _check_layout(path, connection)
        except BaseException:
            connection.close()
            raise
    return Shared(path, connection)


def layout_of(path: Path) -> int:
    """The layout of a file's tables, whichever version of the program made them; raises StoreAway or Stop."""
    with translated(path), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        (layout,) = connection.execute("pragma user_version").fetchone()
    return int(layout)


def back_up(path: Path, copy: Path) -> None:
    """Copy an outbox into a new file while others write it: as it is at one moment, whole, and readable by its owner.

    Raises StoreAway, OutboxFull (the copy's disk), or Stop when the outbox is damaged.
    """
    copy.touch(mode=0o600)
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with (
        translated(path),
        closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S)) as source,
        closing(sqlite3.connect(copy, isolation_level=None)) as target,
    ):
        source.backup(target)
        target.execute("pragma journal_mode = delete")  # one file, which nobody changes by reading it
        (found,) = target.execute("pragma quick_check(1)").fetchone()
    if found != "ok":
        raise Stop(f"{path} is damaged ({found}); keep it, and recover this member's outbox from its topics")


def check_disk(path: Path, min_free_bytes: int) -> None:
    """Raise OutboxFull (``disk_low``) when the file's disk has less left, StoreAway when it does not answer."""
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise StoreAway(f"the disk of {path} does not answer: {error.strerror}") from error
    if free < min_free_bytes:
        raise OutboxFull(
            f"the disk of {path} has {free} bytes left, and {min_free_bytes} are kept free;"
            " make room, or submit again later",
            code="disk_low",
            parameters={"free_bytes": str(free), "min_free_bytes": str(min_free_bytes)},
        )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors in our words; everything else passes."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error, path) from error


def translate(error: sqlite3.Error, path: Path) -> ExchangeError:
    """OutboxFull for a full disk, Stop for a damaged file or a broken rule of the tables, StoreAway for the rest."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & PRIMARY_CODE
    parameters = {"path": str(path)}
    if code == sqlite3.SQLITE_FULL:
        return OutboxFull(f"the disk of {path} is full; make room", code="disk_full", parameters=parameters)
    if code in DAMAGED:
        return Stop(
            f"{path} is damaged or no outbox ({error}); keep it, and recover this member's outbox from its topics",
            code="outbox_damaged",
            parameters=parameters,
        )
    if isinstance(error, sqlite3.IntegrityError):
        return Stop(f"{path} holds this already, or may not hold it: {error}", code="outbox_conflict")
    return StoreAway(f"{path} does not answer: {error}", parameters=parameters)


def _lay_out(connection: sqlite3.Connection) -> None:
    (layout,) = connection.execute("pragma user_version").fetchone()
    (tables,) = connection.execute("select count(*) from sqlite_master").fetchone()
    if layout == 0 and tables == 0:
        connection.executescript(f"begin immediate; {TABLES} pragma user_version = {LAYOUT}; commit;")
        return
    while layout in UPGRADES:
        connection.executescript(f"begin immediate; {UPGRADES[layout]} pragma user_version = {layout + 1}; commit;")
        layout += 1


def _check_layout(path: Path, connection: sqlite3.Connection) -> None:
    (layout,) = connection.execute("pragma user_version").fetchone()
    if layout > LAYOUT:
        raise Misconfigured(
            f"{path} has layout {layout}, and this version of the program writes layout {LAYOUT};"
            " use the version that made it, or a later one"
        )
    if layout < LAYOUT:
        raise Misconfigured(
            f"{path} has layout {layout}, and this version of the program reads layout {LAYOUT};"
            " run `interfocal migrate`, or start its producer, which makes it of the old one"
        )
