"""A whole signed document, the directory above all: an attached compact JWS that carries its signer's public key.

It changes when a document needs several signatures. What is trusted is a root's fingerprint, given by hand; the key
inside the document only has to be the one with that fingerprint.
"""

import re
from collections.abc import Collection

from cryptography.exceptions import InvalidSignature

from schemas.errors import Misconfigured
from schemas.trust import base64url
from schemas.trust.faults import Fault, unsealed
from schemas.trust.keys import SigningKey, public_key_from_raw, thumbprint

MAX_DOCUMENT_BYTES = 1024 * 1024
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


def open_document(token: bytes, typ: str, roots: Collection[str]) -> bytes:
    """The payload of a document of this type that one of these roots (``thumbprint``) has signed.

    Raises Unsealed: ``bad_document_form``, ``other_document``, ``unknown_root``, ``bad_key_form``, ``bad_signature``.
    """
    signed, protected, payload, signature = _parts(token)
    header = PROTECTED.fullmatch(protected)
    if header is None:
        raise unsealed(Fault.BAD_DOCUMENT_FORM)
    if header[1] != typ:
        raise unsealed(Fault.OTHER_DOCUMENT)
    try:
        raw = base64url.decode(header[2].encode())
    except ValueError:
        raise unsealed(Fault.BAD_DOCUMENT_FORM) from None
    if thumbprint(raw) not in roots:
        raise unsealed(Fault.UNKNOWN_ROOT)
    try:
        public_key_from_raw(raw).verify(signature, signed)
    except InvalidSignature:
        raise unsealed(Fault.BAD_SIGNATURE) from None
    return payload


def _parts(token: bytes) -> tuple[bytes, str, bytes, bytes]:
    """What was signed, the protected header's text, the payload and the signature."""
    parts = token.split(b".") if len(token) <= MAX_DOCUMENT_BYTES else []
    try:
        protected, payload, signature = (base64url.decode(part) for part in parts)
        return token.rpartition(b".")[0], protected.decode("ascii"), payload, signature
    except ValueError:
        raise unsealed(Fault.BAD_DOCUMENT_FORM) from None
