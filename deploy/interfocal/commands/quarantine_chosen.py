"""Which quarantine a command works on, and which entries of it. It changes with how entries are chosen."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from consumers.quarantine.entries import FOREIGN_MEMBER, PostgresQuarantine, QuarantineEntry, Wanted
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.installation.installation import Installation
from schemas.errors import Misconfigured

AtDesk = Annotated[str | None, typer.Option("--desk", help="The quarantine of this member's desk, not the region's.")]


@dataclass(frozen=True, slots=True)
class Place:
    """The region's quarantine, or that of one member's desk."""

    installation: Installation
    desk: str | None = None

    @property
    def url(self) -> str:
        """Its database."""
        return self.installation.desk_url(self.desk) if self.desk else self.installation.region_url


@contextmanager
def opened(place: Place) -> Iterator[Session]:
    """A session on its database."""
    session = Session(connector(place.url, "quarantine"))
    try:
        yield session
    finally:
        session.close()


def chosen(session: Session, installation: Installation, wanted: Wanted, limit: int) -> Sequence[QuarantineEntry]:
    """Entries, the oldest first; raises Misconfigured for a number that is none, or a member that is none."""
    if wanted.member not in {None, FOREIGN_MEMBER}:
        wanted = replace(wanted, member=installation.directory.member(wanted.member or "").code)
    entries = session.transact(lambda connection: PostgresQuarantine(connection).entries(wanted, limit))
    missing = sorted(set(wanted.numbers or ()) - {entry.number for entry in entries})
    if missing:
        named = ", ".join(map(str, missing))
        raise Misconfigured(f"there is no entry {named} that waits in quarantine; list those there are")
    return entries


def chosen_one(session: Session, installation: Installation, number: int) -> QuarantineEntry:
    """The entry of this number, settled or not; raises Misconfigured when there is none."""
    (entry,) = chosen(session, installation, Wanted(numbers=(number,), settled=True), 1)
    return entry
