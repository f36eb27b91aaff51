"""Compares two canonical dumps as streams: what differs, by table. Pure; it changes when a table gets another key.

Both dumps are sorted by table and key, so one row of each is held at a time, however large the databases are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from consumers.tracing.dump import KEYS as TRACING_KEYS
from consumers.tracing.dump import dump_tracing
from consumers.view.dump import KEYS as VIEW_KEYS
from consumers.view.dump import Row, dump_view, lines

KEYS: Mapping[str, Sequence[str]] = {**VIEW_KEYS, **TRACING_KEYS}
"""Tables in the order of a dump, each with the columns that its rows are sorted by."""

PLACES = {table: place for place, table in enumerate(KEYS)}
SHOWN = 5

Key = tuple[int, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not the same in both, as each has it; None where one lacks it."""

    table: str
    live: Row | None
    rebuilt: Row | None

    def columns(self) -> Sequence[str]:
        """The columns that are not the same; none where one database lacks the row."""
        if self.live is None or self.rebuilt is None:
            return ()
        (_, one), (_, other) = self.live, self.rebuilt
        return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))

    def said(self) -> Iterator[tuple[str, str]]:
        """Which database says what, a line each."""
        for name, row in (("live", self.live), ("rebuilt", self.rebuilt)):
            if row is not None:
                yield name, next(lines([row])).rstrip("\n")


@dataclass(slots=True)
class TableComparison:
    """One table: rows in each database, how many differ, and the first of those."""

    live: int = 0
    rebuilt: int = 0
    differing: int = 0
    first: list[Difference] = field(default_factory=list)


def dump(connection: Connection[Any]) -> Iterator[Row]:
    """The canonical dump of a regional database, table by table; within a snapshot it is one moment's."""
    yield from dump_view(connection)
    yield from dump_tracing(connection)


def compare(live: Iterable[Row], rebuilt: Iterable[Row], shown: int = SHOWN) -> Mapping[str, TableComparison]:
    """Every table of two dumps; ``shown`` differences of each are kept."""
    found = {table: TableComparison() for table in KEYS}
    for one, other in paired(iter(live), iter(rebuilt)):
        table = (one or other or ("", {}))[0]
        told = found[table]
        told.live += one is not None
        told.rebuilt += other is not None
        if one is None or other is None or list(lines([one])) != list(lines([other])):
            told.differing += 1
            if len(told.first) < shown:
                told.first.append(Difference(table, one, other))
    return found


def paired(live: Iterator[Row], rebuilt: Iterator[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows of two dumps under the same key beside each other, and None beside a row whose key the other lacks."""
    one, other = next(live, None), next(rebuilt, None)
    while one is not None or other is not None:
        if other is None or (one is not None and key_of(one) < key_of(other)):
            yield one, None
            one = next(live, None)
        elif one is None or key_of(other) < key_of(one):
            yield None, other
            other = next(rebuilt, None)
        else:
            yield one, other
            one, other = next(live, None), next(rebuilt, None)


def key_of(row: Row) -> Key:
    """Where a row stands in a dump: PostgreSQL sorts text by its bytes there, as Python does."""
    table, columns = row
    return PLACES[table], tuple(columns[name] for name in KEYS[table])
