"""A whole signed document, the directory above all: attached compact JWS that carry their signers' public keys.

It changes when documents are signed in another way. Several signers sign the same payload, each in a line of its own.
What is trusted are roots' fingerprints, given by hand; the keys inside the document only have to be those.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature

from schemas.errors import Misconfigured
from schemas.trust import base64url
from schemas.trust.faults import Fault, unsealed
from schemas.trust.keys import SigningKey, public_key_from_raw, thumbprint

MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_SIGNATURES = 16
TYPE = r"[a-z]{1,20}\+jws"
PROTECTED = re.compile(
    rf'{{"alg":"Ed25519","typ":"({TYPE})","jwk":{{"kty":"OKP","crv":"Ed25519","x":"([A-Za-z0-9_-]{{43}})"}}}}'
)


def sign_document(payload: bytes, typ: str, key: SigningKey) -> bytes:
    """The document as a compact JWS of this type (``directory+jws``).

    Raises Misconfigured for another form of type, or more than 1 MiB.
    """
    x = base64url.encode(key.raw_public).decode()
    text = f'{{"alg":"Ed25519","typ":"{typ}","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}}}'
    if not PROTECTED.fullmatch(text):
        raise Misconfigured(f"a document's type is a word and +jws, not {typ!r}")
    signed = base64url.encode(text.encode()) + b"." + base64url.encode(payload)
    token = signed + b"." + base64url.encode(key.key.sign(signed))
    if len(token) > MAX_DOCUMENT_BYTES:
        raise Misconfigured(f"the signed document would have {len(token)} bytes, and may have {MAX_DOCUMENT_BYTES}")
    return token


def countersign(document: bytes, typ: str, key: SigningKey) -> bytes:
    """A document with one more signature over its payload; a key signs once. Raises Unsealed for what is none."""
    signed = [_read(token, typ) for token in _tokens(document)]
    if any(one.signer == key.raw_public for one in signed):
        return document
    return b"\n".join((*_tokens(document), sign_document(signed[0].payload, typ, key)))


def open_document(document: bytes, typ: str, roots: Collection[str], threshold: int = 1) -> bytes:
    """The payload of a document of this type that so many of these roots (``thumbprint``) have signed.

    Raises Unsealed: ``bad_document_form``, ``other_document``, ``unknown_root``, ``too_few_roots``, ``bad_key_form``,
    ``bad_signature``. Signatures by others say nothing, for or against it.
    """
    signed = [_read(token, typ) for token in _tokens(document)]
    payload = _one_payload(signed)
    trusted = {thumbprint(one.signer): one for one in signed if thumbprint(one.signer) in roots}
    for one in trusted.values():
        _verify(one)
    if len(trusted) < max(threshold, 1):
        raise unsealed(Fault.TOO_FEW_ROOTS if trusted else Fault.UNKNOWN_ROOT)
    return payload


def payload_of(document: bytes, typ: str) -> bytes:
    """What a document of this type says, whoever signed it; raises Unsealed for what is none."""
    return _one_payload([_read(token, typ) for token in _tokens(document)])


def signers_of(document: bytes, typ: str) -> tuple[str, ...]:
    """The thumbprints of those whose signatures hold; raises Unsealed, also when one does not."""
    signed = [_read(token, typ) for token in _tokens(document)]
    for one in signed:
        _verify(one)
    return tuple(dict.fromkeys(thumbprint(one.signer) for one in signed))


@dataclass(frozen=True, slots=True)
class _Signed:
    """One signature as read: not verified. ``signer`` is a raw public key."""

    payload: bytes
    signer: bytes
    text: bytes
    signature: bytes


def _one_payload(signed: Sequence[_Signed]) -> bytes:
    if len({one.payload for one in signed}) != 1:
        raise unsealed(Fault.BAD_DOCUMENT_FORM)
    return signed[0].payload


def _tokens(document: bytes) -> list[bytes]:
    tokens = document.split(b"\n")
    if len(document) > MAX_DOCUMENT_BYTES * MAX_SIGNATURES or len(tokens) > MAX_SIGNATURES:
        raise unsealed(Fault.BAD_DOCUMENT_FORM)
    return tokens


def _read(token: bytes, typ: str) -> _Signed:
    parts = token.split(b".") if len(token) <= MAX_DOCUMENT_BYTES else []
    try:
        protected, payload, signature = (base64url.decode(part) for part in parts)
        header = PROTECTED.fullmatch(protected.decode("ascii"))
        if header is None:
            raise unsealed(Fault.BAD_DOCUMENT_FORM)
        if header[1] != typ:
            raise unsealed(Fault.OTHER_DOCUMENT)
        return _Signed(payload, base64url.decode(header[2].encode()), token.rpartition(b".")[0], signature)
    except ValueError:
        raise unsealed(Fault.BAD_DOCUMENT_FORM) from None


def _verify(one: _Signed) -> None:
    try:
        public_key_from_raw(one.signer).verify(one.signature, one.text)
    except InvalidSignature:
        raise unsealed(Fault.BAD_SIGNATURE) from None
