"""Rows of the regional database that are on no topic yet: decisions that were taken and told nobody.

It changes when the region keeps something else that Kafka does not give back.
"""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from consumers.store.connection import connector, store_away
from consumers.store.revision import revisions_of
from consumers.store.snapshot import snapshot
from schemas.errors import NotOurs

UNSENT = "published_offset is null"
COLUMNS: Mapping[str, str] = {
    "region_outbox": "row_id, after_row, topic, event_id, key, value, headers, added_at",
    "decided": "kind, subject, hop, cause, decision_id",
}
"""Tables in the order in which they are put back. No number and no seal: these follow from the log."""

QUERIES: Mapping[str, str] = {
    "region_outbox": (
        "select row.row_id, (select before.row_id from region_outbox as before"
        f" where before.row_id = row.after_row and before.{UNSENT}), topic, event_id, key, value, headers, added_at"
        f" from region_outbox as row where {UNSENT} order by row.row_id"
    ),
    "decided": (
        "select kind, subject, hop, cause, decision_id from decided"
        f" where decision_id in (select event_id from region_outbox where {UNSENT})"
    ),
}
GO_ON = "select setval(pg_get_serial_sequence('region_outbox', 'row_id'), (select max(row_id) from region_outbox))"


def write_rows(url: str, folder: Path) -> tuple[str, ...]:
    """Write a file for each table that has such rows; the revisions of the database. Raises StoreAway."""
    try:
        with closing(connector(url, "backup")()) as connection, snapshot(connection):
            for table, query in QUERIES.items():
                _write(connection, query, folder / f"{table}.copy")
            return tuple(sorted(revisions_of(connection)))
    except psycopg.Error as error:
        raise store_away(error, "backing up rows") from error


def read_rows(url: str, folder: Path) -> None:
    """Put the rows into a database that holds nothing yet; all or none.

    Raises NotOurs when it holds something, StoreAway.
    """
    try:
        with closing(connector(url, "restore")()) as connection, connection.transaction():
            connection.execute("lock table region_outbox in share row exclusive mode")
            for table in ("topic_position", *COLUMNS):
                if connection.execute(f"select 1 from {table} limit 1".encode()).fetchone():
                    raise NotOurs(
                        f"the database {connection.info.dbname} is not empty ({table} has rows): the region goes on"
                        " from what it holds; drop it first if it is to be made anew"
                    )
            for table, columns in COLUMNS.items():
                _read(connection, f"copy {table} ({columns}) from stdin", folder / f"{table}.copy")
            connection.execute(GO_ON)
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
