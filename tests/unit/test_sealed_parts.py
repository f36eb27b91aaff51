"""Sealed parts and grants: what was made for one event, addressee, hop or ciphertext opens for no other."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_strategies import parts
from schemas.errors import Malformed, Misconfigured, Unusable
from schemas.events.envelope import Sealed
from schemas.events.sealed_part import PADDED_TO_BYTES, AttachedFile, SealedPart, part_bytes, part_of
from schemas.trust.opening import opening_key_from_pem, opening_key_from_seed, opening_key_pem
from schemas.trust.sealed_parts import (
    CONTENT_KEY_BYTES,
    Place,
    Terms,
    ciphertext_sha256,
    open_part,
    seal_part,
    unwrap,
    wrap,
)

CONTENT_KEYS = st.binary(min_size=CONTENT_KEY_BYTES, max_size=CONTENT_KEY_BYTES)
WORDS = st.text(max_size=30)
PLACES = st.builds(Place, WORDS, WORDS, WORDS)
TERMS = st.builds(Terms, PLACES, WORDS, st.integers(0, 9), WORDS, WORDS)
ADDRESSEE = opening_key_from_seed(bytes(range(32)))
OTHER = opening_key_from_seed(bytes(range(1, 33)))
KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
PLACE = Place("see", "RS", "8859284c-0961-55a6-aada-d8418004d3b5")
FILE = AttachedFile.of("image/jpeg", "item", b"\xff\xd8 a picture")


def written() -> st.SearchStrategy[SealedPart]:
    return parts(SealedPart, attachments=st.just((FILE,)) | st.just(()))


@given(st.binary(max_size=2_000), PLACES, CONTENT_KEYS)
def test_a_part_opens_with_its_key_in_its_place(content: bytes, place: Place, key: bytes) -> None:
    assert open_part(seal_part(content, place, key), place, key) == content


@given(st.binary(max_size=200), PLACES, PLACES, CONTENT_KEYS)
def test_a_part_opens_in_no_other_place(content: bytes, place: Place, other: Place, key: bytes) -> None:
    sealed = seal_part(content, place, key)
    if place != other:
        with pytest.raises(Unusable, match="another event"):
            open_part(sealed, other, key)


@given(st.data())
def test_a_changed_part_opens_with_no_key(data: st.DataObject) -> None:
    sealed = seal_part(b"written", PLACE, KEY)
    at, bit = data.draw(st.integers(0, len(sealed.ciphertext) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(sealed.ciphertext)
    changed[at] ^= 1 << bit
    with pytest.raises(Unusable):
        open_part(Sealed(suite=sealed.suite, ciphertext=bytes(changed)), PLACE, KEY)


@pytest.mark.parametrize("ciphertext", [b"", b"\0" * 32, b"\0" * 47])
def test_a_part_that_is_too_short_opens_with_no_key(ciphertext: bytes) -> None:
    with pytest.raises(Unusable):
        open_part(Sealed(suite="a256gcm-committed", ciphertext=ciphertext), PLACE, KEY)


def test_a_ciphertext_opens_with_one_key_only() -> None:
    """The commitment is looked at before anything is decrypted: nobody shows two addressees two texts."""
    sealed = seal_part(b"written", PLACE, KEY)
    with pytest.raises(Unusable, match="not one that this key opens"):
        open_part(sealed, PLACE, OTHER_KEY)


def test_a_part_of_another_suite_is_not_opened() -> None:
    with pytest.raises(Unusable):
        open_part(seal_part(b"written", PLACE, KEY).model_copy(update={"suite": "plain"}), PLACE, KEY)


@given(CONTENT_KEYS, TERMS)
def test_a_grant_opens_for_its_addressee_under_its_terms(key: bytes, terms: Terms) -> None:
    assert unwrap(wrap(key, terms, ADDRESSEE.public_key()), terms, ADDRESSEE) == key


@given(CONTENT_KEYS, TERMS, TERMS)
def test_a_grant_opens_under_no_other_terms(key: bytes, terms: Terms, other: Terms) -> None:
    wrapped = wrap(key, terms, ADDRESSEE.public_key())
    changed = [replace(terms, **{one.name: getattr(other, one.name)}) for one in fields(Terms)]
    changed += [replace(terms, place=replace(terms.place, **{one.name: "another"})) for one in fields(Place)]
    for altered in changed:
        if altered != terms:
            with pytest.raises(Unusable) as refused:
                unwrap(wrapped, altered, ADDRESSEE)
            assert refused.value.code == "grant_wrong_binding"


def test_a_grant_opens_for_nobody_else() -> None:
    terms = Terms(PLACE, "A" * 43, 1, "BA", "ba.open.1")
    with pytest.raises(Unusable):
        unwrap(wrap(KEY, terms, ADDRESSEE.public_key()), terms, OTHER)


@given(st.text("ABCdef019-_=.", max_size=120))
def test_what_is_no_grant_opens_for_nobody(wrapped: str) -> None:
    with pytest.raises(Unusable):
        unwrap(wrapped, Terms(PLACE, "A" * 43, 1, "BA", "ba.open.1"), ADDRESSEE)


@given(st.lists(WORDS, min_size=3, max_size=3), st.lists(WORDS, min_size=3, max_size=3))
def test_no_two_places_are_bound_to_the_same_bytes(one: list[str], other: list[str]) -> None:
    assert (Place(*one).bound == Place(*other).bound) == (one == other)


@given(written())
def test_what_is_written_is_read_and_its_length_tells_little(part: SealedPart) -> None:
    content = part_bytes(part)
    assert part_of(content) == part
    assert len(content) % PADDED_TO_BYTES == 0


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"unknown": 1}', b'{"case_details": 7}'])
def test_what_is_no_part_is_refused_and_not_quoted(content: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        part_of(content)
    assert "unknown" not in str(refused.value)


@pytest.mark.parametrize("content", ["no base64!", "QQ", "QQ==\n"])
def test_a_file_is_base64(content: str) -> None:
    whole: dict[str, Any] = {"media_type": "image/jpeg", "caption": "item", "content": content}
    with pytest.raises(ValueError, match="base64"):
        AttachedFile(**whole)


def test_a_file_is_described_by_what_it_is() -> None:
    described = FILE.described
    assert (described.size, described.media_type) == (len(FILE.whole), "image/jpeg")
    assert described.sha256 == ciphertext_sha256(Sealed(suite="any", ciphertext=FILE.whole))


def test_an_opening_key_is_kept_as_text() -> None:
    again = opening_key_from_pem("rs.open.1", opening_key_pem(ADDRESSEE))
    assert again.private_bytes_raw() == ADDRESSEE.private_bytes_raw()
    with pytest.raises(Misconfigured):
        opening_key_from_pem("rs.open.1", b"-----BEGIN PRIVATE KEY-----")
    with pytest.raises(Misconfigured):
        opening_key_from_seed(b"short")
