"""How every id is made, so that every consumer can make it again. It changes never, or with a new contract.

A record id is keyed, because a plain hash of a case number can be guessed; the key stays with its member.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL

from schemas.events.types import instant_text

OF_NAMES = str(NAMESPACE_URL)


def _keyed(id_key: bytes, *parts: str) -> bytes:
    # Each part has its length before it: no two lists of parts are the same bytes, whatever the parts hold.
    encoded = [part.encode() for part in parts]
    message = b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
    return hmac.new(id_key, message, hashlib.sha256).digest()


def _uuid8(digest: bytes) -> str:
    return _uuid(digest, 8)


def _uuid5(namespace: str, name: str) -> str:
    """As ``uuid.uuid5``, without its three objects between text and text: each reader derives the id of each event."""
    named = bytes.fromhex(namespace.replace("-", "")) + name.encode()
    return _uuid(hashlib.sha1(named).digest(), 5)  # noqa: S324  # RFC 9562 says which hash


def _uuid(digest: bytes, version: int) -> str:
    """The text of a UUID of this version with a digest's bits, by RFC 9562."""
    said = digest[:16].hex()
    variant = "89ab"[int(said[16], 16) & 3]
    return f"{said[:8]}-{said[8:12]}-{version}{said[13:16]}-{variant}{said[17:20]}-{said[20:]}"


def base64url(digest: bytes) -> str:
    """Base64url without padding; 43 signs for a SHA-256."""
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def value_sha256(value: bytes) -> str:
    """SHA-256 of a record's value as events write it."""
    return base64url(hashlib.sha256(value).digest())


def record_id(id_key: bytes, stream: str, national_id: str) -> str:
    """UUIDv8 of a national record, under the member's id key."""
    return _uuid8(_keyed(id_key, stream, national_id))


def item_id(id_key: bytes, national_id: str, item_key: str) -> str:
    """UUIDv8 of one item of a national record; stable as long as its key in that record is."""
    return _uuid8(_keyed(id_key, "item", national_id, item_key))


def event_id(record: str, revision: int) -> str:
    """UUIDv5 of record id and revision."""
    return _uuid5(record, str(revision))


def decision_record_id(region: str, kind: str, subject: str, hop: int | None, cause: str | None) -> str:
    """UUIDv5 of what is decided: the same question is never decided under two ids."""
    namespace = _uuid5(OF_NAMES, f"interfocal:{region}")
    return _uuid5(namespace, "|".join((kind, subject, str(hop or 0), cause or "")))


def delivery_event_id(decision_event: str, inbox: str) -> str:
    """UUIDv5 of the decision's event id and the addressee."""
    return _uuid5(decision_event, inbox)


def tombstone_id(topic: str, grant: str) -> str:
    """UUIDv5 of a grant and the topic that is cleared of it: what outboxes know a tombstone by."""
    return _uuid5(grant, topic)


def quarantine_entry_id(region: str, topic: str, offset: int) -> str:
    """UUIDv5 of where an unusable record stands: what the region tells of it, and decides about it, names this id."""
    return _uuid5(OF_NAMES, f"interfocal:{region}:quarantine:{topic}:{offset}")


def term_id(event: str, kind: str, until: datetime) -> str:
    """UUIDv5 of a term of an event's handling: what its end is decided about. Another instant is another term."""
    return _uuid5(event, f"{kind}|{instant_text(until)}")


def directory_record_id(region: str) -> str:
    """UUIDv5 of the region's directory, whose versions are the record's revisions."""
    return _uuid5(OF_NAMES, f"interfocal:{region}:directory")


def head_record_id(region: str, day: date, lines: Iterable[tuple[str, str]]) -> str:
    """UUIDv5 of what the region says of all heartbeats on one day; ``lines`` are member and SHA-256, by member."""
    said = "|".join(":".join(line) for line in lines)
    return _uuid5(OF_NAMES, f"interfocal:{region}:head:{day.isoformat()}:{said}")


def id_key_check(id_key: bytes) -> str:
    """What the directory holds of an id key, so that a producer with another key is found out."""
    return base64url(_keyed(id_key, "id key check"))


def canonical_fields(fields: Mapping[str, Any]) -> bytes:
    """National fields as bytes that do not depend on the order of columns. Numbers keep their spelling as text."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content_digest(id_key: bytes, canonical: bytes) -> str:
    """HMAC-SHA256 of canonical national fields under the id key."""
    return base64url(hmac.new(id_key, canonical, hashlib.sha256).digest())
