"""Makes a backup: a folder that only its owner can read, with a manifest that is written last.

It changes with how things are copied. Nothing has to be stopped for it.
"""

import os
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from interfocal.backup.contents import ROWS, Contents
from interfocal.backup.manifest import FILE, FORMAT, Manifest, What, backed_up
from interfocal.backup.rows import write_rows
from interfocal.clock import now
from interfocal.installation.installation import Installation
from interfocal.installation.secrets import write_private
from producers.outbox import LAYOUT, back_up
from schemas.errors import Misconfigured, NotOurs
from schemas.topics import REGION

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of one owner (a member's lower-case code, or ``region``), into a folder that is new or empty."""

    installation: Installation
    owner: str
    what: What
    folder: Path

    def run(self) -> Manifest:
        """Make it. Raises NotOurs for a folder that holds something, Misconfigured where there is nothing to back up.

        Also StoreAway, and Stop for a damaged outbox. A folder without a manifest is no backup.
        """
        self._make_folder()
        contents = Contents(self.installation.places, self.owner, self.what)
        paths = [*contents.shared(), *contents.own()]
        outbox = contents.outbox()
        if not contents.own() and outbox is None and (self.what is What.SECRETS or self.owner != REGION):
            raise Misconfigured(
                f"{self.installation.var} holds no {self.what.value} of {self.owner}: nothing to back up"
            )
        for path in paths:
            self._copy(path)
        if outbox is not None:
            back_up(outbox, self._place(outbox))
        rows, url = contents.rows(), database_of(self.installation, self.owner)
        database = write_rows(url, rows, self._private(self.folder / ROWS)) if rows else ()
        manifest = self._manifest(LAYOUT if outbox else None, database)
        write_private(self.folder / FILE, manifest.model_dump_json(indent=2).encode() + b"\n")
        return manifest

    def _manifest(self, layout: int | None, database: tuple[str, ...]) -> Manifest:
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        for path in paths:
            path.chmod(PRIVATE_FILE)
            _sync(path)
        return Manifest(
            format=FORMAT,
            what=self.what,
            owner=self.owner,
            region=self.installation.directory.region,
            made_at=now(),
            program=version("interfocal"),
            outbox_layout=layout,
            database=database,
            files=tuple(backed_up(self.folder, path) for path in paths),
        )

    def _make_folder(self) -> None:
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise NotOurs(f"{self.folder} is there already and holds something: name a new folder")
        self._private(self.folder)

    def _copy(self, path: Path) -> None:
        shutil.copyfile(path, self._place(path))

    def _place(self, path: Path) -> Path:
        """Where a file of the installation lies in the backup."""
        place = self.folder / path.relative_to(self.installation.var)
        self._private(place.parent)
        return place

    def _private(self, folder: Path) -> Path:
        for missing in (*reversed(folder.parents), folder):
            if not missing.exists():
                missing.mkdir(mode=PRIVATE_FOLDER)
        if folder == self.folder:
            folder.chmod(PRIVATE_FOLDER)
        return folder


def database_of(installation: Installation, owner: str) -> str:
    """The database of which an owner's backup keeps rows: the region's, or that of a member's desk."""
    return installation.region_url if owner == REGION else installation.desk_url(owner)


def _sync(path: Path) -> None:
    """Have a file on the disk, not only on its way there."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
