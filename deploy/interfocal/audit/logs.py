"""The audit logs of an installation: the region's, and each desk's. It changes with where logs are.

What is disclosed is logged in the transaction that reads it, and that is committed before anything is shown.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from psycopg import Connection

from consumers.audit.log import Acting, Deed, Head, append, audit_head, entries
from consumers.audit.proof import Anchor, Proof, prove
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.audit.anchors import AnchorFile
from interfocal.clock import now
from interfocal.installation.installation import Installation
from schemas.topics import REGION

WITNESSED = """
    select (told ->> 'number')::bigint, told ->> 'hash'
    from (select entry::json #> '{told,what,region_log}' as told from audit_entry) as noted where told is not null
"""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AuditLog:
    """One log: the region's, or that of a member's desk."""

    installation: Installation
    desk: str | None = None

    @property
    def url(self) -> str:
        """Its database."""
        return self.installation.desk_url(self.desk) if self.desk else self.installation.region_url

    @property
    def anchors(self) -> AnchorFile:
        """Its anchors."""
        owner = self.installation.directory.member(self.desk).owner if self.desk else REGION
        return AnchorFile(self.installation.places.audit_anchors(owner))

    def read(self, work: Callable[[Connection[Any]], T], acting: Acting, deed: Callable[[T], Deed]) -> T:
        """What ``work`` reads, once it is logged that it was read; the log is anchored as well."""

        def logged(transaction: Connection[Any]) -> tuple[T, Head]:
            found = work(transaction)
            return found, append(transaction, acting, deed(found))

        with closing(Session(connector(self.url, "reading"))) as session:
            found, head = session.transact(logged)
        self.anchors.keep(head, now())
        return found

    def note(self, acting: Acting, deed: Deed) -> None:
        """Log something that is read or done elsewhere."""
        self.read(lambda _transaction: None, acting, lambda _nothing: deed)

    def anchor(self, session: Session) -> bool:
        """Keep where the log stands now; whether it has grown since. Raises StoreAway."""
        return self.anchors.keep(session.transact(audit_head), now())

    def prove(self) -> Proof:
        """Read the whole log and hold it against every anchor; raises StoreAway."""
        anchors = [*self.anchors.read(), *self.witnesses()]
        with closing(Session(connector(self.url, "audit"))) as session:
            return session.transact(lambda transaction: prove(entries(transaction), anchors))

    def witnesses(self) -> list[Anchor]:
        """What desks noted of the region's log when they read by its API."""
        if self.desk is not None:
            return []
        found: list[Anchor] = []
        for code, url in self.installation.desk_urls.items():
            with closing(Session(connector(url, "audit"))) as session:
                rows = session.transact(lambda open_: open_.execute(WITNESSED).fetchall())
            found += [Anchor(Head(number, head), f"the desk of {code}") for number, head in rows]
        return found
