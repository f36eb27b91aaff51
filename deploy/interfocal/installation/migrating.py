"""Brings everything that an installation stores to this version of the program. It changes with what is stored.

A process migrates nothing when it starts: whoever installs a new version decides when, for an older version cannot work
with what a newer one has migrated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from interfocal.clock import now
from interfocal.installation.installation import Installation
from interfocal.installation.preparing import make_database
from interfocal.installation.reader import keep_desk_tokens, make_reader
from producers.outbox import LAYOUT, OutboxFile, layout_of
from schemas.topics import REGION


@dataclass(frozen=True, slots=True)
class Brought:
    """One database or outbox: its name, and its revision before (empty: it was made) and now."""

    what: str
    before: str
    now: str

    @property
    def sentence(self) -> str:
        """What was done, for people."""
        if self.before == self.now:
            return f"{self.what} has the tables of this version ({self.now})"
        return f"{self.what}: {self.before or 'made'} -> {self.now}"


def bring(installation: Installation) -> Iterator[Brought]:
    """Migrate every database and every outbox of whom this machine has keys, one after the other.

    The role by which members read is made too, and read tokens of desks that are here become known.

    A database that is missing is made, empty. Raises StoreAway, NotOurs for an old outbox whose producer runs,
    Misconfigured for what a later version of the program has migrated; what was done before stays done.
    """
    if installation.places.has_keys(REGION):
        yield database(installation, installation.region_url, "region")
        make_reader(installation)
        keep_desk_tokens(installation)
    for url in installation.desk_urls.values():
        yield database(installation, url, "desk")
    for owner in installation.owners_here:
        path = installation.places.outbox(owner)
        if path.exists():
            yield outbox(owner, path)


def database(installation: Installation, url: str, lineage: Literal["region", "desk"]) -> Brought:
    """One database."""
    done = make_database(installation, url, lineage)
    return Brought(f"database {url.rsplit('/', 1)[1]}", ", ".join(sorted(done.before)), ", ".join(sorted(done.after)))


def outbox(owner: str, path: Path) -> Brought:
    """One member's outbox."""
    before = layout_of(path)
    if before != LAYOUT:
        OutboxFile.open(path, now=now).close()
    return Brought(f"outbox of {owner.upper()}", f"layout {before}", f"layout {layout_of(path)}")
