"""Makes the event of a submitted record: ids, envelope, and what only intake can know. It changes with the envelope.

Pure. What a submitter says is taken over as it is; whether it is right is judged in ``checks``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from producers.mapping.shape import SEALED_PART
from producers.mapping.values import instant_text
from schemas.directory import Member
from schemas.errors import Misconfigured
from schemas.events.envelope import MemberEvent, Provenance
from schemas.events.ids import canonical_fields, content_digest, event_id, id_key_check, item_id, record_id
from schemas.record import Draft
from schemas.topics import member_topic
from schemas.wire.cloudevents import headers_for
from schemas.wire.traceparent import TraceContext, own_context

FIRST_HOP = 1
ONLY_ITEM = "1"
SUBMITTED_ONLY = frozenset({"national_id", "national_version", "reassert", SEALED_PART})
"""Fields of a submitted record that the event does not carry under this name."""

REASSERT = "reassert"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose intake it is, under which key its ids are made, and whether all of it is an exercise."""

    member: str
    id_key: bytes = field(repr=False)
    exercise: bool


def check_id_key(member: Member, id_key: bytes) -> None:
    """Raise Misconfigured when this is not the id key that the directory knows of a member."""
    if member.id_key_check and member.id_key_check != id_key_check(id_key):
        raise Misconfigured(
            f"the id key of {member.code} is not the one that the directory knows; records would get new ids."
            " Put the member's own id key back"
        )


def digest_of(identity: Identity, content: Any) -> str:
    """The keyed digest of what was submitted. Asking to go back (``reassert``) is no content."""
    if isinstance(content, Mapping):
        content = {key: value for key, value in content.items() if key != REASSERT}
    return content_digest(identity.id_key, canonical_fields({"content": content}))


def raw_event(stream: str, fields: Mapping[str, Any], identity: Identity, source: Provenance, at: datetime) -> Any:
    """The event's fields as plain JSON values, as revision 1; ``finished`` gives it its number."""
    national_id = fields.get("national_id")
    record = record_id(identity.id_key, stream, str(national_id))
    raw = {name: value for name, value in fields.items() if name not in SUBMITTED_ONLY}
    if "items" in raw:
        raw["items"] = with_item_ids(raw["items"], identity.id_key, str(national_id))
    if stream == "trace":
        raw |= _trace_ids(raw, record, identity)
    return {
        **raw,
        "status": raw.get("status", "active"),
        "event_id": event_id(record, 1),
        "record_id": record,
        "revision": 1,
        "member": identity.member,
        "recorded_at": instant_text(at),
        "exercise": identity.exercise,
        "source": source.model_dump(mode="json"),
    }


def with_item_ids(items: Any, id_key: bytes, national_id: str) -> Any:
    """Items with ids in place of their keys; an item without a key has its position for one."""
    if not isinstance(items, list):
        return items
    made = []
    for position, item in enumerate(items, start=1):
        if isinstance(item, dict):
            rest = {name: value for name, value in item.items() if name != "item_key"}
            made.append({**rest, "item_id": item_id(id_key, national_id, item_key(item, position))})
        else:
            made.append(item)
    return made


def item_key(item: Mapping[str, Any], position: int) -> str:
    """The key of an item in its record."""
    key = item.get("item_key")
    return str(position) if key is None else str(key)


def finished(event: MemberEvent, revision: int) -> MemberEvent:
    """The event as this revision of its record; it was made as the first."""
    if revision == event.revision:
        return event
    return event.model_copy(update={"revision": revision, "event_id": event_id(event.record_id, revision)})


def draft_of(event: MemberEvent, stream: str, value: bytes, context: TraceContext | None = None) -> Draft:
    """What goes into the outbox. Trace acts are keyed by their trace, receipts by what they are for.

    Without a ``context`` the event begins a flow of its own.
    """
    key = str(getattr(event, {"trace": "trace_id", "receipt": "of_event"}.get(stream, "record_id")))
    headers = headers_for(event, stream, context or own_context(event.event_id))
    return Draft(member_topic(event.member, stream), event.event_id, key, value, headers)


def _trace_ids(raw: Mapping[str, Any], record: str, identity: Identity) -> dict[str, Any]:
    """A request names its own trace; the seizure that it is about may be named by its national id."""
    request = raw.get("request")
    found: dict[str, Any] = {}
    if raw.get("act") == "request":
        given = {"trace_id": record, "requester": identity.member, "hop": FIRST_HOP}
        found = {name: value for name, value in given.items() if raw.get(name) is None}
    if isinstance(request, dict) and isinstance(request.get("seizure_national_id"), str):
        seizure, key = request["seizure_national_id"], str(request.get("item_key") or ONLY_ITEM)
        rest = {name: value for name, value in request.items() if name not in {"seizure_national_id", "item_key"}}
        found["request"] = {
            **rest,
            "seizure_record_id": record_id(identity.id_key, "seizure", seizure),
            "item_id": item_id(identity.id_key, seizure, key),
        }
    return found
