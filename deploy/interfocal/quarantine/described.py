"""What is known of an entry of the quarantine, for people and for programs. It changes when an entry says more."""

from collections.abc import Mapping
from typing import Any

from consumers.checking import SENTENCES as FLAWS
from consumers.desk.told import ToldEntry
from consumers.quarantine.entries import QuarantineEntry
from schemas.errors import Undecodable
from schemas.topics import owner_of, stream_of
from schemas.trust.faults import SENTENCES as FAULTS
from schemas.wire.codec import decode, event_json, schema_id_of

COLUMNS = (
    *("number", "member", "stream", "topic", "offset", "verdict", "reason", "event_id", "quarantined_at"),
    *("released_by", "settled"),
)
TOLD_COLUMNS = ("member", "stream", "topic", "offset", "verdict", "reason", "event_id", "told_at")
OF_HANDLERS = {
    "handler_failed": "The program failed over it; its log says where. Release it once the program is mended.",
    "discarded": "A person discarded it before it was read here.",
}


def entry_line(entry: QuarantineEntry) -> dict[str, Any]:
    """The columns of a list."""
    faulty = entry.faulty
    return {
        "number": entry.number,
        "member": faulty.member,
        "stream": stream_of(faulty.record.topic),
        "topic": faulty.record.topic,
        "offset": faulty.record.offset,
        "verdict": faulty.verdict.value,
        "reason": faulty.reason,
        "event_id": faulty.event_id,
        "quarantined_at": entry.quarantined_at.isoformat(timespec="seconds"),
        "released_by": entry.released_by,
        "settled": entry.settlement.how.value if entry.settlement else None,
    }


def told_line(entry: ToldEntry) -> dict[str, Any]:
    """The same of what a member was told."""
    return {
        "member": owner_of(entry.topic).upper(),
        "stream": stream_of(entry.topic),
        "topic": entry.topic,
        "offset": entry.log_offset,
        "verdict": entry.verdict,
        "reason": entry.reason,
        "event_id": entry.of_event,
        "told_at": entry.told_at.isoformat(timespec="seconds"),
    }


def described(entry: QuarantineEntry) -> dict[str, Any]:
    """All that is known of an entry; bytes in hexadecimal digits."""
    record, end = entry.faulty.record, entry.settlement
    return {
        **entry_line(entry),
        "appended_ms": record.appended_ms,
        "parameters": dict(entry.faulty.parameters),
        "settled_by": end.by if end else None,
        "settled_at": end.at.isoformat(timespec="seconds") if end else None,
        "meaning": meaning_of(entry.faulty.reason),
        "headers": [[name, value.hex()] for name, value in record.headers],
        "key": record.key.hex() if record.key is not None else None,
        "value": record.value.hex() if record.value is not None else None,
        "decoded": decoded(record.value),
    }


def meaning_of(reason: str) -> str:
    """The sentence for people; the code alone where a handler gave it."""
    flaws = {flaw.value: sentence for flaw, sentence in FLAWS.items()}
    sentences: Mapping[str, str] = {**{f.value: s for f, s in FAULTS.items()}, **flaws, **OF_HANDLERS}
    return sentences.get(reason, "The consumer gave this reason; its parameters say what about.")


def decoded(value: bytes | None) -> dict[str, Any]:
    """What the bytes say as far as they can be read. It proves nothing: a value without a valid seal is anybody's."""
    if value is None:
        return {"problem": "there is no value"}
    try:
        schema_id = schema_id_of(value)
    except Undecodable as error:
        return {"problem": str(error)}
    try:
        return {"schema_id": schema_id, "event": event_json(decode(value)[1])}
    except Undecodable as error:
        return {"schema_id": schema_id, "problem": str(error)}
