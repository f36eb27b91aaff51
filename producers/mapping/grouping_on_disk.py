"""Rows of one record are one record, wherever they stand in a file of any size. It changes with what a bulk may hold.

The same as ``grouping.group``, with the rows in a private temporary database that SQLite unlinks as it opens it: it
leaves nothing behind, also when the process is killed.
"""

import json
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from producers.mapping.grouping import is_wanted, national_id
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRecord, NationalRow
from schemas.rejection import Problem, problem

CACHE_KIB = 16 * 1024
BULK_ROWS = 500
BULK_CHARACTERS = 4 * 1024 * 1024
MAX_RECORD_ROWS = 2_000
MAX_RECORD_CHARACTERS = 2 * 1024 * 1024

SETUP = f"""
PRAGMA cache_size = -{CACHE_KIB};
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE keys (key BLOB PRIMARY KEY, record INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE rows (place INTEGER PRIMARY KEY, record INTEGER NOT NULL, number INTEGER NOT NULL, row TEXT NOT NULL);
"""
WRITE_KEY = "INSERT INTO keys VALUES (?, ?) ON CONFLICT DO UPDATE SET key = key RETURNING record"
WRITE_ROW = "INSERT INTO rows VALUES (?, ?, ?, ?)"
ORDER = "CREATE INDEX in_order ON rows (record, place)"
READ = "SELECT record, number, row FROM rows ORDER BY record, place"


def bulks_on_disk(
    mapping: NationalMapping, member: str, rows: Iterable[NationalRow]
) -> Generator[tuple[NationalRecord, ...], None, None]:
    """Records in the order of their first rows, in bulks that divide no record; all rows are read before the first.

    A key with more rows than a record can have gives its first row, with the problem.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as store:
        store.executescript(SETUP)
        store.execute("BEGIN")
        for place, row in enumerate(rows):
            if row.problems or is_wanted(mapping, member, row):
                _keep(store, place, row, national_id(mapping, row))
        store.execute(ORDER)
        bulk: list[NationalRecord] = []
        count = characters = 0
        for record, size in _records(mapping, store):
            if bulk and (count + len(record.rows) > BULK_ROWS or characters + size > BULK_CHARACTERS):
                yield tuple(bulk)
                bulk, count, characters = [], 0, 0
            bulk.append(record)
            count, characters = count + len(record.rows), characters + size
        if bulk:
            yield tuple(bulk)


def _keep(store: sqlite3.Connection, place: int, row: NationalRow, key: str) -> None:
    record = place
    if key:
        (record,) = store.execute(WRITE_KEY, (key.encode("utf-8", "surrogatepass"), place)).fetchone()
    problems = [found.model_dump() for found in row.problems]
    store.execute(WRITE_ROW, (place, record, row.number, json.dumps([row.fields, problems])))


def _records(mapping: NationalMapping, store: sqlite3.Connection) -> Iterator[tuple[NationalRecord, int]]:
    for _, members in groupby(store.execute(READ), key=itemgetter(0)):
        rows: list[NationalRow] = []
        count = characters = 0
        for _, number, written in members:
            count, characters = count + 1, characters + len(written)
            if not rows or (count <= MAX_RECORD_ROWS and characters <= MAX_RECORD_CHARACTERS):
                rows.append(_row(number, json.loads(written)))
        if count > len(rows):
            detail = f"{count} rows have its key, which is more than one record can hold"
            rows = [replace(rows[0], problems=(problem("malformed_record", detail=detail),))]
        yield NationalRecord(national_id(mapping, rows[0]), tuple(rows)), characters if len(rows) == count else 0


def _row(number: int, written: Any) -> NationalRow:
    fields, problems = written
    return NationalRow(number, fields, tuple(map(Problem.model_validate, problems)))
