"""What a backup holds, with a hash for each file. It changes with what has to be known before anything is put back.

The hashes find damage, not malice: whoever can write a backup can write its manifest. Keep it where only its owner can.
"""

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path, PurePosixPath

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, field_validator

from schemas.errors import Misconfigured

FILE = "manifest.json"
FORMAT = 1
CHUNK = 1024 * 1024


class What(StrEnum):
    """The two parts of a backup, which are kept apart: who has both can speak for the owner."""

    DATA = "data"
    SECRETS = "secrets"


class BackedUp(BaseModel):
    """One file: its path under the backup, with slashes, its size, and its SHA-256 in hexadecimal digits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    bytes: int
    sha256: str

    @field_validator("path")
    @classmethod
    def stays_inside(cls, path: str) -> str:
        """No path leads out of the backup, or out of the folder that it is put back into."""
        parts = PurePosixPath(path).parts
        if not parts or PurePosixPath(path).is_absolute() or ".." in parts or "\\" in path or path == FILE:
            raise ValueError(f"{path!r} is no path inside a backup")
        return path


class Manifest(BaseModel):
    """Everything about a backup. ``owner`` is a member's lower-case code, or ``region``; versions are the program's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    what: What
    owner: str
    region: str
    made_at: AwareDatetime
    program: str
    outbox_layout: int | None = None
    database: tuple[str, ...] = ()
    files: tuple[BackedUp, ...] = ()


def backed_up(folder: Path, path: Path) -> BackedUp:
    """A file of a backup as its manifest names it."""
    return BackedUp(path=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=sha256_of(path))


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, read in portions."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup that is whole: every file as it was written, and no other.

    Raises Misconfigured naming the first file that is not.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Misconfigured(f"{folder} is no backup, or was not finished: it has no {FILE}") from error
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Misconfigured(f"{folder / FILE} cannot be read ({where}: {first['msg']}); take another backup") from error
    if manifest.format > FORMAT:
        raise Misconfigured(f"{folder} was made by a later version of the program ({manifest.program}): use that one")
    for problem in differences(folder, manifest):
        raise Misconfigured(f"{folder} is not as it was written: {problem}. Nothing was put back; take another backup")
    return manifest


def differences(folder: Path, manifest: Manifest) -> Iterator[str]:
    """What of a backup is not as its manifest says."""
    named = {file.path: file for file in manifest.files}
    there = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if not path.is_dir()}
    yield from (f"{name} is missing" for name in sorted(named.keys() - there.keys()))
    yield from (f"{name} is not in its manifest" for name in sorted(there.keys() - named.keys() - {FILE}))
    for name, file in named.items():
        path = there[name]
        if path.is_symlink() or not path.is_file():
            yield f"{name} is no plain file"
        elif path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
            yield f"{name} was changed"
