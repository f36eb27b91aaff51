"""Offsets that are missing for good on a topic that is kept for good, as persons have acknowledged them.

It changes with what an acknowledgement says. A span that grows is another one, and nobody has acknowledged it. A
consumer goes on after a span that was acknowledged in its own database, and stops before any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

COLUMNS = "topic, first_offset, last_offset, acknowledged_by, because, acknowledged_at"


@dataclass(frozen=True, slots=True)
class MissingOffsets:
    """The offsets ``first`` to ``last`` (both missing) of one topic."""

    topic: str
    first: int
    last: int


def acknowledge(transaction: Connection[Any], missing: MissingOffsets, by: str, because: str) -> bool:
    """Note that a person knows of it; False when somebody did before."""
    result = transaction.execute(
        "insert into acknowledged_offsets (topic, first_offset, last_offset, acknowledged_by, because)"
        " values (%s, %s, %s, %s, %s) on conflict do nothing",
        [missing.topic, missing.first, missing.last, by, because],
    )
    return result.rowcount == 1


def is_acknowledged(connection: Connection[Any], missing: MissingOffsets) -> bool:
    """Whether a person has acknowledged all of these, in one span."""
    row = connection.execute(
        "select 1 from acknowledged_offsets where topic = %s and first_offset <= %s and last_offset >= %s limit 1",
        [missing.topic, missing.first, missing.last],
    ).fetchone()
    return row is not None


def copy(source: Connection[Any], target: Connection[Any]) -> None:
    """Have another database know what this one does."""
    with target.cursor() as cursor:
        cursor.executemany(
            f"insert into acknowledged_offsets ({COLUMNS}) values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
            source.execute(f"select {COLUMNS} from acknowledged_offsets".encode()).fetchall(),
        )


def acknowledged(connection: Connection[Any]) -> Sequence[MissingOffsets]:
    """Every acknowledged span, in order."""
    rows = connection.execute(
        "select topic, first_offset, last_offset from acknowledged_offsets order by topic, first_offset, last_offset"
    )
    return [MissingOffsets(*row) for row in rows]
