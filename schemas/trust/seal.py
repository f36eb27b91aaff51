"""The seal of an event: a detached compact JWS (RFC 7515, appendix F) over the exact bytes of its value.

It changes when a seal has to say more; each change is a new ``typ``. A header can be written in one way only: the
protected part is JSON in the member order below, without spaces, and of limited characters, so that one pattern is
both the reader and the proof that the writer's form was read. Duplicate, unknown, missing or reordered members,
``crit``, booleans, fractions and escapes do not fit the pattern. Encoded, it never exceeds 512 characters, the limit
of common JOSE readers.

A seal's number (``life``, ``seq``) starts at (1, 1). The first seal of a life has no ``prev``; the first of a later
life has ``after`` = (life, number) in its place: where the chain stood when the life began. Number 0 there means that
the earlier life sealed nothing.
"""

import re
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature

from schemas.errors import Misconfigured, NotOurs, Stop
from schemas.trust import base64url
from schemas.trust.faults import Fault, unsealed
from schemas.trust.keys import PublicKey, SigningKey

SEAL_TYPE = "event+seal"
MAX_PROTECTED_CHARS = 512
MAX_LIFE = 9_999
MAX_SEQ = 1_000_000_000_000

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
LIFE = r"[1-9][0-9]{0,3}"
SEQ = r"[1-9][0-9]{0,11}|1000000000000"
SHA256 = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"  # the only last characters of 32 bytes in base64url
SIGNATURE = r"[A-Za-z0-9_-]{85}[AQgw]"  # likewise of 64 bytes
SHAPE = re.compile(rf"([A-Za-z0-9_-]{{1,{MAX_PROTECTED_CHARS}}})\.\.({SIGNATURE})".encode())
PROTECTED = re.compile(
    rf'{{"alg":"Ed25519","typ":"{re.escape(SEAL_TYPE)}",'
    r'"kid":"([a-z0-9][a-z0-9.-]{0,19})",'
    r'"aud":"([a-z0-9][a-z0-9-]{0,23})",'
    r'"topic":"([a-z0-9-]{1,9}(?:\.[a-z0-9-]{1,12}){1,2})",'
    rf'"id":"({UUID})",'
    rf'"key":"((?:{UUID})?)",'
    r'"chain":"([a-z0-9-]{1,9})",'
    rf'"life":({LIFE}),'
    rf'"seq":({SEQ}),'
    rf'(?:"prev":"({SHA256})",)?'
    r'"iat":([1-9][0-9]{0,9})'
    rf'(?:,"after":\[({LIFE}),(0|{SEQ})\])?'
    r"}"
)


class SealClaims(NamedTuple):
    """What a seal says besides the value. A tuple, as ``Seal`` is: of all frozen values it is made fastest.

    ``aud`` is the region's id. ``key`` is the record's key, a UUID, or empty for a record without one. ``chain`` is
    the owner whose outbox numbers it. ``prev`` is the ``link_hash`` of the number before, ``iat`` the second of
    sealing, ``after`` the (life, number) where the life before stood.
    """

    kid: str
    aud: str
    topic: str
    event_id: str
    key: str
    chain: str
    life: int
    seq: int
    prev: str | None
    iat: int
    after: tuple[int, int] | None = None


class Seal(NamedTuple):
    """A seal as read: its claims, and the whole header. Its form is checked; its signature is not."""

    claims: SealClaims
    header: bytes

    @property
    def protected(self) -> bytes:
        """The encoded protected header: the first part of what is signed."""
        return self.header.partition(b".")[0]

    @property
    def signature(self) -> bytes:
        """The 64 bytes of the signature."""
        return base64url.decode(self.header.rpartition(b".")[2])


