"""The view as canonical text: equal views give equal bytes. It changes with what counts as a fact of the view.

No positions, arrival times or surrogate keys. Tables in the order of ``TABLES``, rows sorted by their key.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from consumers.store.snapshot import snapshot
from consumers.view.rows import TABLES, Columns, event_rows
from schemas.events.envelope import Event
from schemas.events.types import instant_text

KEYS = {
    "seizure_revision": ("member", "record_id", "revision", "sha256"),
    "item_revision": ("member", "record_id", "revision", "sha256", "place"),
    "missing_revision": ("member", "record_id", "revision", "sha256"),
    "mark_key": ("stream", "member", "record_id", "revision", "sha256", "place", "number", "kind"),
}
AT_ONCE = 1_000

Row = tuple[str, Columns]
"""Table and row, every value as JSON writes it."""


def dump_view(connection: Connection[Any]) -> Iterator[Row]:
    """Every row of the view, one server-side cursor a table, in one snapshot (in the caller's, if there is one)."""
    with snapshot(connection):
        for table, columns in TABLES.items():
            with connection.cursor(name=f"dump_{table}") as cursor:
                cursor.itersize = AT_ONCE
                cursor.execute(f"select {', '.join(columns)} from {table} order by {_order(table)}")
                for values in cursor:
                    yield table, _plain(dict(zip(columns, values, strict=True)))


def dump_row(event: Event, sha256: str, life: int, seq: int) -> list[Row]:
    """The rows that one event makes, as ``dump_view`` tells them; sorted by table and key."""
    rows = ((table, _plain(_with_body(row))) for table, row in event_rows(event, sha256, life, seq))
    tables = list(TABLES)
    return sorted(rows, key=lambda row: (tables.index(row[0]), [row[1][column] for column in KEYS[row[0]]]))


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """One line of canonical JSON a row, table first."""
    for table, columns in rows:
        yield json.dumps([table, columns], ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


def _order(table: str) -> str:
    text = {column for column, kind in TABLES[table].items() if kind == "text"}
    return ", ".join(f'{column} collate "C"' if column in text else column for column in KEYS[table])


def _with_body(row: Columns) -> Columns:
    return {**row, "body": json.loads(row["body"])} if "body" in row else row


def _plain(row: Columns) -> Columns:
    return {
        name: instant_text(value.astimezone(UTC)) if isinstance(value, datetime) else value
        for name, value in row.items()
    }
