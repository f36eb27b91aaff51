"""The outbox table of a national system, polled. It changes with the table (``outbox_table.sql``).

A row is one record, and rows are handed over in their order. Intake keeps them first, then the table is told: a row
that was kept but not marked is handed over again, and is unchanged.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from producers.intake.intake import Intake
from producers.intake.result import Result, show_problem
from producers.intake.submission import Entrance, Submission, harmonised_submission, national_submission
from producers.mapping.grouping import group
from producers.mapping.national import NationalRow
from producers.mapping.shape import EVENTS
from producers.ways_in.json_text import malformed, parse_json
from producers.ways_in.observer import Observer
from schemas.errors import Rejected, StoreAway
from schemas.rejection import Problem, problem

WAY = "sql"
BULK_ROWS = 200
LEFT_OUT = "left_out"


def table_ddl() -> str:
    """The SQL that makes the table in PostgreSQL, with its trigger's function and what to know about both."""
    return (files("producers.ways_in") / "outbox_table.sql").read_text(encoding="utf-8")


def outbox_table(name: str) -> Table:
    """The table, by its name; a schema may stand before it with a point."""
    schema, _, plain = name.rpartition(".")
    return Table(
        plain,
        MetaData(),
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("stream", Text),
        Column("mapping", Text),
        Column("record", Text),
        Column("done_at", DateTime(timezone=True)),
        Column("outcome", Text),
        Column("event_id", Text),
        Column("revision", Integer),
        Column("problems", Text),
        schema=schema or None,
    )


@dataclass(frozen=True, slots=True)
class Written:
    """A row of the table as a submission, or what became of it without one."""

    id: int
    submission: Submission | None = None
    outcome: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class SqlTable:
    """One member's table. ``source`` names the national system in events that are rejected, and in logs."""

    engine: Engine
    table: Table
    intake: Intake
    observer: Observer
    source: str = WAY

    def look(self) -> int:
        """Hand over the waiting rows that come first, and mark them; returns how many they were.

        Raises StoreAway when the database or the intake is away, and OutboxFull: the rows wait.
        """
        try:
            with self.engine.begin() as connection:
                rows = connection.execute(self._waiting()).all()
                written = [self._read(row) for row in rows]
                results = iter(self._take([one.submission for one in written if one.submission]))
                for one in written:
                    self._mark(connection, one.id, _became(one, results))
        except SQLAlchemyError as error:
            raise StoreAway(
                f"the outbox table {self.table.fullname} does not answer ({type(error).__name__})"
            ) from error
        return len(rows)

    def _waiting(self) -> Any:
        columns = self.table.c
        # As text, whatever its type: numbers keep their spelling.
        wanted = select(columns.id, columns.stream, columns.mapping, cast(columns.record, Text).label("record"))
        waiting = wanted.where(columns.done_at.is_(None)).order_by(columns.id).limit(BULK_ROWS)
        return waiting.with_for_update(skip_locked=True)

    def _read(self, row: Row[Any]) -> Written:
        entrance = Entrance(WAY, self.source)
        try:
            record = _object(row.record or "")
            if row.mapping:
                return self._national(row, record, entrance)
        except Rejected as error:
            return Written(row.id, outcome="rejected", problems=(_problem(error),))
        if row.stream not in EVENTS:
            detail = "either stream or mapping has to be given; streams are " + ", ".join(EVENTS)
            return Written(row.id, outcome="rejected", problems=(problem("malformed_record", detail=detail),))
        return Written(row.id, harmonised_submission(row.stream, record, row.id, entrance))

    def _national(self, row: Row[Any], record: Mapping[str, Any], entrance: Entrance) -> Written:
        mapping = self.intake.mappings.find(self.intake.member, row.mapping)
        found = group(mapping, self.intake.member, [NationalRow(row.id, record)])
        if not found:
            return Written(row.id, outcome=LEFT_OUT)
        return Written(row.id, national_submission(mapping, found[0], entrance, self.intake.now()))

    def _take(self, submissions: Sequence[Submission]) -> Sequence[Result]:
        results = self.intake.take(submissions)
        for submission, result in zip(submissions, results, strict=True):
            self.observer.tell(self.intake.member, submission.stream, [result])
        return results

    def _mark(self, connection: Connection, number: int, became: Mapping[str, Any]) -> None:
        marked = update(self.table).where(self.table.c.id == number)
        connection.execute(marked.values(done_at=func.now(), **became))


def _became(written: Written, results: Any) -> Mapping[str, Any]:
    if written.submission is None:
        shown = [show_problem(found).model_dump() for found in written.problems]
        return {"outcome": written.outcome, "problems": json.dumps(shown, ensure_ascii=False) if shown else None}
    result: Result = next(results)
    shown = [found.model_dump() for found in result.problems]
    return {
        "outcome": result.outcome,
        "event_id": result.event_id,
        "revision": result.revision,
        "problems": json.dumps(shown, ensure_ascii=False) if shown else None,
    }


def _object(text: str) -> Mapping[str, Any]:
    value = parse_json(text)
    if not isinstance(value, Mapping):
        raise malformed("json", "an object with names and values is expected")
    return value


def _problem(error: Rejected) -> Problem:
    if error.code == "malformed_file":
        return problem("malformed_record", detail=error.parameters["detail"])
    return problem(error.code, **error.parameters)
