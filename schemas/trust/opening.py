"""Opening keys: X25519 pairs to which grants are encrypted. Whose they are, a member's signing key says.

It changes when another kind of key opens. Nothing here opens a file, knows the time or makes a random number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from schemas.directory import Directory, OpeningKey
from schemas.errors import Misconfigured, Unsealed
from schemas.trust import base64url
from schemas.trust.documents import open_document, sign_document
from schemas.trust.keys import KeyRing, SigningKey, thumbprint

OPENING_KEY_TYPE = "openingkey+jws"
RAW_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class OpeningKeys:
    """The private halves that a desk holds, by id: keys that were replaced stay, for older grants."""

    held: Mapping[str, X25519PrivateKey] = field(default_factory=dict, repr=False)

    def find(self, kid: str) -> X25519PrivateKey | None:
        """The key with this id."""
        return self.held.get(kid)


def opening_key_from_seed(seed: bytes) -> X25519PrivateKey:
    """The key that 32 random bytes determine; raises Misconfigured for another length."""
    if len(seed) != RAW_KEY_BYTES:
        raise Misconfigured(f"a key is made from {RAW_KEY_BYTES} random bytes, not from {len(seed)}")
    return X25519PrivateKey.from_private_bytes(seed)


def opening_key_pem(key: X25519PrivateKey) -> bytes:
    """The private key as unencrypted PKCS #8 PEM: keep it in a file that only its owner can read."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def opening_key_from_pem(kid: str, pem: bytes) -> X25519PrivateKey:
    """The inverse of ``opening_key_pem``; raises Misconfigured for anything that is not such a key."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misconfigured(f"the opening key {kid} is not an unencrypted PEM private key") from error
    if not isinstance(key, X25519PrivateKey):
        raise Misconfigured(f"the opening key {kid} is not an X25519 key")
    return key


def directory_opening_key(
    kid: str, key: X25519PrivateKey, span_s: tuple[int, int], region: str, by: SigningKey
) -> OpeningKey:
    """The entry of a key that grants may be encrypted to between these seconds, vouched for by its owner's ``by``."""
    public = base64url.encode(key.public_key().public_bytes_raw()).decode()
    entry = OpeningKey(kid=kid, public=public, valid_from=span_s[0], valid_until=span_s[1])
    token = sign_document(_statement(region, by.owner, entry), OPENING_KEY_TYPE, by)
    return entry.model_copy(update={"voucher": token.decode()})


def opening_key_of(directory: Directory, ring: KeyRing, code: str, at_s: int) -> tuple[str, X25519PublicKey] | None:
    """Id and public half of the newest key that opens for a member at this second; None where there is none.

    Only an entry counts that a signing key of that member vouches for, one that counts here and was not ended: who
    keeps the roots can put no key of his own in a member's place.
    """
    member = directory.member(code)
    signers = [thumbprint(key.raw) for key in ring.keys.values() if key.owner == member.owner and key.honest is None]
    usable = [
        entry
        for entry in member.opening_keys
        if entry.valid_from <= at_s < entry.valid_until and _is_vouched(directory.region, member.owner, entry, signers)
    ]
    if not usable:
        return None
    newest = max(usable, key=lambda entry: (entry.valid_from, entry.kid))
    return newest.kid, X25519PublicKey.from_public_bytes(base64url.decode(newest.public.encode()))


def _is_vouched(region: str, owner: str, entry: OpeningKey, signers: Iterable[str]) -> bool:
    try:
        said = open_document(entry.voucher.encode(), OPENING_KEY_TYPE, list(signers))
        is_key = len(base64url.decode(entry.public.encode())) == RAW_KEY_BYTES
    except (Unsealed, ValueError):
        return False
    return is_key and said == _statement(region, owner, entry)


def _statement(region: str, owner: str, entry: OpeningKey) -> bytes:
    """What is signed: the names are limited to characters that JSON writes as they are."""
    return (
        f'{{"region":"{region}","owner":"{owner}","opens":"{entry.kid}","public":"{entry.public}",'
        f'"valid_from":{entry.valid_from},"valid_until":{entry.valid_until}}}'
    ).encode()
