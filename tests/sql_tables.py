"""An outbox table in SQLite, for tests; the real one is in producers/ways_in."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, insert, select

from producers.ways_in.sql_table import outbox_table

TABLE = outbox_table("interfocal_outbox")


def table_in(folder: Path) -> Engine:
    """An empty table in a file."""
    engine = create_engine(f"sqlite:///{folder / 'national.sqlite'}")
    TABLE.create(engine)
    return engine


def put(engine: Engine, *rows: Mapping[str, Any]) -> None:
    """Write rows as a national system does, each with its record as an object or as text."""
    with engine.begin() as connection:
        for row in rows:
            record = row["record"] if isinstance(row["record"], str) else json.dumps(row["record"])
            connection.execute(insert(TABLE), {**row, "record": record})


def became(engine: Engine) -> Sequence[tuple[Any, ...]]:
    """(outcome, revision, codes of problems) of each row, in order."""
    with engine.connect() as connection:
        rows = connection.execute(select(TABLE).order_by(TABLE.c.id)).all()
    return [(row.outcome, row.revision, [p["code"] for p in json.loads(row.problems or "[]")]) for row in rows]
