"""The codec's laws: what is encoded is decoded, and no bytes whatever raise anything but Undecodable."""

import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from event_strategies import any_event, events
from receipts import a_receipt
from schemas.errors import Malformed, Misconfigured, Undecodable, UnknownSchema
from schemas.events.envelope import Event
from schemas.events.receipt import Receipt
from schemas.events.seizure import Seizure
from schemas.topics import MAX_MESSAGE_BYTES
from schemas.wire.catalogue import EVENT_TYPES, STREAM_OF_MODEL, catalogue, latest
from schemas.wire.codec import decode, decode_as, encode, event_from_json, event_json, schema_id_of

SCHEMA_IDS = sorted(catalogue())
MARK = "\u0421-41?377"  # begins with a Cyrillic letter


@pytest.mark.parametrize("stream", sorted(EVENT_TYPES))
def test_every_event_comes_back_as_it_was(stream: str) -> None:
    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(events(stream))
    def holds(event: Event) -> None:
        value = encode(event)
        assert decode(value) == (latest(stream).schema_id, event)
        assert encode(decode(value)[1]) == value

    holds()


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(any_event())
def test_every_event_comes_back_from_its_json_form(event: Event) -> None:
    assert event_from_json(STREAM_OF_MODEL[type(event)], event_json(event)) == event


@settings(max_examples=300)
@given(st.binary(max_size=200))
@example(b"")
@example(b"\x00")
@example(b"\x00\x00\x00\x00\x65")
def test_any_bytes_raise_undecodable_and_nothing_else(octets: bytes) -> None:
    for value in (octets, *(struct.pack(">bI", 0, schema_id) + octets for schema_id in SCHEMA_IDS)):
        with pytest.raises(Undecodable):
            decode(value)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(any_event(), st.data())
def test_damaged_events_are_refused_or_read_as_exactly_these_bytes(event: Event, data: st.DataObject) -> None:
    value = encode(event)
    for _ in range(40):
        place = data.draw(st.integers(0, len(value) * 8 - 1))
        damaged = bytearray(value)
        damaged[place // 8] ^= 1 << place % 8
        try:
            found = decode(bytes(damaged))[1]
        except Undecodable:
            continue
        assert encode(found) == bytes(damaged)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(any_event())
def test_no_cut_event_and_no_event_with_more_behind_it_is_read(event: Event) -> None:
    value = encode(event)
    for length in range(len(value)):
        with pytest.raises(Malformed):
            decode(value[:length])
    with pytest.raises(Malformed) as refused:
        decode(value + b"\x00")
    assert refused.value.code == "leftover_bytes"


def test_an_unknown_schema_id_is_named() -> None:
    with pytest.raises(UnknownSchema, match="4242") as refused:
        decode(struct.pack(">bI", 0, 4242) + b"\x00")
    assert (refused.value.code, refused.value.parameters) == ("unknown_schema", {"schema_id": "4242"})


def test_a_value_without_the_wire_format_is_refused() -> None:
    with pytest.raises(Malformed) as refused:
        decode(b'{"event_id": 1}')
    assert refused.value.code == "no_schema_id"


def test_a_value_of_another_stream_is_refused() -> None:
    value = encode(a_receipt())
    assert decode_as(value, "receipt") == a_receipt()
    with pytest.raises(Malformed) as refused:
        decode_as(value, "trace")
    assert refused.value.code == "wrong_stream"


def test_the_schema_id_is_read_without_decoding() -> None:
    assert schema_id_of(encode(a_receipt())[:5]) == 601


def test_more_than_a_message_may_hold_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(Malformed) as refused:
        decode(b"\x00" * (MAX_MESSAGE_BYTES + 1))
    assert refused.value.code == "too_large"


def test_too_large_an_event_is_not_written() -> None:
    attachment = {"sha256": "A" * 43, "media_type": "image/jpeg", "size": 1, "caption": "other"}
    with pytest.raises(Malformed) as refused:
        encode(a_receipt(attachments=[attachment] * 5_000))
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("field", "text"),
    [("own_reference", "A\0B"), ("status", "A\0"), ("status", "\ud800")],
    ids=["null", "code", "half"],
)
def test_text_that_no_database_takes_is_not_written(field: str, text: str) -> None:
    with pytest.raises(Malformed) as refused:
        encode(a_receipt(**{field: text}))
    assert refused.value.code == "unusable_character"


def test_a_number_beyond_64_bits_is_not_written() -> None:
    with pytest.raises(Malformed):
        encode(a_receipt(revision=2**63))


@pytest.mark.parametrize("members", [(), ("AL",), ("AL", "BA"), ("AL", "BA", "RS")])
def test_any_number_of_members_may_be_named_in_releasable_to(members: tuple[str, ...]) -> None:
    event = a_receipt(handling={"releasable_to": members})
    assert decode(encode(event))[1] == event


def test_a_code_that_is_in_no_list_is_let_through() -> None:
    event = a_receipt(status="a_code_of_next_year")
    assert decode(encode(event))[1] == event


def test_an_instant_is_cut_to_milliseconds_when_the_event_is_made() -> None:
    event = a_receipt(received_at="2026-03-01T13:00:00.123999+01:00")
    assert event_json(event)["received_at"] == "2026-03-01T12:00:00.123Z"
    assert decode(encode(event))[1] == event


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_an_instant_outside_the_years_1_to_9999_is_no_instant(instant: str) -> None:
    with pytest.raises(ValueError, match="years 1-9999"):
        a_receipt(received_at=instant)


def test_messages_name_the_field_and_never_its_value(seizure_fields: dict[str, Any]) -> None:
    seizure_fields["items"][0]["firearm"]["marks"]["model"] = MARK * 40
    with pytest.raises(Malformed) as refused:
        event_from_json("seizure", seizure_fields)
    assert refused.value.parameters == {"field": "items[0].firearm.marks.model"}
    assert MARK not in f"{refused.value} {refused.value.__cause__}"


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("recorded_at", "yesterday"),
        ("recorded_at", "2026-02-30T00:00:00.000Z"),
        ("recorded_at", 1_700_000_000),
        ("recorded_at", None),
        ("revision", "1"),
        ("revision", True),
        ("exercise", 1),
        ("items", []),
        ("items", {}),
        ("handling", "H0"),
        ("handling", []),
        ("surprise", None),
        ("member", "rs"),
        ("sealed", {"suite": "hpke", "ciphertext": "AB=="}),
        ("sealed", {"suite": "hpke", "ciphertext": "A B"}),
    ],
)
def test_json_of_another_kind_is_refused(field: str, wrong: object, seizure_fields: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as refused:
        event_from_json("seizure", seizure_fields | {field: wrong})
    assert refused.value.parameters["field"].startswith(field)


def test_json_of_an_unknown_stream_is_refused() -> None:
    with pytest.raises(Misconfigured, match="gossip"):
        event_from_json("gossip", {})


def test_an_event_that_is_in_no_catalogue_is_not_written() -> None:
    with pytest.raises(Misconfigured, match="Event"):
        encode(Event.model_validate({name: getattr(a_receipt(), name) for name in Event.model_fields}))


@pytest.fixture
def seizure_fields() -> dict[str, Any]:
    """A seizure of one firearm in its JSON form."""
    fields = event_json(a_receipt())
    for name in set(Receipt.model_fields) - set(Seizure.model_fields):
        del fields[name]
    firearm = {"weapon_class": "pistol", "marks": {"model": MARK}}
    item = {"item_id": fields["event_id"], "kind": "firearm", "quantity": 1, "firearm": firearm}
    return fields | {"items": [item]}
