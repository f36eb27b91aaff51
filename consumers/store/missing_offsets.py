"""Offsets that are missing for good on a topic that is kept for good, as persons have acknowledged them.

It changes with what an acknowledgement says. A span that grows is another one, and nobody has acknowledged it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection


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


def acknowledged(connection: Connection[Any]) -> Sequence[MissingOffsets]:
    """Every acknowledged span, in order."""
    rows = connection.execute(
        "select topic, first_offset, last_offset from acknowledged_offsets order by topic, first_offset, last_offset"
    )
    return [MissingOffsets(*row) for row in rows]
