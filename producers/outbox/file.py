"""A member's outbox: one SQLite file, written by one process. It changes when the relay or intake needs more of it."""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Condition
from typing import Self

from producers.outbox.acceptance import Acceptance, Room, outbox_full
from producers.outbox.place import FileLock, Shared, check_disk, connect, prepare_folder
from producers.outbox.reading import OutboxReading, open_read_only
from producers.outbox.rows import OUTBOX_COLUMNS, OutboxRow, entry, link, outbox_row
from schemas.record import Backlog, Entry, Link, Sealer
from schemas.steps import Reached, Step, not_watched
from schemas.trust.seal import link_hash

FIRST_LIFE = Link(life=1, seq=0, prev=None)
NOTHING = (None, None)
LINK_COLUMNS = "life, head_seq, head_hash, after_life, after_seq"
NOT_OF_TOPICS = "topic not in (select value from json_each(?))"
COUNT_UNACKNOWLEDGED = "select count(*) from outbox where published_offset is null"
BOUND_ROWS = 1_000_000
MIN_FREE_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Terms:
    """What an outbox is told from outside: its bounds, the time, and who watches its steps."""

    bound_rows: int
    min_free_bytes: int
    now: Callable[[], datetime]
    reached: Reached


@dataclass(frozen=True, slots=True)
class OutboxFile:
    """Implements ``schemas.record.Outbox``; threads may share it.

    A process may die at any point: what ``accept`` has committed stays, and what it has not is not there.
    ``reading`` answers questions.
    """

    writer: Shared
    reading: OutboxReading
    lock: FileLock
    terms: Terms
    published: Condition = field(default_factory=Condition)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        now: Callable[[], datetime],
        bound_rows: int = BOUND_ROWS,
        min_free_bytes: int = MIN_FREE_BYTES,
        reached: Reached = not_watched,
    ) -> Self:
        """Open the file for this process alone, and make it when it is not there.

        Raises NotOurs when another process writes it, StoreAway when its disk does not answer, Stop when it is
        damaged, Misconfigured when its layout is not ours. ``now`` gives aware instants.
        """
        prepare_folder(path)
        lock = FileLock.take(path)
        try:
            writer = connect(path, read_only=False)
            reading = open_read_only(path)
        except BaseException:
            lock.release()
            raise
        return cls(writer, reading, lock, Terms(bound_rows, min_free_bytes, now, reached))

    @contextmanager
    def accept(self) -> Iterator[Acceptance]:
        """One transaction of the intake: kept when the block ends, undone when it raises or discards.

        Raises OutboxFull (``outbox_full``, ``disk_low``, ``disk_full``) or StoreAway, and then keeps nothing.
        """
        check_disk(self.writer.path, self.terms.min_free_bytes)
        with self.writer.writing() as transaction:
            (rows,) = transaction.connection.execute(COUNT_UNACKNOWLEDGED).fetchone()
            room = Room(rows, self.terms.bound_rows)
            if room.rows >= room.bound_rows:
                raise outbox_full(room)
            acceptance = Acceptance(transaction, room, self.terms.now())
            yield acceptance
            if acceptance.failure:  # whoever caught it must still not believe that anything is kept
                raise acceptance.failure
        if transaction.keep:
            self.terms.reached(Step.ACCEPTED)

    def lease(self) -> bool:
        """Always: the file's lock was taken at opening, and one process has one relay for it."""
        return True

    def sealed(self, limit: int, without: Collection[str] = ()) -> Sequence[Entry]:
        """Numbered and unacknowledged rows, in order of acceptance; none of topics ``without``."""
        rows = self.reading.shared.rows(
            f"select {OUTBOX_COLUMNS} from outbox where published_offset is null and seal is not null"
            f" and {NOT_OF_TOPICS} order by id limit ?",
            json.dumps(list(without)),
            limit,
        )
        return [entry(row) for row in rows]

    def seal_waiting(self, limit: int, sealer: Sealer, without: Collection[str] = ()) -> int:
        """Number and seal up to ``limit`` waiting rows, in order of acceptance, all or none; likewise."""
        with self.writer.writing() as transaction:
            connection = transaction.connection
            waiting = connection.execute(
                f"select {OUTBOX_COLUMNS} from outbox where seal is null and {NOT_OF_TOPICS} order by id limit ?",
                (json.dumps(list(without)), limit),
            ).fetchall()
            heads = _heads(connection)
            rows = [(*_sealed(row, heads, sealer), row.id) for row in map(outbox_row, waiting)]
            connection.executemany("update outbox set life = ?, seq = ?, seal = ? where id = ?", rows)
            connection.executemany(
                f"insert or replace into chain (topic, {LINK_COLUMNS}) values (?, ?, ?, ?, ?, ?)",
                [(topic, head.life, head.seq, head.prev, *(head.after or NOTHING)) for topic, head in heads.items()],
            )
        return len(rows)

    def heads(self) -> Mapping[str, Link]:
        """The last number given, for each topic that has one."""
        with self.reading.shared.held() as connection:
            return _heads(connection)

    def mark_published(self, offsets: Mapping[int, int]) -> None:
        """Record the acknowledged offset of each row, all or none; a row keeps its first offset."""
        with self.writer.writing() as transaction:
            transaction.connection.executemany(
                "update outbox set published_offset = ? where id = ? and published_offset is null",
                [(offset, row) for row, offset in offsets.items()],
            )
            # A grant is on its topic for as long as it may be, and nowhere else.
            transaction.connection.executemany(
                "update outbox set value = x'' where id = ? and topic like '%.grant'", [(row,) for row in offsets]
            )
        with self.published:
            self.published.notify_all()

    def backlog(self) -> Backlog:
        """Rows not acknowledged, and how old the oldest is."""
        with self.reading.shared.held() as connection:
            (rows,) = connection.execute(COUNT_UNACKNOWLEDGED).fetchone()
            oldest = connection.execute(
                "select accepted_at from outbox where published_offset is null order by id limit 1"
            ).fetchone()
        if oldest is None:
            return Backlog(rows, 0.0)
        age = self.terms.now() - datetime.fromisoformat(oldest[0])
        return Backlog(rows, max(age.total_seconds(), 0.0))

    def wait_published(self, event_id: str, timeout_s: float) -> int | None:
        """The offset of an event as soon as Kafka has acknowledged it; None when that takes longer."""
        with self.published:
            self.published.wait_for(lambda: self.reading.published_offset(event_id) is not None, timeout_s)
        return self.reading.published_offset(event_id)

    def close(self) -> None:
        """Let go of the file, so that another process may write it."""
        self.reading.close()
        self.writer.close()
        self.lock.release()


def _heads(connection: sqlite3.Connection) -> dict[str, Link]:
    rows = connection.execute(f"select topic, {LINK_COLUMNS} from chain").fetchall()
    return {row[0]: link(row[1:]) for row in rows}


def _sealed(row: OutboxRow, heads: dict[str, Link], sealer: Sealer) -> tuple[int, int, bytes]:
    """Life, number and seal of a waiting row; moves its topic's head."""
    draft = row.draft
    head = heads.get(draft.topic, FIRST_LIFE)
    seal = sealer(draft, head, head.seq + 1)
    heads[draft.topic] = Link(head.life, head.seq + 1, link_hash(seal, draft.value))
    return head.life, head.seq + 1, seal
