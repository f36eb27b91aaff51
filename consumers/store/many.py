"""One statement for many rows, in one trip to the server. It changes with how the driver sends them."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection


def write_many(transaction: Connection[Any], statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run a statement for each row; where there is none the server is not asked, which the driver would do."""
    if rows:
        with transaction.cursor() as cursor:
            cursor.executemany(statement, rows)
