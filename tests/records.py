"""Events that members state, and the sealed records that carry them, for tests of what consumers do."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

from schemas.events.decision import Decision
from schemas.events.envelope import Event
from schemas.events.ids import decision_record_id, event_id
from schemas.events.missing import Missing
from schemas.events.seizure import Seizure
from schemas.record import SEAL_HEADER, Draft, Link, Record
from schemas.topics import owner_of
from schemas.trust.keys import SigningKey
from schemas.trust.seal import link_hash
from schemas.trust.sealer import sealer
from schemas.wire.catalogue import stream_carried_by
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode, event_from_json, event_json
from sealing import AUD, SEALED_AT, a_key, an_id, held
from twins import TwinLog

MARKS = {
    "make": "Zastava",
    "model": "M70",
    "calibre": "7,62x39",
    "type_as_read": None,
    "numbers": [{"place": "receiver", "as_read": "С-41377", "state": "legible"}],  # noqa: RUF001  # Cyrillic, as stamped
    "import_marks": [],
    "proof_marks": [],
}
HANDLING = {
    "codes": ["H0"],
    "h3_code": None,
    "source": "X",
    "information": "4",
    "releasable_to": None,
    "embargo_until": None,
    "expires_at": None,
}


def an_envelope(name: str, member: str, revision: int) -> dict[str, Any]:
    """What every member's event carries; ids follow from the name."""
    return {
        "event_id": event_id(an_id(name), revision),
        "record_id": an_id(name),
        "revision": revision,
        "member": member,
        "recorded_at": "2026-03-01T12:00:00.000Z",
        "status": "active",
        "exercise": True,
        "handling": HANDLING,
        "occurred": None,
        "own_reference": name,
        "absent": [],
        "source": {"mapping": "test", "mapping_version": 1, "content": "A" * 43, "national_version": None},
        "sealed": None,
        "attachments": [],
    }


def an_item(name: str, **changes: Any) -> dict[str, Any]:
    firearm = {"weapon_class": "assault_rifle", "action": None, "modification": None, "marks": MARKS}
    item = {
        "item_id": an_id(name),
        "kind": "firearm",
        "quantity": 1,
        "firearm": firearm,
        "component": None,
        "ammunition": None,
        "explosive": None,
        "disposition": None,
    }
    return item | changes


def a_seizure(name: str, member: str = "RS", revision: int = 1, **changes: Any) -> Seizure:
    """A seizure of one rifle."""
    fields = {
        "place": {"border_point": "BP-1", "area": None, "precision": "border_point"},
        "agency": None,
        "context": "border_crossing_point",
        "direction": None,
        "transport": None,
        "concealment": None,
        "acquisition_mode": "seized",
        "illicit_ground": None,
        "linked": [],
        "items": [an_item(f"{name}/1")],
    }
    return cast("Seizure", event_from_json("seizure", an_envelope(name, member, revision) | fields | changes))


def a_missing(name: str, member: str = "RS", revision: int = 1, **changes: Any) -> Missing:
    """One rifle that is missing."""
    fields = {"type": "stolen", "since": None, "weapon_class": "assault_rifle", "marks": MARKS, "state": "open"}
    return cast("Missing", event_from_json("missing", an_envelope(name, member, revision) | fields | changes))


def a_decision(subject: str, /, **changes: Any) -> Decision:
    """A decision to do nothing about a subject."""
    about = {"kind": "none", "subject": an_id(subject), "hop": 1, "cause": None, **changes}
    record = decision_record_id(AUD, about["kind"], about["subject"], about["hop"], about["cause"])
    fields = {
        "event_id": event_id(record, 1),
        "record_id": record,
        "revision": 1,
        "member": "REGION",
        "recorded_at": SEALED_AT,
        "status": "active",
        "exercise": True,
        "handling": {},
        "directory_version": 1,
        "none": {"reason": "closed"},
    }
    return Decision.model_validate(fields | about)


def changed(event: Event, **changes: Any) -> Any:
    """The event with other fields, whether or not ids still follow."""
    stream = {Seizure: "seizure", Missing: "missing"}[type(event)]
    return event_from_json(stream, event_json(event) | changes)


def signing_key(owner: str) -> SigningKey:
    return a_key(f"{owner}-1", owner)


@dataclass(slots=True)
class Station:
    """A topic's owner in a test: seals events one after the other and puts them onto a log."""

    topic: str
    link: Link = field(default_factory=lambda: Link(1, 0, None))

    def record(self, event: Event, offset: int = 0, **changes: Any) -> Record:
        """The event's record with the next number; ``changes`` alter what is sealed (topic, event_id, key, value)."""
        stream = stream_carried_by(self.topic)
        fields = {"topic": self.topic, "event_id": event.event_id, "key": event.record_id, "value": encode(event)}
        headers = dict(headers_for(event, stream)) | {"ce_id": changes.get("event_id", event.event_id).encode()}
        draft = Draft(**{**fields, **changes}, headers=tuple(headers.items()))
        seal = sealer(held(signing_key(owner_of(self.topic))), AUD, lambda: SEALED_AT)(
            draft, self.link, self.link.seq + 1
        )
        self.link = replace(self.link, seq=self.link.seq + 1, prev=link_hash(seal, draft.value), after=None)
        return Record(self.topic, offset, draft.key.encode(), draft.value, ((SEAL_HEADER, seal), *draft.headers))

    def put(self, log: TwinLog, *events: Event) -> list[int]:
        """Seal events and append them; their offsets."""
        records = [self.record(event) for event in events]
        return [log.write(self.topic, record.key, record.value, record.headers) for record in records]
