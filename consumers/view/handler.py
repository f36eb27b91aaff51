"""Folds seizures and missing firearms into the view. It changes when the view takes another stream."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Connection

from consumers.blocking import blocking_keys
from consumers.checked import CheckedEvent, SetAside
from consumers.view.rows import COLUMNS, Row, rows_of
from schemas.events.firearm import Marks
from schemas.events.missing import Missing


class ViewHandler:
    """Implements ``consumers.checked.Handler``. Every revision is kept; SQL views show the current one."""

    @property
    def streams(self) -> frozenset[str]:
        """Records of things, not of traces."""
        return frozenset({"seizure", "missing"})

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """The marks of missing firearms, new and stored: the router reads what is missing under the same locks."""
        missing = [event.event for event in events if isinstance(event.event, Missing)]
        return {key for event in missing for key in blocking_keys(event.marks)} | _stored_keys(transaction, missing)

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Copy the rows of all events, a table at a time; nothing is ever set aside here."""
        tables: dict[str, list[Row]] = defaultdict(list)
        for event in events:
            for table, row in rows_of(event):
                tables[table].append(row)
        for table in COLUMNS:
            if tables[table]:
                copy_rows(transaction, table, tables[table])
        return ()


def copy_rows(transaction: Connection[Any], table: str, rows: Sequence[Row]) -> None:
    """Binary COPY: the fastest way into PostgreSQL. The rows are new, because their events are."""
    columns = COLUMNS[table]
    statement = f"copy {table} ({', '.join(columns)}) from stdin (format binary)"
    with transaction.cursor().copy(statement.encode()) as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)


def _stored_keys(transaction: Connection[Any], events: Sequence[Missing]) -> set[str]:
    """Blocking keys of the revisions that are stored of the same records."""
    if not events:
        return set()
    rows = transaction.execute(
        "select body -> 'marks' from missing_revision where (member, record_id) in"
        " (select * from unnest(%s::text[], %s::text[]))",
        [[event.member for event in events], [event.record_id for event in events]],
    )
    return {key for (marks,) in rows for key in blocking_keys(Marks.model_validate(marks))}
