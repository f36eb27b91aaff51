"""The database of a national system, as in the demo: tables of its own, and a trigger into the outbox table.

It changes with ``outbox_table.sql``. The producer has an account of its own, with the rights that are named there.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from interfocal.clock import random_token
from interfocal.servers.databases import create_database
from producers.intake.result import Result, ShownProblem
from producers.ways_in.sql_table import LEFT_OUT, table_ddl

RIGHTS = """
    grant select on interfocal_outbox to {role};
    grant update (done_at, outcome, event_id, revision, problems) on interfocal_outbox to {role};
"""
TRIGGER = """
    create or replace trigger to_interfocal after insert or update on {table}
    for each row execute function interfocal_put({mapping})
"""
OUTCOMES = """
    select id, outcome, event_id, revision, problems from interfocal_outbox
    where id > %(after)s and mapping = any(%(mappings)s) and not exists (
        select 1 from interfocal_outbox where mapping = any(%(mappings)s) and done_at is null
    ) order by id
"""


def make(stack_url: str, name: str) -> str:
    """Make the database with its outbox table; the address at which the producer's own account reaches it."""
    password = random_token()
    role = sql.Identifier(name)
    with psycopg.connect(create_database(stack_url, name)) as connection:
        connection.execute(table_ddl().encode())
        connection.execute(sql.SQL("create role {} login password {}").format(role, sql.Literal(password)))
        connection.execute(sql.SQL(RIGHTS).format(role=role))
    parts = urlsplit(stack_url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{name}:{password}@{host}", path=f"/{name}").geturl()


def insert(connection: psycopg.Connection, mapping: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows into the system's table that this mapping reads; a column for each name that any row ever had."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    _make_table(connection, mapping, names)
    values = sql.SQL(", ").join(sql.Placeholder() * len(names))
    statement = sql.SQL("insert into {} ({}) values ({})").format(sql.Identifier(mapping), columns, values)
    with connection.cursor() as cursor:
        cursor.executemany(statement, [[Jsonb(row.get(name)) for name in names] for row in rows])


def last_row(connection: psycopg.Connection) -> int:
    """The number of the outbox table's newest row."""
    found = connection.execute("select coalesce(max(id), 0) from interfocal_outbox").fetchone()
    return int(found[0]) if found else 0


def outcomes(connection: psycopg.Connection, after: int, mappings: Sequence[str]) -> list[Result] | None:
    """What became of each row of these mappings after one; None while any waits. What is left out has no result."""
    rows = connection.execute(OUTCOMES, {"after": after, "mappings": list(mappings)}).fetchall()
    connection.commit()  # or the next look would see what this one saw
    return [_result(*row) for row in rows if row[1] != LEFT_OUT] or None


def _make_table(connection: psycopg.Connection, mapping: str, names: Sequence[str]) -> None:
    table = sql.Identifier(mapping)
    added = sql.SQL(", ").join(
        sql.SQL("add column if not exists {} jsonb").format(sql.Identifier(name)) for name in names
    )
    connection.execute(sql.SQL("create table if not exists {} ()").format(table))
    connection.execute(sql.SQL("alter table {} {}").format(table, added))
    connection.execute(sql.SQL(TRIGGER).format(table=table, mapping=sql.Literal(mapping)))


def _result(number: int, outcome: Any, event_id: str | None, revision: int | None, problems: str | None) -> Result:
    told = tuple(ShownProblem.model_validate(one) for one in json.loads(problems or "[]"))
    return Result(outcome=outcome, national_id="", rows=(number,), event_id=event_id, revision=revision, problems=told)
