"""A region's database that members read as the region's API does: by the reader's role, with a ticket."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import Connection

from consumers.audit.log import Reason
from consumers.store.session import Session
from consumers.view.queries import Wanted, find
from consumers.view.reading import Answer, related_to, token_sha256
from consumers.view.reading import read as read_view
from consumers.view.second_person import Second, question_of

WHY = Reason("mark-7", "tracing", "C-77")
TOKENS = {"RS": "token of rs", "AL": "token of al", "MK": "token of mk", "BA": "token of ba"}
PATH = "-c search_path=reading,public"


@dataclass(frozen=True, slots=True)
class ReaderRole:
    """The role with which the API connects to one database."""

    url: str

    def connect(self) -> Connection[Any]:
        return psycopg.connect(self.url, autocommit=True, options=PATH)

    @contextmanager
    def reading(self, member: str) -> Iterator[Connection[Any]]:
        """Within it, hand-written SQL is run as for this member."""
        digest = token_sha256(TOKENS[member])
        with self.connect() as connection:
            ((ticket,),) = connection.execute("select reading_ask(%s, 'p', 'tracing', 'c', '{}')", [digest]).fetchall()
            with connection.transaction():
                connection.execute("select reading_begin(%s, %s)", [digest, ticket])
                yield connection

    def read(self, token: str, listing: str, wanted: Wanted | None = None) -> Answer | None:
        asked = wanted or Wanted()
        question = question_of(listing, asked, 1000, 1000)
        session = Session(self.connect)
        try:
            answer = read_view(
                session,
                token,
                WHY,
                question,
                lambda open_: (find(open_, listing, asked, 1000), related_to(open_, asked)),
            )
            assert not isinstance(answer, Second)
            return answer
        finally:
            session.close()

    def records(self, member: str, listing: str, wanted: Wanted | None = None) -> set[str]:
        """Ids of what a member's list shows."""
        answer = self.read(TOKENS[member], listing, wanted)
        assert answer is not None
        return {str(row.get("record_id") or row.get("trace_id")) for row in answer.rows}


@contextmanager
def reader_role(database: str) -> Iterator[ReaderRole]:
    """A role of the API's group on a migrated database, and a read token for each member."""
    name = f"reader_{secrets.token_hex(6)}"
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(f"create role {name} login password 'for-this-test' in role interfocal_reading".encode())
        for member, token in TOKENS.items():
            owner.execute(
                "insert into read_token (member, desk, sha256) values (%s, 'desk', %s)", [member, token_sha256(token)]
            )
    host = urlsplit(database).netloc.rpartition("@")[2]
    try:
        yield ReaderRole(urlsplit(database)._replace(netloc=f"{name}:for-this-test@{host}").geturl())
    finally:
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute(f"drop role {name}".encode())
