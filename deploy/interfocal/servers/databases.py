"""Databases on a server, made and dropped by name. It changes when a database needs more than a name."""

import psycopg
from psycopg import errors, sql

from interfocal.servers.urls import database_url, without_password
from schemas.errors import Misconfigured, StoreAway

LONGEST_NAME = 63  # PostgreSQL cuts longer ones silently, and two could become one
CONNECT_S = 10


def create_database(stack_url: str, name: str) -> str:
    """Make the database unless it is there; returns its URL.

    Raises:
        Misconfigured: the name is too long for PostgreSQL.
        StoreAway: the server does not answer.
    """
    if len(name.encode()) > LONGEST_NAME:
        raise Misconfigured(f"The database name {name} is longer than {LONGEST_NAME} bytes: choose a shorter one.")
    statement = sql.SQL("create database {}").format(sql.Identifier(name))
    try:
        with connect(stack_url) as connection:
            known = connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
            if known is None:
                connection.execute(statement)
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        pass  # made by another process between the question and the statement
    return database_url(stack_url, name)


def has_database(stack_url: str, name: str) -> bool:
    """Whether the server has a database of this name; raises StoreAway."""
    with connect(stack_url) as connection:
        return connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is not None


def database_comment(stack_url: str, name: str) -> str:
    """What is said about a database; empty where nothing is, or it is not there. Raises StoreAway."""
    query = "select shobj_description(oid, 'pg_database') from pg_database where datname = %s"
    with connect(stack_url) as connection:
        row = connection.execute(query, (name,)).fetchone()
    return row[0] or "" if row else ""


def comment_on_database(stack_url: str, name: str, comment: str) -> None:
    """Say something about a database; raises StoreAway."""
    statement = sql.SQL("comment on database {} is {}").format(sql.Identifier(name), sql.Literal(comment))
    with connect(stack_url) as connection:
        connection.execute(statement)


def drop_database(stack_url: str, name: str) -> None:
    """Drop the database and whoever is connected to it; nothing happens if it is not there."""
    statement = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    with connect(stack_url) as connection:
        connection.execute(statement)


def connect(url: str) -> psycopg.Connection:
    """An autocommit connection; StoreAway, naming the server without its password, if there is none."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_S)
    except psycopg.OperationalError as error:
        raise StoreAway(f"PostgreSQL at {without_password(url)} does not answer: {_first_line(error)}.") from error


def answers(url: str) -> bool:
    """Whether the server lets us in now."""
    try:
        psycopg.connect(url, connect_timeout=CONNECT_S).close()
    except psycopg.OperationalError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
