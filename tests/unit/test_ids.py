"""Ids: the same input gives the same id everywhere, another input or key another one."""

import hashlib
import hmac
from uuid import RFC_4122, UUID, uuid5

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.events import ids

KEY = bytes(range(32))
KEYS = st.binary(min_size=32, max_size=32)
NATIONAL_IDS = st.text(min_size=1, max_size=30)
UUIDS = st.uuids().map(str)
STREAMS = st.sampled_from(["seizure", "missing", "trace"])


@given(KEYS, STREAMS, NATIONAL_IDS)
def test_a_record_id_is_a_uuid_of_version_8(key: bytes, stream: str, national_id: str) -> None:
    made = UUID(ids.record_id(key, stream, national_id))
    assert (made.version, made.variant) == (8, RFC_4122)
    assert str(made) == ids.record_id(key, stream, national_id)


def test_a_record_id_is_the_keyed_hash_but_for_version_and_variant() -> None:
    message = b"\0\0\0\x07seizure\0\0\0\x04RS-1"
    digest = bytearray(hmac.new(KEY, message, hashlib.sha256).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    assert ids.record_id(KEY, "seizure", "RS-1") == str(UUID(bytes=bytes(digest)))


@given(KEYS, KEYS, STREAMS, NATIONAL_IDS)
def test_another_key_gives_another_record_id(one: bytes, other: bytes, stream: str, national_id: str) -> None:
    assume(one != other)
    assert ids.record_id(one, stream, national_id) != ids.record_id(other, stream, national_id)
    assert ids.id_key_check(one) != ids.id_key_check(other)


def test_parts_of_an_id_never_run_together() -> None:
    assert ids.item_id(KEY, "a\x1fb", "c") != ids.item_id(KEY, "a", "b\x1fc")
    assert ids.item_id(KEY, "ab", "c") != ids.item_id(KEY, "a", "bc")


@given(NATIONAL_IDS, NATIONAL_IDS)
def test_a_record_id_depends_on_stream_and_national_id(one: str, other: str) -> None:
    assert ids.record_id(KEY, "seizure", one) != ids.record_id(KEY, "missing", one)
    assert (ids.record_id(KEY, "seizure", one) == ids.record_id(KEY, "seizure", other)) == (one == other)


@given(UUIDS, st.integers(1, 1000))
def test_an_event_id_is_made_again_from_record_and_revision(record: str, revision: int) -> None:
    assert ids.event_id(record, revision) == str(uuid5(UUID(record), str(revision)))
    assert ids.event_id(record, revision) != ids.event_id(record, revision + 1)


def test_items_of_a_record_have_ids_of_their_own() -> None:
    made = {ids.item_id(KEY, record, item) for record in ("RS-1", "RS-2") for item in ("1", "2")}
    assert len(made | {ids.record_id(KEY, "seizure", "RS-1")}) == 5
    assert all(UUID(one).version == 8 for one in made)


@given(UUIDS, UUIDS)
def test_another_question_is_another_decision(subject: str, cause: str) -> None:
    asked = [
        ("see", "routing", subject, 1, cause),
        ("us", "routing", subject, 1, cause),
        ("see", "delivery", subject, 1, cause),
        ("see", "routing", subject, 2, cause),
        ("see", "routing", subject, 1, None),
    ]
    made = [ids.decision_record_id(*question) for question in asked]
    assert len(set(made)) == len(asked)
    assert made == [ids.decision_record_id(*question) for question in asked]


@given(UUIDS)
def test_a_delivery_is_known_by_decision_and_addressee(decision: str) -> None:
    assert ids.delivery_event_id(decision, "RS") == str(uuid5(UUID(decision), "RS"))
    assert ids.delivery_event_id(decision, "RS") != ids.delivery_event_id(decision, "MK")


def test_the_check_of_a_key_does_not_give_the_key_away() -> None:
    check = ids.id_key_check(KEY)
    assert len(check) == 43
    assert check not in {ids.base64url(KEY), ids.value_sha256(KEY)}


@given(st.dictionaries(NATIONAL_IDS, NATIONAL_IDS, min_size=2, max_size=5))
def test_content_does_not_depend_on_the_order_of_columns(fields: dict[str, str]) -> None:
    backwards = dict(reversed(fields.items()))
    assert ids.canonical_fields(fields) == ids.canonical_fields(backwards)


@pytest.mark.parametrize("digest", [b"", bytes(32), b"\xff" * 32])
def test_base64url_has_no_padding_and_no_slash(digest: bytes) -> None:
    assert not set("=/+") & set(ids.base64url(digest))


def test_the_hash_of_a_value_is_its_sha256() -> None:
    assert ids.value_sha256(b"abc") == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
