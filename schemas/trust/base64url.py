"""Strict base64url without padding (RFC 7515, section 2): one spelling for one value.

It changes never. A lax reader takes 16 spellings of one signature, so one event could be on the log under 16 names.
"""

from base64 import b64encode
from binascii import Error, a2b_base64

TO_STANDARD = bytes.maketrans(b"-_", b"+/")
TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def encode(raw: bytes) -> bytes:
    """Bytes -> base64url without padding."""
    return b64encode(raw).rstrip(b"=").translate(TO_URL_SAFE)


def decode(text: bytes) -> bytes:
    """The inverse of ``encode``; raises ValueError for any text that ``encode`` cannot have made."""
    try:
        raw = a2b_base64(text.translate(TO_STANDARD) + b"==="[: -len(text) % 4])
    except Error as error:
        raise ValueError("not base64url") from error
    if encode(raw) != text:
        raise ValueError("not the one spelling of its value")
    return raw
