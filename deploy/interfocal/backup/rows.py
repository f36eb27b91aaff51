"""Rows of databases that no topic gives back, or not for long. It changes when a database keeps something else.

Of both: the audit log. Of the region: decisions that were taken and told nobody yet, gaps that persons have
acknowledged, and hashes of read tokens. Of a desk: what its people have discarded, and what the region told it of its
quarantine, on a topic with retention. What persons proposed to discard is not among them: it names entries by numbers
that a database made anew gives to others.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from consumers.store.bounds import PATIENT
from consumers.store.connection import connector, store_away
from consumers.store.missing_offsets import COLUMNS
from consumers.store.revision import revisions_of
from consumers.store.snapshot import snapshot

UNSENT = "published_offset is null and split_part(topic, '.', 2) <> 'quarantine'"
"""Decisions and deliveries. What senders are told of the quarantine is found again when that is folded."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of one table: the columns that are put back, the query for their values, and a statement for afterwards."""

    table: str
    columns: str
    query: str
    after: str = "select 1"

    @property
    def file(self) -> str:
        """Its name in a backup's folder of rows."""
        return f"{self.table}.copy"


def whole(table: str, columns: str, where: str = "true") -> Kept:
    """Rows that are put back as they are."""
    return Kept(table, columns, f"select {columns} from {table} where {where} order by {columns}")


ACKNOWLEDGED = whole("acknowledged_offsets", COLUMNS)
AUDIT = whole("audit_entry", "number, entry, prev, hash")
OF_REGION: Sequence[Kept] = (
    Kept(
        "region_outbox",
        "row_id, after_row, topic, event_id, key, value, headers, added_at",  # numbers and seals follow from the log
        "select row.row_id, (select before.row_id from region_outbox as before"
        f" where before.row_id = row.after_row and {UNSENT}), topic, event_id, key, value, headers, added_at"
        f" from region_outbox as row where {UNSENT} order by row.row_id",
        "select setval(pg_get_serial_sequence('region_outbox', 'row_id'), (select max(row_id) from region_outbox))",
    ),
    whole(
        "decided",
        "kind, subject, hop, cause, decision_id",
        f"decision_id in (select event_id from region_outbox where {UNSENT})",
    ),
    whole(
        "chain_gap",
        "topic, chain, life, first_seq, last_seq, found_at, acknowledged_by, because",
        "acknowledged_by is not null",
    ),
    ACKNOWLEDGED,
    AUDIT,
    Kept(
        "read_token",
        "number, member, desk, sha256, issued_at, revoked_at",
        "select number, member, desk, sha256, issued_at, revoked_at from read_token order by number",
        "select setval(pg_get_serial_sequence('read_token', 'number'), (select max(number) from read_token))",
    ),
)
OF_DESK: Sequence[Kept] = (
    whole(
        "told_quarantine",
        "event_id, topic, log_offset, of_event, verdict, reason, parameters, appended_at, told_at",
    ),
    whole("discarded", "topic, log_offset, discarded_by"),
    ACKNOWLEDGED,
    AUDIT,
)
"""In the order in which they are put back."""


def write_rows(url: str, kept: Sequence[Kept], folder: Path) -> tuple[str, ...]:
    """Write a file for each table, all of one moment; the revisions of the database. Raises StoreAway."""
    try:
        with closing(connector(url, "backup", bounds=PATIENT)()) as connection, snapshot(connection):
            for one in kept:
                _write(connection, one.query, folder / one.file)
            return tuple(sorted(revisions_of(connection)))
    except psycopg.Error as error:
        raise store_away(error, "backing up rows") from error


def read_rows(url: str, kept: Sequence[Kept], folder: Path) -> bool:
    """Put the rows into a database that holds nothing yet, all or none; False, and nothing is done, where it does.

    A database at work goes on from what it holds. Raises StoreAway.
    """
    try:
        with closing(connector(url, "restore", bounds=PATIENT)()) as connection, connection.transaction():
            connection.execute("lock table topic_position in share row exclusive mode")
            for table in ("topic_position", *(one.table for one in kept)):
                if connection.execute(f"select 1 from {table} limit 1".encode()).fetchone():
                    return False
            for one in kept:
                _read(connection, f"copy {one.table} ({one.columns}) from stdin", folder / one.file)
                connection.execute(one.after.encode())
            return True
    except psycopg.Error as error:
        raise store_away(error, "putting rows back") from error


def _write(connection: Connection[Any], query: str, path: Path) -> None:
    with path.open("wb") as file, connection.cursor().copy(f"copy ({query}) to stdout".encode()) as copy:
        for portion in copy:
            file.write(portion)


def _read(connection: Connection[Any], statement: str, path: Path) -> None:
    if not path.is_file():
        return
    with path.open("rb") as file, connection.cursor().copy(statement.encode()) as copy:
        while portion := file.read(1024 * 1024):
            copy.write(portion)
