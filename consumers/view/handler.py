"""Writes seizures, their items and missing firearms into the view. It changes with the tables of ``0002_view``."""

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from consumers.blocking import blocking_keys
from consumers.checked import CheckedEvent, SetAside
from consumers.view.rows import TABLES, Columns, event_rows
from schemas.events.firearm import Marks
from schemas.events.missing import Missing

STREAMS = frozenset({"seizure", "missing"})


class ViewHandler:
    """Keeps every revision; the SQL views ``…_current`` choose. An event is folded once, so its rows are new."""

    @property
    def streams(self) -> frozenset[str]:
        """Seizures and missing firearms."""
        return STREAMS

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """Marks of missing records, new and stored: the router looks for them under the same locks."""
        missing = [checked.event for checked in events if isinstance(checked.event, Missing)]
        marks = [event.marks for event in missing]
        return {key for read in (*marks, *_stored_marks(transaction, missing)) for key in blocking_keys(read)}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Write the rows of the events, table by table."""
        rows: dict[str, list[Columns]] = {table: [] for table in TABLES}
        for checked in events:
            for table, row in event_rows(checked.event, checked.sha256, checked.claims.life, checked.claims.seq):
                rows[table].append(row)
        for table, written in rows.items():
            if written:
                _write(transaction, table, written)
        return ()

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Delete the rows of the events, table by table."""
        values = [(c.event.member, c.event.record_id, c.event.revision, c.sha256) for c in events]
        for table in TABLES:
            with transaction.cursor() as cursor:
                cursor.executemany(
                    f"delete from {table} where member = %s and record_id = %s and revision = %s and sha256 = %s",
                    values,
                )


def _stored_marks(transaction: Connection[Any], missing: Sequence[Missing]) -> list[Marks]:
    if not missing:
        return []
    rows = transaction.execute(
        "select body -> 'marks' from missing_revision"
        " where (member, record_id) in (select * from unnest(%s::text[], %s::text[]))",
        [[event.member for event in missing], [event.record_id for event in missing]],
    )
    return [Marks.model_validate(marks) for (marks,) in rows]


def _write(transaction: Connection[Any], table: str, rows: Sequence[Columns]) -> None:
    """Copy rows into a table; through a temporary one where row-level security binds whoever connects.

    PostgreSQL copies nothing straight into such a table. A superuser is not bound.
    """
    row = transaction.execute("select row_security_active(%s)", [table]).fetchone()
    if row is None or not row[0]:
        _copy(transaction, table, table, rows)
        return
    transaction.execute(f"create temporary table if not exists written_{table} (like {table}) on commit delete rows")
    _copy(transaction, f"written_{table}", table, rows)
    transaction.execute(f"insert into {table} select * from written_{table}")
    transaction.execute(f"delete from written_{table}")


def _copy(transaction: Connection[Any], into: str, table: str, rows: Sequence[Columns]) -> None:
    """Binary COPY: some ten times less of the client's time than an insert a row."""
    columns = TABLES[table]
    values = itemgetter(*columns)
    with transaction.cursor().copy(f"copy {into} ({', '.join(columns)}) from stdin (format binary)") as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(values({**row, "body": Jsonb(row["body"], dumps=str)} if "body" in row else row))
