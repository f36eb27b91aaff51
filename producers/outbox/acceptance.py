"""One intake transaction on an outbox file. It changes when intake asks or writes something new."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from producers.outbox.place import Writing
from producers.outbox.rows import (
    OUTBOX_COLUMNS,
    REVISION_COLUMNS,
    OutboxRow,
    RejectedRecord,
    Revision,
    headers_text,
    outbox_row,
    problems_text,
    record_text,
    revision,
)
from schemas.errors import OutboxFull, Stop
from schemas.record import Draft


@dataclass(frozen=True, slots=True)
class Room:
    """How many unacknowledged rows there are and may be."""

    rows: int
    bound_rows: int


def outbox_full(room: Room) -> OutboxFull:
    """The error for an outbox that holds as much as it may."""
    return OutboxFull(
        f"the outbox holds {room.rows} events that Kafka has not acknowledged and may hold {room.bound_rows};"
        " submit again when they are published",
        parameters={"rows": str(room.rows), "bound_rows": str(room.bound_rows)},
    )


class Acceptance:
    """All or nothing: what is added here is kept when the ``with`` block of ``OutboxFile.accept`` ends well."""

    def __init__(self, transaction: Writing, room: Room, now: datetime) -> None:
        self._transaction = transaction
        self._room = room
        self._now = now
        self._added = 0
        self.failure: Exception | None = None

    def revisions(self, stream: str, record_id: str) -> Sequence[Revision]:
        """Every accepted revision of a record, lowest first."""
        rows = self._connection.execute(
            f"select {REVISION_COLUMNS} from revision where stream = ? and record_id = ? order by revision",
            (stream, record_id),
        )
        return [revision(row) for row in rows]

    def events(self, topic: str, key: str) -> Sequence[OutboxRow]:
        """Every event accepted for a topic under a key (of a trace: this member's acts), in order of acceptance."""
        rows = self._connection.execute(
            f"select {OUTBOX_COLUMNS} from outbox where topic = ? and key = ? order by id", (topic, key)
        )
        return [outbox_row(row) for row in rows]

    def find_event(self, event_id: str) -> OutboxRow | None:
        """The event with this id."""
        row = self._connection.execute(
            f"select {OUTBOX_COLUMNS} from outbox where event_id = ?", (event_id,)
        ).fetchone()
        return outbox_row(row) if row else None

    def add(self, revision: Revision | None, draft: Draft) -> None:
        """Add a revision and its event, both or neither; a tombstone is no record's revision.

        Raises OutboxFull when the bound is reached: nothing of the transaction may then be kept. Raises Stop
        (``event_taken``) when the revision or event id is there already.
        """
        if revision is not None and revision.event_id != draft.event_id:
            raise Stop(f"revision of event {revision.event_id} does not belong to event {draft.event_id}")
        if self._room.rows + self._added >= self._room.bound_rows:
            self.failure = outbox_full(Room(self._room.rows + self._added, self._room.bound_rows))
            raise self.failure
        self._connection.execute("savepoint one_event")
        try:
            if revision is not None:
                insert_revision(self._connection, revision)
            insert_event(self._connection, draft, self._now if revision is None else revision.accepted_at)
        except sqlite3.IntegrityError as error:
            self._connection.execute("rollback to one_event")
            self._connection.execute("release one_event")
            raise Stop(
                f"event {draft.event_id} was accepted before; its record's next revision is another event",
                code="event_taken",
                parameters={"event_id": draft.event_id},
            ) from error
        except sqlite3.Error as error:  # a full disk, for one, has undone the whole transaction already
            self.failure = error
            raise
        self._connection.execute("release one_event")
        self._added += 1

    def tell(self, draft: Draft) -> bool:
        """Add an event that is no record's revision, in place of those of its topic that Kafka has.

        For topics that are not kept for good. False, and nothing is added, while an earlier one waits or when this
        one is there already.
        """
        instead = "select 1 from outbox where topic = ? and (published_offset is null or event_id = ?)"
        if self._connection.execute(instead, (draft.topic, draft.event_id)).fetchone():
            return False
        self._connection.execute("delete from outbox where topic = ?", (draft.topic,))
        insert_event(self._connection, draft, self._now)
        return True

    def reject(self, rejected: RejectedRecord) -> int:
        """Keep a rejected record and return its number; the same record with the same problems keeps its number."""
        problems, record = problems_text(rejected.problems), record_text(rejected.record)
        known = self._connection.execute(
            "select id from rejected where closed_at is null and stream = ? and record_key = ? and way = ?"
            " and source = ? and problems = ? and record = ?",
            (rejected.stream, rejected.record_key, rejected.way, rejected.source, problems, record),
        ).fetchone()
        if known:
            return int(known[0])
        (number,) = self._connection.execute(
            "insert into rejected (way, source, row, stream, record_key, problems, record, rejected_at, mapping)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?) returning id",
            (
                *(rejected.way, rejected.source, rejected.row, rejected.stream, rejected.record_key),
                *(problems, record, self._now.isoformat(), rejected.mapping),
            ),
        ).fetchone()
        return int(number)

    def close_rejected(self, stream: str, record_key: str, closed_by: str | None = None, number: int = 0) -> None:
        """Close what was rejected of a national record, because a version of it is accepted (``closed_by``).

        ``number`` is a rejection that is closed whatever its key, as one that was judged again.
        """
        if number:
            self._connection.execute(
                "update rejected set closed_at = ?, closed_by = ? where id = ? and closed_at is null",
                (self._now.isoformat(), closed_by, number),
            )
        if record_key:
            self._connection.execute(
                "update rejected set closed_at = ?, closed_by = ?"
                " where stream = ? and record_key = ? and closed_at is null",
                (self._now.isoformat(), closed_by, stream, record_key),
            )

    def discard(self) -> None:
        """Keep nothing of this transaction: for a dry run, which still sees what it would have done."""
        self._transaction.keep = False

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._transaction.connection


def insert_revision(connection: sqlite3.Connection, revision: Revision) -> None:
    """Add a row to the index; raises sqlite3.IntegrityError for one that is there."""
    connection.execute(
        f"insert into revision ({REVISION_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)",
        (
            *(revision.stream, revision.record_id, revision.revision, revision.content),
            *(revision.national_version, revision.event_id, revision.accepted_at.isoformat()),
        ),
    )


def insert_event(connection: sqlite3.Connection, draft: Draft, accepted_at: datetime) -> None:
    """Add an event to those that wait; raises sqlite3.IntegrityError for one that is there."""
    connection.execute(
        "insert into outbox (topic, event_id, key, value, headers, accepted_at) values (?, ?, ?, ?, ?, ?)",
        (
            *(draft.topic, draft.event_id, draft.key, draft.value),
            *(headers_text(draft.headers), accepted_at.isoformat()),
        ),
    )
