"""What an installation keeps of the directory: every version that it took, and whom it trusts. It changes with either.

``trust.json`` says which version is in force, so that replacing this one file takes a version as a whole. Processes on
one machine share the folder; whoever takes a version holds its lock.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from interfocal.installation.secrets import write_private
from schemas.directory import DIRECTORY_TYPE, Directory
from schemas.errors import Misconfigured
from schemas.trust.documents import open_document
from schemas.trust.keys import KeyRing, key_ring
from schemas.trust.succession import Trust, confirmed, payload_sha256, read_directory, take


class Confirmation(BaseModel):
    """Who has confirmed a key that nobody vouched for, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    by: str
    because: str
    at: str


class TrustFile(BaseModel):
    """The file as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    roots: tuple[str, ...]
    threshold: Annotated[int, Field(ge=1)] = 1
    version: Annotated[int, Field(ge=0)] = 0
    sha256: str | None = None
    waiting: tuple[str, ...] = ()
    confirmed: tuple[Confirmation, ...] = ()

    @property
    def trust(self) -> Trust:
        """The same as a value."""
        return Trust(
            self.region, frozenset(self.roots), self.threshold, self.version, self.sha256, frozenset(self.waiting)
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """The directory in force, and the trust by which it was taken."""

    directory: Directory
    trust: Trust

    @property
    def ring(self) -> KeyRing:
        """Every key that counts here."""
        return key_ring(self.directory, self.trust.waiting)


@dataclass(frozen=True, slots=True)
class TrustFolder:
    """The folder in which an installation keeps it."""

    path: Path

    @property
    def file(self) -> Path:
        """Whom is trusted, and which version is in force."""
        return self.path / "trust.json"

    def document(self, version: int) -> Path:
        """One signed version."""
        return self.path / "directories" / f"{version}.jws"

    def begin(self, trust: Trust) -> None:
        """Trust these roots, given by hand; raises Misconfigured where others are trusted already."""
        with locked(self.path):
            if self.file.exists() and (known := self.said().trust).version:
                raise Misconfigured(f"{self.file} trusts {', '.join(sorted(known.roots))} for {known.region} already")
            write_file(
                self.file, TrustFile(region=trust.region, roots=tuple(sorted(trust.roots)), threshold=trust.threshold)
            )

    def read(self) -> Kept:
        """The directory in force, checked against the trusted roots; raises Misconfigured, Unsealed or NotTaken."""
        file = self.said()
        if not file.version:
            raise Misconfigured(f"{self.file} has no directory yet: run `interfocal directory trust` with its file")
        return self._kept(file)

    def take(self, document: bytes) -> Kept:
        """Take a version in place of the one in force, or the same again; raises Unsealed, NotTaken, Misconfigured."""
        with locked(self.path):
            file = self.said()
            known = self._kept(file).directory if file.version else None
            taken = take(file.trust, known, document)
            path = self.document(taken.directory.version)
            if not path.exists() or path.read_bytes() != document:
                write_private(path, document)
            trust = taken.trust
            changes = {
                "roots": tuple(sorted(trust.roots)),
                "threshold": trust.threshold,
                "version": trust.version,
                "sha256": trust.sha256,
                "waiting": tuple(sorted(trust.waiting)),
            }
            write_file(self.file, file.model_copy(update=changes))
            return Kept(taken.directory, trust)

    def confirm(self, confirmation: Confirmation) -> None:
        """Let a key count from now on; raises Misconfigured when it does not wait for that."""
        with locked(self.path):
            file = self.said()
            if confirmation.key not in file.waiting:
                raise Misconfigured(f"no key {confirmation.key} waits here to be confirmed")
            left = confirmed(file.trust, confirmation.key).waiting
            write_file(
                self.file,
                file.model_copy(update={"waiting": tuple(sorted(left)), "confirmed": (*file.confirmed, confirmation)}),
            )

    def said(self) -> TrustFile:
        """Whom is trusted, who confirmed which key, and what waits; raises Misconfigured where nothing is trusted."""
        return read_file(self.file)

    def _kept(self, file: TrustFile) -> Kept:
        document = self._document(file.version)
        payload = open_document(document, DIRECTORY_TYPE, file.trust.roots, file.threshold)
        if payload_sha256(payload) != file.sha256:
            raise Misconfigured(f"{self.document(file.version)} is not the version {file.version} that was taken")
        return Kept(read_directory(payload), file.trust)

    def _document(self, version: int) -> bytes:
        try:
            return self.document(version).read_bytes()
        except OSError as error:
            raise Misconfigured(f"{error.filename} is missing: fetch version {version} of the directory") from error


def read_file(path: Path) -> TrustFile:
    """The trust file; raises Misconfigured when it is missing or not readable."""
    try:
        return TrustFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise Misconfigured(
            f"{path.parents[1]} holds no installation ({error.filename} is missing): run `interfocal demo`"
        ) from error
    except ValidationError as error:
        raise Misconfigured(f"{path} is not readable: {error}") from error


def write_file(path: Path, file: TrustFile) -> None:
    """Replace the trust file as a whole."""
    write_private(path, json.dumps(file.model_dump(mode="json"), indent=2).encode())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While this process changes what is kept."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / "trust.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
