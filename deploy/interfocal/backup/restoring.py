"""Puts a backup back into an installation's folder, or says why not. It changes with what is put back.

Everything is looked at before anything is written, and what was written is taken away again when a later step fails.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from consumers.store.revision import all_revisions
from interfocal.backup.contents import ROWS, Contents
from interfocal.backup.making import database_of
from interfocal.backup.manifest import Manifest, What, read_manifest, sha256_of
from interfocal.backup.rows import read_rows
from interfocal.installation.installation import Places, open_installation
from interfocal.installation.preparing import make_database
from producers.outbox import LAYOUT
from schemas.errors import Misconfigured, NotOurs
from schemas.topics import REGION, check_member_code

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, what was there already and stayed, and what to run next, in order."""

    manifest: Manifest
    written: Sequence[str]
    kept: Sequence[str]
    next_steps: Sequence[str]


@dataclass(frozen=True, slots=True)
class Restore:
    """One backup, and the folder of the installation that it is put back into."""

    folder: Path
    var: Path
    written: list[Path] = field(default_factory=list)

    def run(self) -> Restored:
        """Put it back.

        Raises Misconfigured for a backup that is not whole or of a later version, NotOurs where the owner's files are
        there already or the folder is another region's, and StoreAway; nothing was changed then.
        """
        manifest = read_manifest(self.folder)
        check_version(self.folder, manifest)
        owner = manifest.owner if manifest.owner == REGION else check_member_code(manifest.owner)
        contents = Contents(Places(self.var), owner, manifest.what)
        check_paths(contents, manifest)
        self._check_place(contents, manifest)
        try:
            kept = [*self._write_files(manifest), *self._put_rows(contents, manifest)]
        except BaseException:
            for path in self.written:
                path.unlink(missing_ok=True)
            raise
        written = [path.relative_to(self.var).as_posix() for path in self.written]
        return Restored(manifest, written, kept, next_steps(contents))

    def _check_place(self, contents: Contents, manifest: Manifest) -> None:
        """The owner's own files are not there yet, and the folder is no other region's."""
        places = contents.places
        for path in contents.in_the_way():
            raise NotOurs(f"{path} is there already: put the backup into an empty folder, or move that away first")
        if places.trust.file.is_file() and (trusted := places.trust.said().region) != manifest.region:
            raise NotOurs(f"{self.var} trusts the region {trusted!r}, and the backup is of {manifest.region!r}")

    def _write_files(self, manifest: Manifest) -> list[str]:
        """Copy every file that has a place; the shared ones that were there already, which stay."""
        kept = []
        for file in manifest.files:
            target = self.var / file.path
            if file.path.startswith(f"{ROWS}/"):
                continue
            if target.exists():
                kept.append(file.path)
                continue
            make_private(target.parent)
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
            self.written.append(target)
            with (self.folder / file.path).open("rb") as source, os.fdopen(descriptor, "wb") as copy:
                shutil.copyfileobj(source, copy)
                copy.flush()
                os.fsync(copy.fileno())
            if sha256_of(target) != file.sha256:
                raise Misconfigured(f"{self.folder / file.path} was changed while it was put back; take another backup")
        return kept

    def _put_rows(self, contents: Contents, manifest: Manifest) -> list[str]:
        """Rows go into the owner's database, which is made where it is missing; without rows it is not touched.

        A desk that did not lose its database keeps it. The region's rows are what its backup is for: there a database
        that is not empty is an error.
        """
        files = [file.path for file in manifest.files if file.path.startswith(f"{ROWS}/") and file.bytes]
        if not files:
            return []
        installation = open_installation(self.var)
        url = database_of(installation, contents.owner)
        make_database(installation, url, "region" if contents.owner == REGION else "desk")
        if read_rows(url, contents.rows(), self.folder / ROWS):
            return []
        if contents.owner == REGION:
            raise NotOurs(
                f"the database {url.rsplit('/', 1)[1]} is not empty, and goes on from what it holds;"
                " drop it first if it is to be made anew"
            )
        return files


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for its owner alone."""
    for missing in (*reversed(folder.parents), folder):
        if not missing.exists():
            missing.mkdir(mode=PRIVATE_FOLDER)


def check_version(folder: Path, manifest: Manifest) -> None:
    """Raise Misconfigured for a backup that only a later version of the program can put back."""
    unknown = sorted(set(manifest.database) - all_revisions().keys())
    if unknown or (manifest.outbox_layout or 0) > LAYOUT:
        raise Misconfigured(f"{folder} was made by a later version of the program ({manifest.program}): use that one")


def check_paths(contents: Contents, manifest: Manifest) -> None:
    """Raise Misconfigured where a backup names a file that no backup of its kind and owner holds."""
    for file in manifest.files:
        if not contents.may_hold(file.path):
            raise Misconfigured(f"the backup of {contents.owner} names {file.path}, which does not belong into it")


def next_steps(contents: Contents) -> Sequence[str]:
    """What a person does now."""
    if contents.what is What.SECRETS:
        return ("put back the data of the same owner, if that was lost too: interfocal restore FOLDER",)
    return (*_missing_region(contents.places), *_of_owner(contents.owner))


def _missing_region(places: Places) -> Sequence[str]:
    """The folder with directory, mappings and samples is no part of an installation, and may lie elsewhere here."""
    if not places.region_source.is_file():
        return ()
    folder = places.region_source.read_text(encoding="utf-8")
    return (
        ()
        if Path(folder).is_dir()
        else (f"put the region's folder at {folder}, or its place into {places.region_source}",)
    )


def _of_owner(owner: str) -> Sequence[str]:
    code = owner.upper()
    if owner == REGION:
        return (
            "put back the region's secrets, if they are not here",
            "interfocal migrate",
            "start the region: it folds every topic, takes up its log and sends what waits (ready when it says so)",
            "interfocal rebuild --verify; interfocal ledger verify",
        )
    return (
        f"put back the secrets of {code}, if they are not here",
        "interfocal migrate",
        f"interfocal producer recover --as {code}",
        f"start the producer and the desk of {code}, and submit the last full export again",
    )
