"""The next version of the directory as it is worked on, until roots sign it. It changes with what goes into a version.

The draft lies beside the version in force and is that version itself as long as nobody has changed it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from interfocal.installation.secrets import write_private
from interfocal.trust.kept import Kept
from schemas.directory import DIRECTORY_TYPE, Directory, Key, Member, OpeningKey
from schemas.errors import Misconfigured
from schemas.topics import REGION
from schemas.trust.documents import countersign, sign_document
from schemas.trust.keys import SigningKey
from schemas.trust.succession import Trust, take

DIRECTORY_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Draft:
    """The file of the draft, beside the version that it follows."""

    path: Path
    kept: Kept

    def read(self) -> Directory:
        """The draft; raises Misconfigured when the file is not a directory any more."""
        if not self.path.exists():
            return self.kept.directory
        try:
            return Directory.model_validate_json(self.path.read_bytes())
        except ValidationError as error:
            raise Misconfigured(f"{self.path} is not readable: {error}; mend it, or delete it to begin anew") from error

    def write(self, directory: Directory) -> None:
        """Keep the draft; raises Misconfigured for one that is no directory."""
        try:
            whole = Directory.model_validate(directory.model_dump())
        except ValidationError as error:
            raise Misconfigured(f"that is no directory: {error}") from error
        write_private(self.path, whole.model_dump_json(indent=2).encode())

    def clear(self) -> None:
        """Begin anew: after a version was signed, or to drop what was planned."""
        self.path.unlink(missing_ok=True)

    def dated(self, at: datetime, life: timedelta = DIRECTORY_LIFE) -> Directory:
        """The draft as the version that roots are asked to sign at this moment."""
        changes = {
            "version": self.kept.trust.version + 1,
            "previous_sha256": self.kept.trust.sha256,
            "issued_at": at,
            "expires_at": at + life,
        }
        return self.read().model_copy(update=changes)


def with_member(directory: Directory, member: Member) -> Directory:
    """The directory with this entry in place of the member's, or after the others."""
    known = [one.code for one in directory.members]
    if member.code in known:
        members = tuple(member if one.code == member.code else one for one in directory.members)
    else:
        members = (*directory.members, member)
    return directory.model_copy(update={"members": members})


def with_keys(directory: Directory, owner: str, keys: Sequence[Key]) -> Directory:
    """The directory with these keys of an owner; raises Misconfigured when there is no such member."""
    if owner == REGION:
        return directory.model_copy(update={"region_keys": tuple(keys)})
    return with_member(directory, directory.member(owner).model_copy(update={"keys": tuple(keys)}))


def with_opening_keys(directory: Directory, owner: str, keys: Sequence[OpeningKey]) -> Directory:
    """The directory with these opening keys of a member; raises Misconfigured when there is no such member."""
    return with_member(directory, directory.member(owner).model_copy(update={"opening_keys": tuple(keys)}))


def signed(directory: Directory, roots: Sequence[SigningKey]) -> bytes:
    """The signed document; raises Misconfigured when it would be larger than a document may be."""
    first, *others = roots
    document = sign_document(directory.model_dump_json().encode(), DIRECTORY_TYPE, first)
    for root in others:
        document = countersign(document, DIRECTORY_TYPE, root)
    return document


def check_follows(document: bytes, kept: Kept) -> Directory:
    """The version that a document is, when it may follow the one in force here; raises Unsealed or NotTaken."""
    return take(kept.trust, kept.directory, document).directory


def check_first(document: bytes, trust: Trust) -> Directory:
    """The version that a document is, when these roots have signed it; raises Unsealed or NotTaken."""
    return take(trust, None, document).directory
