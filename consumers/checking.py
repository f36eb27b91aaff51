"""From records as read to events that may take effect, or to entries for the quarantine. Pure.

It changes when an event is checked for something new. Each check comes after those that it rests on: the seal over
the raw bytes, then size and form, then ids and owner.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from consumers.checked import CheckedEvent
from consumers.quarantine.entries import Faulty, Verdict
from schemas.errors import ExchangeError, Malformed, Undecodable, Unsealed, Unusable
from schemas.events.decision import Decision
from schemas.events.delivery import Delivery
from schemas.events.envelope import Event
from schemas.events.head import RegionHead
from schemas.events.ids import (
    decision_record_id,
    delivery_event_id,
    directory_record_id,
    event_id,
    head_record_id,
    quarantine_entry_id,
    value_sha256,
)
from schemas.events.issued_directory import IssuedDirectory
from schemas.events.quarantined import Quarantined
from schemas.record import COMPRESSED, TRANSACTION, UNREADABLE_HEADER, Record
from schemas.topics import (
    GRANT,
    MAX_DELIVERY_BYTES,
    MAX_EVENT_BYTES,
    forwarded_topic,
    inbox_topic,
    is_compacted,
    owner_of,
    quarantine_topic,
    stream_of,
)
from schemas.trust.chain import Expectation, verify_records
from schemas.trust.chain import Verdict as SealVerdict
from schemas.trust.faults import Fault, unsealed
from schemas.trust.seal import Seal
from schemas.wire.catalogue import stream_carried_by, stream_of_schema
from schemas.wire.cloudevents import check_headers
from schemas.wire.codec import decode

WALKED = frozenset({"seizure", "missing"})
"""Streams whose seals are checked by walking the chain; every other record is verified singly."""


LARGE = frozenset({"inbox", "directory"})
"""Streams of the region whose events hold a whole other document."""


class Flaw(StrEnum):
    """Why a validly sealed event may not take effect: reasons of quarantine, beside those of seal and codec."""

    UNREADABLE = "unreadable"
    COMPRESSED = "compressed_batch"
    TRANSACTION = "transaction"
    TOO_LARGE = "too_large"
    OTHER_STREAM = "other_stream"
    OTHER_EVENT_ID = "other_event_id"
    WRONG_EVENT_ID = "wrong_event_id"
    OTHER_MEMBER = "other_member"
    OTHER_INBOX = "other_inbox"
    OTHER_EXERCISE = "other_exercise"


SENTENCES: Mapping[Flaw, str] = MappingProxyType(
    {
        Flaw.UNREADABLE: (
            "The batch that holds this record cannot be read. Find out who wrote it; if its owner did nothing unusual,"
            " look at the broker's disk."
        ),
        Flaw.COMPRESSED: (
            "The batch is compressed, and nothing compressed is opened here. Have its writer send without compression,"
            " and again what was in it."
        ),
        Flaw.TRANSACTION: (
            "Here a Kafka transaction ends, or what was in one that was given up. Ask the writer to send without"
            " transactions."
        ),
        Flaw.TOO_LARGE: "The value is larger than an event may be. Ask its sender to split it.",
        Flaw.OTHER_STREAM: "The event belongs on a topic of another stream. Ask its sender for its version.",
        Flaw.OTHER_EVENT_ID: "The event id in the value is not the one that was sealed. Ask its sender.",
        Flaw.WRONG_EVENT_ID: "The event id does not follow from what it is an id of. Ask its sender for its version.",
        Flaw.OTHER_MEMBER: "The event speaks for a member that does not own the topic.",
        Flaw.OTHER_INBOX: "The event is for another member than the one whose topic it lies on.",
        Flaw.OTHER_EXERCISE: "Exercise data and real records are never mixed: the event says the other of the two.",
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What records are checked against: seals, whether this region exchanges exercise data, and by which directory."""

    seals: Expectation
    exercise: bool
    directory_version: int = 1


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A record without a value on a compacted topic: it clears the log, and nothing follows from it."""

    record: Record
    claims: None = None


Checked = CheckedEvent | Faulty | Tombstone
"""What became of one record; all have ``record``."""


def check_records(topic: str, records: Sequence[Record], terms: Terms) -> list[Checked]:
    """What becomes of each record of one topic, in the order given. Raises nothing for any bytes."""
    verdicts = verify_records(records, terms.seals, singly=stream_of(topic) not in WALKED)
    return [_checked(verdict, terms) for verdict in verdicts]


def check_record(record: Record, terms: Terms) -> CheckedEvent | Faulty:
    """What becomes of one record that has to be an event."""
    (checked,) = check_records(record.topic, [record], terms)
    if isinstance(checked, Tombstone):
        return _foreign(record, unsealed(Fault.NO_VALUE))
    return checked


def _checked(verdict: SealVerdict, terms: Terms) -> Checked:
    record, seal = verdict.record, verdict.seal
    if record.value is None and is_compacted(record.topic) and not record.header_values(UNREADABLE_HEADER):
        return Tombstone(record)
    if seal is None or record.value is None:
        return _foreign(record, verdict.error)
    try:
        return _event(record, record.value, seal, terms)
    except Undecodable as error:
        return _faulty(record, seal, Verdict.UNDECODABLE, error)
    except Unusable as error:
        return _faulty(record, seal, Verdict.UNUSABLE, error)


def _foreign(record: Record, error: Unsealed | None) -> Faulty:
    if [name for name, _ in record.headers] == [UNREADABLE_HEADER] and record.value is None:
        return _unread(record)
    code = error.code if error is not None else Unsealed.default_code
    return Faulty(record, Verdict.FOREIGN, code)


def _unread(record: Record) -> Faulty:
    why = record.headers[0][1].decode(errors="replace")
    flaw = {COMPRESSED: Flaw.COMPRESSED, TRANSACTION: Flaw.TRANSACTION}.get(why, Flaw.UNREADABLE)
    last = record.next_offset - 1
    return Faulty(record, Verdict.FOREIGN, flaw.value, {"last_offset": str(last)} if record.span > 1 else {})


def _faulty(record: Record, seal: Seal, verdict: Verdict, error: ExchangeError) -> Faulty:
    member = owner_of(record.topic).upper()
    return Faulty(record, verdict, error.code, error.parameters, seal.claims.event_id, member, seal.claims)


def _event(record: Record, value: bytes, seal: Seal, terms: Terms) -> CheckedEvent:
    limit = MAX_DELIVERY_BYTES if stream_of(record.topic) in LARGE else MAX_EVENT_BYTES
    if len(value) > limit:
        parameters = {"size": str(len(value)), "limit": str(limit)}
        raise Malformed(SENTENCES[Flaw.TOO_LARGE], code=Flaw.TOO_LARGE.value, parameters=parameters)
    schema_id, event = decode(value)
    stream = stream_carried_by(record.topic)
    if stream_of_schema(schema_id) != stream:
        raise unusable(Flaw.OTHER_STREAM, stream=stream_of_schema(schema_id))
    for flaw, holds in CHECKS.items():
        if not holds(event, seal, terms):
            raise unusable(flaw)
    check_headers(record.headers, event, stream)
    return CheckedEvent(record, seal.claims, event, value_sha256(value), schema_id)


def unusable(flaw: Flaw, **parameters: str) -> Unusable:
    """The error for a flaw: code and sentence."""
    return Unusable(SENTENCES[flaw], code=flaw.value, parameters=parameters)


def _sealed_id(event: Event, seal: Seal, _terms: Terms) -> bool:
    return event.event_id == seal.claims.event_id


def _derived_id(event: Event, _seal: Seal, terms: Terms) -> bool:
    if isinstance(event, Delivery):
        return event.event_id == delivery_event_id(event.decision_id, event.inbox)
    record = _derived_record_id(event, terms.seals.aud)
    return record in (None, event.record_id) and event.event_id == event_id(event.record_id, event.revision)


def _derived_record_id(event: Event, region: str) -> str | None:
    """The record id that follows from what the region says; None of what a member says, whose key is its own."""
    match event:
        case Decision():
            return decision_record_id(region, event.kind, event.subject, event.hop, event.cause)
        case IssuedDirectory():
            return directory_record_id(region)
        case Quarantined():
            return quarantine_entry_id(region, event.topic, event.offset)
        case RegionHead():
            lines = ((line.member, line.sha256) for line in event.lines)
            return head_record_id(region, event.recorded_at.date(), lines)
        case _:
            return None


def _owner(event: Event, seal: Seal, _terms: Terms) -> bool:
    return event.member == owner_of(seal.claims.topic).upper()


def _inbox(event: Event, seal: Seal, _terms: Terms) -> bool:
    if isinstance(event, Quarantined):
        return quarantine_topic(owner_of(event.topic)) == seal.claims.topic
    return not isinstance(event, Delivery) or topic_of(event) == seal.claims.topic


def topic_of(delivery: Delivery) -> str:
    """The topic for a delivery: its addressee's inbox, or where grants reach it."""
    return forwarded_topic(delivery.inbox) if delivery.purpose == GRANT else inbox_topic(delivery.inbox)


def _exercise(event: Event, _seal: Seal, terms: Terms) -> bool:
    return event.exercise == terms.exercise


CHECKS: Mapping[Flaw, Callable[[Event, Seal, Terms], bool]] = MappingProxyType(
    {
        Flaw.OTHER_EVENT_ID: _sealed_id,
        Flaw.WRONG_EVENT_ID: _derived_id,
        Flaw.OTHER_MEMBER: _owner,
        Flaw.OTHER_INBOX: _inbox,
        Flaw.OTHER_EXERCISE: _exercise,
    }
)


def events_of(checked: Sequence[Checked]) -> Iterator[CheckedEvent]:
    """Those that may take effect."""
    return (item for item in checked if isinstance(item, CheckedEvent))


def faults_of(checked: Sequence[Checked]) -> Iterator[Faulty]:
    """Those that may not."""
    return (item for item in checked if isinstance(item, Faulty))
