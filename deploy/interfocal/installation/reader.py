"""The database role by which the region's API reads for members, and the read tokens of their desks.

It changes when the role gets another right, or tokens are kept elsewhere. The role may use what migrations
``0022_reading`` and ``0023_shown`` give to ``interfocal_reading``, and no table.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import Connection, errors, sql
from psycopg.rows import class_row

from consumers.audit.log import Acting, Deed, Kind, append
from consumers.store.connection import Connect, connector
from consumers.store.session import Session
from consumers.view.reading import token_sha256
from interfocal.clock import random_token
from interfocal.installation.installation import Installation, Places
from interfocal.installation.secrets import keep_secret, read_secret
from interfocal.servers.databases import connect
from schemas.errors import Misconfigured
from schemas.topics import REGION

GROUP = "interfocal_reading"
PASSWORD_FILE, TOKEN_FILE = "reader.password", "read.token"
DESK = "desk"
SETTINGS = "set search_path = reading, public; set statement_timeout = '20s'; set lock_timeout = '5s'"
ISSUE = """
    insert into read_token (member, desk, sha256) values (%s, %s, %s) on conflict (sha256) do nothing returning number
"""
REVOKE = "update read_token set revoked_at = coalesce(revoked_at, now()) where number = %s returning member"
LIST = "select number, member, desk, issued_at, revoked_at from read_token order by number"


@dataclass(frozen=True, slots=True)
class ReadToken:
    """A token as the region keeps it: whose it is, and never the token itself."""

    number: int
    member: str
    desk: str
    issued_at: datetime
    revoked_at: datetime | None


def reader_role(installation: Installation) -> str:
    """The name of the role with which the region process connects to read for members."""
    return f"{installation.settings.postgres.names}_reader"


def make_reader(installation: Installation) -> None:
    """Make the role, with a password of its own, unless it is there. Raises Misconfigured without the right to."""
    role = sql.Identifier(reader_role(installation))
    password = keep_secret(_password_file(installation.places), random_token().encode()).decode()
    with connect(installation.region_url) as connection:
        known = connection.execute("select 1 from pg_roles where rolname = %s", [reader_role(installation)]).fetchone()
        verb = sql.SQL("alter role {} login password {}" if known else "create role {} login password {}")
        try:
            connection.execute(verb.format(role, sql.Literal(password)))
            connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(GROUP), role))
        except errors.InsufficientPrivilege as error:
            raise Misconfigured(
                f"the database's user may not make the role {reader_role(installation)}: give it CREATEROLE, or have an"
                f" administrator make it, in the group {GROUP}, with the password in {PASSWORD_FILE}"
            ) from error


def reader_connect(installation: Installation) -> Connect:
    """Opens connections as that role; each raises StoreAway when the database does not answer."""
    parts = urlsplit(installation.region_url)
    password = read_secret(_password_file(installation.places)).decode()
    host = parts.netloc.rpartition("@")[2]
    url = parts._replace(netloc=f"{quote(reader_role(installation))}:{quote(password)}@{host}").geturl()
    opened = connector(url, "reader")

    def connect_reader() -> Connection[Any]:
        connection = opened()
        connection.execute(SETTINGS)
        return connection

    return connect_reader


def keep_desk_tokens(installation: Installation) -> int:
    """A read token for the desk of each member that is here; how many the region did not know."""
    issued = 0
    for owner in installation.owners_here:
        path = installation.places.secrets(owner) / TOKEN_FILE
        token = keep_secret(path, random_token().encode()).decode().strip()
        issued += issue(installation, installation.directory.member(owner).code, DESK, token) is not None
    return issued


def issue(installation: Installation, member: str, desk: str, token: str, by: Acting | None = None) -> int | None:
    """Keep the hash of a token, and log who gave it out; its number, None when it is known already."""

    def issued(transaction: Connection[Any]) -> int | None:
        row = transaction.execute(ISSUE, [member, desk, token_sha256(token)]).fetchone()
        if row is not None:
            acting = by or Acting("preparing", REGION.upper(), "operation", "enrolment")
            append(transaction, acting, Deed(Kind.ALTERATION, {"read_token_issued": row[0], "desk": desk}, (member,)))
        return None if row is None else int(row[0])

    with closing(Session(connector(installation.region_url, "read tokens"))) as session:
        return session.transact(issued)


def revoke(installation: Installation, number: int, by: Acting) -> None:
    """End a token at once; raises Misconfigured when there is none of this number."""

    def revoked(transaction: Connection[Any]) -> bool:
        row = transaction.execute(REVOKE, [number]).fetchone()
        if row is not None:
            append(transaction, by, Deed(Kind.ALTERATION, {"read_token_revoked": number}, (row[0],)))
        return row is not None

    with closing(Session(connector(installation.region_url, "read tokens"))) as session:
        if not session.transact(revoked):
            raise Misconfigured(f"there is no read token {number}; list those there are")


def read_tokens(installation: Installation) -> Sequence[ReadToken]:
    """Every token that was given out."""
    with (
        psycopg.connect(installation.region_url) as connection,
        connection.cursor(row_factory=class_row(ReadToken)) as c,
    ):
        return c.execute(LIST).fetchall()


def _password_file(places: Places) -> Path:
    return places.secrets(REGION) / PASSWORD_FILE