def seal(value: bytes, claims: SealClaims, key: SigningKey) -> bytes:
    """The whole ``seal`` header for a value.

    The signature is verified before it is given out: readers that walk a chain rest on it that no owner puts a broken
    seal under his next one, and a signer whose memory flips a bit should not be the first exception.

    Raises NotOurs when the key is not the one claimed, Misconfigured when a claim is out of its bounds or contradicts
    another, Stop (``broken_signer``) when the signature made does not hold.
    """
    if (key.kid, key.owner) != (claims.kid, claims.chain):
        raise NotOurs(f"key {key.kid} of {key.owner} cannot seal as {claims.kid} on the chain of {claims.chain}")
    text = _protected_text(claims)
    if _parse(text) != claims or not _chain_agrees(claims):
        raise Misconfigured(f"a seal cannot say this, a claim is out of bounds or contradicts another: {text}")
    protected = base64url.encode(text.encode())
    signed = _signing_input(protected, value)
    signature = key.key.sign(signed)
    try:
        key.key.public_key().verify(signature, signed)
    except InvalidSignature as error:
        message = f"key {key.kid} made a signature that does not hold; move its outbox to other hardware"
        raise Stop(message, code="broken_signer") from error
    return protected + b".." + base64url.encode(signature)


def read_seal(header: bytes) -> Seal:
    """Read a ``seal`` header strictly; raises Unsealed (``bad_seal_form``, ``bad_seal_chain``)."""
    shape = SHAPE.fullmatch(header) if isinstance(header, bytes) else None  # Kafka allows a header without a value
    if shape is None:
        raise unsealed(Fault.BAD_SEAL_FORM)
    try:
        text = base64url.decode(shape[1]).decode("ascii")
    except ValueError:
        raise unsealed(Fault.BAD_SEAL_FORM) from None
    claims = _parse(text)
    if claims is None:
        raise unsealed(Fault.BAD_SEAL_FORM)
    if not _chain_agrees(claims):
        raise unsealed(Fault.BAD_SEAL_CHAIN)
    return Seal(claims, header)


def link_hash(header: bytes, value: bytes) -> str:
    """What the next seal names as ``prev``: base64url SHA-256 of the seal header, 0x00, and the value."""
    return base64url.encode(sha256(header + b"\x00" + value).digest()).decode()


def verify_signature(seal: Seal, value: bytes, key: PublicKey) -> None:
    """Check the signature alone; raises Unsealed (``bad_signature``)."""
    try:
        key.key.verify(seal.signature, _signing_input(seal.protected, value))
    except InvalidSignature:
        raise unsealed(Fault.BAD_SIGNATURE) from None


def _signing_input(protected: bytes, value: bytes) -> bytes:
    return protected + b"." + base64url.encode(value)


def _protected_text(claims: SealClaims) -> str:
    prev = f'"prev":"{claims.prev}",' if claims.prev is not None else ""
    after = f',"after":[{claims.after[0]},{claims.after[1]}]' if claims.after is not None else ""
    return (
        f'{{"alg":"Ed25519","typ":"{SEAL_TYPE}","kid":"{claims.kid}","aud":"{claims.aud}","topic":"{claims.topic}",'
        f'"id":"{claims.event_id}","key":"{claims.key}","chain":"{claims.chain}","life":{claims.life},'
        f'"seq":{claims.seq},{prev}"iat":{claims.iat}{after}}}'
    )


def _parse(text: str) -> SealClaims | None:
    match = PROTECTED.fullmatch(text)
    if match is None:
        return None
    kid, aud, topic, event_id, key, chain, life, seq, prev, iat, after_life, after_seq = match.groups()
    after = (int(after_life), int(after_seq)) if after_life is not None else None
    return SealClaims(kid, aud, topic, event_id, key, chain, int(life), int(seq), prev, int(iat), after)


def _chain_agrees(claims: SealClaims) -> bool:
    """Whether ``prev`` and ``after`` are there exactly where the number calls for them."""
    first = claims.seq == 1
    if (claims.prev is None) != first:
        return False
    if claims.after is None:
        return not first or claims.life == 1
    return first and claims.after[0] < claims.life
