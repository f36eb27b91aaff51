"""The canonical dump of the view's records: the same bytes from any order of the same events.

It changes with what is a fact. No positions, arrival times or surrogate keys are in it.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from consumers.checked import CheckedEvent
from consumers.view.rows import COLUMNS, Row, rows_of

ORDER: Mapping[str, str] = {
    "seizure_revision": "member, record_id, revision, sha256",
    "item_revision": "member, record_id, revision, sha256, place",
    "missing_revision": "member, record_id, revision, sha256",
    "mark_key": "stream, member, record_id, revision, sha256, place, number, kind",
}


def dump_view(connection: Connection[Any]) -> Iterator[str]:
    """Every row of the view's tables as a line, in a fixed order."""
    for table, columns in COLUMNS.items():
        query = f"select {', '.join(columns)} from {table} order by {ORDER[table]}"
        with connection.cursor(name=f"dump_{table}") as cursor:
            for row in cursor.execute(query.encode()):
                yield dump_line(table, row)


def lines_of(checked: CheckedEvent) -> Iterator[str]:
    """The lines that one event must have in the dump."""
    return (dump_line(table, row) for table, row in rows_of(checked))


def dump_line(table: str, row: Row) -> str:
    """One row as text: the table, then columns by name."""
    fields = dict(zip(COLUMNS[table], map(_plain, row), strict=True))
    return json.dumps([table, fields], sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    return value.obj if isinstance(value, Jsonb) else value
