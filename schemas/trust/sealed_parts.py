"""Sealed parts and the grants that open them. Pure, but for the random numbers that HPKE makes by itself.

It changes with a suite. A part is encrypted once, under a content key of its own, and bound to its event. The
ciphertext begins with a commitment to that key: no ciphertext opens in two ways for two addressees. A grant encrypts
the content key to one addressee (HPKE, RFC 9180, base mode) and is bound to all of ``Terms``: what was granted for one
event, addressee, hop or ciphertext opens for no other. Who granted it, the seal of the event that carries it says.
"""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from schemas.errors import Unusable
from schemas.events.envelope import Sealed
from schemas.events.grant import Grant
from schemas.events.ids import value_sha256
from schemas.trust import base64url

PART_SUITE = "a256gcm-committed"
GRANT_SUITE = "hpke-x25519-sha256-a256gcm"
CONTENT_KEY_BYTES = 32
COMMITMENT_BYTES = 32
ONLY_NONCE = bytes(12)  # a content key encrypts one part, ever
WRONG_BINDING = "grant_wrong_binding"
NOT_OPENED = "sealed_part_not_opened"

HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class Place:
    """What a sealed part is bound to: the region's id, and the member and id of its event."""

    region: str
    member: str
    event_id: str

    @property
    def bound(self) -> bytes:
        """The same as bytes, which no other place has."""
        return _bound("interfocal sealed part", self.region, self.member, self.event_id)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a grant is bound to. ``hop`` is 0 for a member's grant to its own desk."""

    place: Place
    ciphertext_sha256: str
    hop: int
    addressee: str
    opening_key: str

    @property
    def bound(self) -> bytes:
        """The same as bytes, which no other terms have."""
        said = (self.ciphertext_sha256, str(self.hop), self.addressee, self.opening_key)
        return _bound("interfocal grant", self.place.region, self.place.member, self.place.event_id, *said)


def seal_part(content: bytes, place: Place, content_key: bytes) -> Sealed:
    """The part under a content key of 32 random bytes, which is never used again."""
    encrypted = AESGCM(content_key).encrypt(ONLY_NONCE, content, place.bound)
    return Sealed(suite=PART_SUITE, ciphertext=_commitment(content_key) + encrypted)


def open_part(sealed: Sealed, place: Place, content_key: bytes) -> bytes:
    """What a sealed part holds; raises Unusable (``sealed_part_not_opened``) under another key or for another place."""
    commitment, encrypted = sealed.ciphertext[:COMMITMENT_BYTES], sealed.ciphertext[COMMITMENT_BYTES:]
    if sealed.suite != PART_SUITE or commitment != _commitment(content_key):
        raise Unusable("the sealed part is not one that this key opens", code=NOT_OPENED)
    try:
        return AESGCM(content_key).decrypt(ONLY_NONCE, encrypted, place.bound)
    except InvalidTag:
        raise Unusable("the sealed part was changed, or belongs to another event", code=NOT_OPENED) from None


def ciphertext_sha256(sealed: Sealed) -> str:
    """How grants name a sealed part."""
    return value_sha256(sealed.ciphertext)


def wrap(content_key: bytes, terms: Terms, addressee: X25519PublicKey) -> str:
    """The content key for the addressee of these terms, base64url."""
    return base64url.encode(HPKE.encrypt(content_key, addressee, info=terms.bound)).decode()


def unwrap(wrapped: str, terms: Terms, key: X25519PrivateKey) -> bytes:
    """The content key; raises Unusable (``grant_wrong_binding``) for another key or other terms."""
    try:
        content_key = HPKE.decrypt(base64url.decode(wrapped.encode()), key, info=terms.bound)
    except (InvalidTag, ValueError):
        content_key = b""
    if len(content_key) != CONTENT_KEY_BYTES:
        message = "The grant does not open under what it says of itself: it was made for another event or addressee."
        raise Unusable(message, code=WRONG_BINDING)
    return content_key


def terms_of(grant: Grant, region: str) -> Terms:
    """What a grant says that it is bound to."""
    place = Place(region, grant.member, grant.of_event)
    return Terms(place, grant.ciphertext_sha256, grant.hop, grant.addressee, grant.opening_key)


def _commitment(content_key: bytes) -> bytes:
    return hashlib.sha256(b"interfocal content key" + content_key).digest()


def _bound(*parts: str) -> bytes:
    # Each part has its length before it: no two lists of parts are the same bytes, whatever the parts hold.
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
