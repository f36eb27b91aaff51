"""What others may see of an outbox file: reports, proofs, intake's questions. It changes when one asks more."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from producers.outbox.place import Shared, connect
from producers.outbox.rows import (
    OUTBOX_COLUMNS,
    REJECTED_COLUMNS,
    REVISION_COLUMNS,
    OutboxRow,
    Rejection,
    Revision,
    Row,
    outbox_row,
    rejection,
    revision,
)
from schemas.errors import StoreAway

PAGE_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class OutboxReading:
    """Reads committed rows, and never waits for the writer. ``shared`` is its connection."""

    shared: Shared

    def all_rows(self) -> Iterator[OutboxRow]:
        """Every event ever accepted, in order of acceptance."""
        return (outbox_row(row) for row in _pages(self.shared, OUTBOX_COLUMNS, "outbox", "id"))

    def newest(self, since: datetime | None = None) -> Iterator[OutboxRow]:
        """The newest revision of each record, as far as it was accepted ``since`` then, in order of acceptance."""
        columns = ", ".join(f"o.{name}" for name in OUTBOX_COLUMNS.split(", "))
        newest = "select max(revision) from revision x where x.stream = r.stream and x.record_id = r.record_id"
        query = (
            f"select {columns} from outbox o join revision r using (event_id)"
            f" where o.id > ? and o.accepted_at >= ? and r.revision = ({newest}) order by o.id limit {PAGE_ROWS}"
        )
        last, start = 0, since.isoformat() if since else ""
        while rows := self.shared.rows(query, last, start):
            yield from map(outbox_row, rows)
            last = rows[-1][0]

    def last_accepted_at(self) -> datetime | None:
        """When the last revision of any record was accepted."""
        rows = self.shared.rows("select accepted_at from revision order by rowid desc limit 1")
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def all_revisions(self) -> Iterator[Revision]:
        """Every revision ever accepted, in order of acceptance."""
        pages = _pages(self.shared, f"rowid, {REVISION_COLUMNS}", "revision", "rowid")
        return (revision(row[1:]) for row in pages)

    def find_event(self, event_id: str) -> OutboxRow | None:
        """The event with this id."""
        rows = self.shared.rows(f"select {OUTBOX_COLUMNS} from outbox where event_id = ?", event_id)
        return outbox_row(rows[0]) if rows else None

    def events(self, topic: str, key: str) -> Sequence[OutboxRow]:
        """Every event accepted for a topic under a key, in order of acceptance."""
        query = f"select {OUTBOX_COLUMNS} from outbox where topic = ? and key = ? order by id"
        return [outbox_row(row) for row in self.shared.rows(query, topic, key)]

    def published_offset(self, event_id: str) -> int | None:
        """The offset at which Kafka acknowledged an event; None until then."""
        rows = self.shared.rows("select published_offset from outbox where event_id = ?", event_id)
        return rows[0][0] if rows else None

    def rejected(self, *, closed: bool = False, limit: int = 1_000) -> Sequence[Rejection]:
        """The newest rejected records first; those that were accepted since only when ``closed``."""
        where = "" if closed else "where closed_at is null"
        query = f"select {REJECTED_COLUMNS} from rejected {where} order by id desc limit ?"
        return [rejection(row) for row in self.shared.rows(query, limit)]

    def find_rejected(self, number: int) -> Rejection | None:
        """One rejected record."""
        rows = self.shared.rows(f"select {REJECTED_COLUMNS} from rejected where id = ?", number)
        return rejection(rows[0]) if rows else None

    def close(self) -> None:
        """Let go of the file."""
        self.shared.close()


def open_read_only(path: Path) -> OutboxReading:
    """An outbox that any process may read while its producer writes; raises StoreAway when there is none."""
    if not path.is_file():
        raise StoreAway(f"there is no outbox at {path}; start its producer once, or name another file")
    return OutboxReading(connect(path, read_only=True))


def _pages(shared: Shared, columns: str, table: str, order: str) -> Iterator[Row]:
    # Page by page: a cursor left open would keep SQLite from shortening its write-ahead log.
    last = 0
    query = f"select {columns} from {table} where {order} > ? order by {order} limit {PAGE_ROWS}"
    while rows := shared.rows(query, last):
        yield from rows
        last = rows[-1][0]
