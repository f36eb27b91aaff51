"""What a new version of the directory may change, and which of its keys count. Pure.

It changes with what a directory says, or with what people have to confirm. What a region has once relied on stays: a
member, its keys and the end of a key are never taken out again, or the past could not be checked any more.
"""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from pydantic import ValidationError

from schemas.directory import DIRECTORY_TYPE, Directory, Key
from schemas.errors import Misconfigured, NotTaken, Unsealed
from schemas.trust import base64url
from schemas.trust.documents import open_document, payload_of
from schemas.trust.keys import PublicKey, key_ring, public_key_of, thumbprint
from schemas.trust.vouching import is_vouched


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom an installation trusts. ``roots`` were given by hand at first; later versions may hand over to others.

    ``version`` and ``sha256`` are of the highest version that was taken; 0 and None before the first. ``waiting`` are
    the thumbprints of keys that do not count until a person here confirms them.
    """

    region: str
    roots: frozenset[str]
    threshold: int = 1
    version: int = 0
    sha256: str | None = None
    waiting: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Taken:
    """A version that was taken, and the trust from then on."""

    directory: Directory
    trust: Trust


def take(trust: Trust, known: Directory | None, document: bytes) -> Taken:
    """Take a signed directory in place of the ``known`` one, or the same again.

    Raises Unsealed when roots that are trusted here have not signed it, and NotTaken: ``directory_malformed``,
    ``directory_other_region``, ``directory_rollback``, ``directory_fork``, ``directory_broken`` (it does not follow
    the known one), ``directory_forgets``.
    """
    payload = open_document(document, DIRECTORY_TYPE, trust.roots, trust.threshold)
    directory, digest = read_directory(payload), payload_sha256(payload)
    _check_place(trust, directory, digest)
    if digest == trust.sha256:
        return Taken(directory, trust)
    if known is not None:
        for problem in forgotten(known, directory):
            raise NotTaken(f"version {directory.version} {problem}; sign one that keeps it", code="directory_forgets")
    roots, threshold = trust.roots, trust.threshold
    if directory.roots:
        roots, threshold = frozenset(directory.roots), directory.root_threshold
        open_document(document, DIRECTORY_TYPE, roots, threshold)  # new roots show that they can sign
    waiting = trust.waiting | unconfirmed(known, directory, trust.waiting)
    taken = replace(trust, roots=roots, threshold=threshold, version=directory.version, sha256=digest, waiting=waiting)
    return Taken(directory, taken)


def confirmed(trust: Trust, key: str) -> Trust:
    """The trust after a person has confirmed a key (by thumbprint) that waited."""
    return replace(trust, waiting=trust.waiting - {key})


def read_directory(payload: bytes) -> Directory:
    """The directory of a document's payload; raises NotTaken (``directory_malformed``)."""
    try:
        directory = Directory.model_validate_json(payload)
        key_ring(directory)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        message = f"the signed document is no directory: {where}: {first['msg']}"
        raise NotTaken(message, code="directory_malformed") from None
    except (Unsealed, Misconfigured) as error:
        raise NotTaken(f"the signed directory cannot be used: {error}", code="directory_malformed") from error
    return directory


def payload_sha256(payload: bytes) -> str:
    """How versions name each other: whoever signs one more time changes nothing of it."""
    return base64url.encode(hashlib.sha256(payload).digest()).decode()


def document_sha256(document: bytes) -> str:
    """``payload_sha256`` of a document whose signatures were checked, or are not to be."""
    return payload_sha256(payload_of(document, DIRECTORY_TYPE))


def forgotten(known: Directory, following: Directory) -> Iterator[str]:
    """What a version takes back of the one before it, as the ends of sentences that begin with its number."""
    if (known.region, known.exercise) != (following.region, following.exercise):
        yield "is of another region, or mixes exercise and real records"
    members = {member.code: member for member in following.members}
    for member in known.members:
        if member.code not in members:
            yield f"forgets the member {member.code}"
        elif member.id_key_check and members[member.code].id_key_check != member.id_key_check:
            yield f"changes the id key of {member.code}"
    keys = {(owner, key.kid): key for owner, key in following.owned_keys()}
    for owner, key in known.owned_keys():
        if (owner, key.kid) not in keys:
            yield f"forgets the key {key.kid}"
        elif not _keeps(key, keys[owner, key.kid], following):
            yield f"changes what the key {key.kid} has sealed already"


def unconfirmed(known: Directory | None, directory: Directory, waiting: Collection[str]) -> frozenset[str]:
    """The thumbprints of keys that are new and that no key of their owner vouches for, where he had one.

    Only a key vouches that counts itself, came before, and is not ended, also not by the version that brings the new
    one. In the first version that an installation takes every key counts: whoever gave the roots by hand looked at it.
    """
    if known is None:
        return frozenset()
    found: set[str] = set()
    for owner in dict(known.owned_keys()):
        known_ids = {key.kid for key in known.keys_of(owner)}
        vouching: list[PublicKey] = []
        for key in directory.keys_of(owner):
            public = public_key_of(key, owner)
            name = thumbprint(public.raw)
            if key.kid in known_ids:
                counts = name not in waiting
            else:
                counts = any(is_vouched(directory.region, owner, key, one) for one in vouching)
                found |= set() if counts else {name}
            vouching += [public] if counts and key.ended is None else []
    return frozenset(found)


def _check_place(trust: Trust, directory: Directory, digest: str) -> None:
    number = directory.version
    if directory.region != trust.region:
        message = f"the directory is of region {directory.region}, and {trust.region} is trusted here"
        raise NotTaken(message, code="directory_other_region")
    if number < trust.version:
        message = f"version {number} of the directory is older than {trust.version}, which was taken already"
        raise NotTaken(message, code="directory_rollback")
    if number == trust.version and digest != trust.sha256:
        message = f"there are two directories of version {number}; ask the keepers of the roots which they signed"
        raise NotTaken(message, code="directory_fork")
    if number == trust.version + 1 and trust.sha256 is not None and directory.previous_sha256 != trust.sha256:
        message = f"version {number} of the directory does not follow the version {trust.version} that was taken"
        raise NotTaken(message, code="directory_broken")


def _keeps(known: Key, key: Key, following: Directory) -> bool:
    """Whether a key is still the same: it may end, and its time may be cut short, but only from now on."""
    if (known.public, known.valid_from) != (key.public, key.valid_from):
        return False
    if known.ended is not None and known.ended != key.ended:
        return False
    return key.valid_until >= min(known.valid_until, int(following.issued_at.timestamp()))
