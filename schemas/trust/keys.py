"""Signing keys: whose they are, when they may seal, and how they are written down.

It changes when another kind of key is needed. Nothing here opens a file, knows the time or makes a random number.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from schemas.directory import Directory, Key, LastHonest
from schemas.errors import Misconfigured, NotInForce
from schemas.trust import base64url
from schemas.trust.faults import Fault, unsealed

RAW_KEY_BYTES = 32
SIGN_BIT = 0x80
# Points of small order (sign bit cleared): under such a key one signature fits every message, so its owner could
# later say that anybody made it.
SMALL_ORDER = frozenset(
    {
        bytes(32),
        b"\x01" + bytes(31),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        b"\xec" + b"\xff" * 30 + b"\x7f",
        b"\xed" + b"\xff" * 30 + b"\x7f",
        b"\xee" + b"\xff" * 30 + b"\x7f",
    }
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that may seal for ``owner`` (topic owner, lower case) from ``valid_from_s`` to before ``valid_until_s``.

    Both are seconds since 1970 (UTC) and are compared with a seal's ``iat``. ``honest`` of an ended key is the last
    record of each topic that its owner sealed himself; None for a key that was not ended.
    """

    kid: str
    owner: str
    key: Ed25519PublicKey
    valid_from_s: int
    valid_until_s: int
    honest: Mapping[str, LastHonest] | None = None

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the public key."""
        return self.key.public_bytes_raw()

    def valid_at(self, at_s: int) -> bool:
        """Whether the key may have sealed at this second."""
        return self.valid_from_s <= at_s < self.valid_until_s


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every key that a reader knows, by its id."""

    keys: Mapping[str, PublicKey] = field(default_factory=dict)

    @classmethod
    def of(cls, keys: Iterable[PublicKey]) -> Self:
        """A ring of these keys; raises Misconfigured when two have the same id."""
        by_kid: dict[str, PublicKey] = {}
        for key in keys:
            if key.kid in by_kid:
                raise Misconfigured(f"two keys are called {key.kid}; give one of them another id in the directory")
            by_kid[key.kid] = key
        return cls(MappingProxyType(by_kid))

    def find(self, kid: str) -> PublicKey | None:
        """The key with this id."""
        return self.keys.get(kid)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private half of a key: what a relay, or the keeper of a root, signs with."""

    kid: str
    owner: str
    key: Ed25519PrivateKey = field(repr=False, compare=False)

    @property
    def raw_public(self) -> bytes:
        """The 32 bytes of its public half."""
        return self.key.public_key().public_bytes_raw()

    def public(self, valid_from_s: int, valid_until_s: int) -> PublicKey:
        """Its public half, valid between these seconds."""
        return PublicKey(self.kid, self.owner, self.key.public_key(), valid_from_s, valid_until_s)


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys of one owner whose private halves are at hand, each with its public half as the directory has it."""

    held: tuple[tuple[PublicKey, SigningKey], ...]

    @property
    def owner(self) -> str:
        """Whose keys they are."""
        return self.held[0][0].owner

    def at(self, at_s: int) -> SigningKey:
        """The key that seals at this second: of those that may, the newest. Raises NotInForce when none may."""
        usable = [(public, key) for public, key in self.held if public.valid_at(at_s) and public.honest is None]
        if not usable:
            raise NotInForce(
                f"no key of {self.owner} may seal now: make a new one with `interfocal member rotate`",
                code="no_signing_key",
                parameters={"owner": self.owner},
            )
        return max(usable, key=lambda pair: (pair[0].valid_from_s, pair[0].kid))[1]


def signing_key_from_seed(kid: str, owner: str, seed: bytes) -> SigningKey:
    """The key that 32 random bytes determine; raises Misconfigured for another length."""
    if len(seed) != RAW_KEY_BYTES:
        raise Misconfigured(f"a key is made from {RAW_KEY_BYTES} random bytes, not from {len(seed)}")
    return SigningKey(kid, owner, Ed25519PrivateKey.from_private_bytes(seed))


def signing_key_pem(key: SigningKey) -> bytes:
    """The private key as unencrypted PKCS #8 PEM: keep it in a file that only its owner can read."""
    return key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signing_key_from_pem(kid: str, owner: str, pem: bytes) -> SigningKey:
    """The inverse of ``signing_key_pem``; raises Misconfigured for anything that is not such a key."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misconfigured(f"the signing key {kid} is not an unencrypted PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Misconfigured(f"the signing key {kid} is not an Ed25519 key")
    return SigningKey(kid, owner, key)


def public_key_from_raw(raw: bytes) -> Ed25519PublicKey:
    """The key that 32 bytes are; raises Unsealed (``bad_key_form``) for other lengths and points of small order."""
    if len(raw) != RAW_KEY_BYTES or raw[:-1] + bytes([raw[-1] & ~SIGN_BIT]) in SMALL_ORDER:
        raise unsealed(Fault.BAD_KEY_FORM)
    return Ed25519PublicKey.from_public_bytes(raw)


def thumbprint(raw: bytes) -> str:
    """RFC 7638 SHA-256 thumbprint of a raw public key, base64url: how people compare roots."""
    x = base64url.encode(raw).decode()
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return base64url.encode(hashlib.sha256(members.encode()).digest()).decode()


def jwk_of(key: PublicKey) -> dict[str, str]:
    """The key as a JSON Web Key (RFC 8037), for checkers that are not ours."""
    x = base64url.encode(key.raw).decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": key.kid, "alg": "Ed25519", "use": "sig"}


def public_key_of(entry: Key, owner: str) -> PublicKey:
    """A key of the directory; raises Unsealed (``bad_key_form``)."""
    try:
        raw = base64url.decode(entry.public.encode())
    except ValueError:
        raise unsealed(Fault.BAD_KEY_FORM) from None
    honest = None if entry.ended is None else {last.topic: last for last in entry.ended.honest}
    return PublicKey(entry.kid, owner, public_key_from_raw(raw), entry.valid_from, entry.valid_until, honest)


def directory_key(key: PublicKey) -> Key:
    """The inverse of ``public_key_of``."""
    public = base64url.encode(key.raw).decode()
    return Key(kid=key.kid, public=public, valid_from=key.valid_from_s, valid_until=key.valid_until_s)


def key_ring(directory: Directory, waiting: Collection[str] = ()) -> KeyRing:
    """Every key of a directory but those (by thumbprint) that wait for a person's confirmation.

    Raises Unsealed (``bad_key_form``), Misconfigured when two have the same id.
    """
    keys = (public_key_of(entry, owner) for owner, entry in directory.owned_keys())
    return KeyRing.of(key for key in keys if thumbprint(key.raw) not in waiting)
