import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from schemas.directory import Directory, Key, Member
from schemas.errors import Misconfigured, Unsealed
from schemas.trust import base64url
from schemas.trust.keys import (
    SMALL_ORDER,
    KeyRing,
    directory_key,
    jwk_of,
    key_ring,
    public_key_from_raw,
    public_key_of,
    signing_key_from_pem,
    signing_key_from_seed,
    signing_key_pem,
    thumbprint,
)
from sealing import a_key, public


def test_the_thumbprint_is_that_of_the_rfcs_example() -> None:
    raw = base64url.decode(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    assert thumbprint(raw) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_private_key_comes_back_from_its_pem_and_is_never_shown() -> None:
    key = a_key()
    pem = signing_key_pem(key)
    assert signing_key_from_pem("rs-1", "rs", pem).raw_public == key.raw_public
    assert "Ed25519" not in repr(key)


def x25519_pem() -> bytes:
    return X25519PrivateKey.from_private_bytes(bytes(32)).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


@pytest.mark.parametrize("pem", [b"", b"not a key", x25519_pem(), signing_key_pem(a_key())[:-40]])
def test_what_is_not_a_signing_key_is_said_to_be_none(pem: bytes) -> None:
    with pytest.raises(Misconfigured, match="rs-1"):
        signing_key_from_pem("rs-1", "rs", pem)


def test_a_key_is_made_from_32_bytes_only() -> None:
    with pytest.raises(Misconfigured):
        signing_key_from_seed("rs-1", "rs", bytes(31))


def test_a_key_comes_back_from_its_entry_in_the_directory() -> None:
    key = public(a_key())
    assert public_key_of(directory_key(key), "rs") == key


def test_the_ring_of_a_directory_gives_each_key_to_its_owner() -> None:
    member = Member(code="RS", name="Serbia", keys=(directory_key(public(a_key())),))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    directory = Directory(
        region="test-region",
        title="Test",
        version=1,
        exercise=True,
        issued_at=at,
        expires_at=at,
        members=(member,),
        region_keys=(directory_key(public(a_key("region-1", "region"))),),
    )
    ring = key_ring(directory)
    assert {kid: key.owner for kid, key in ring.keys.items()} == {"rs-1": "rs", "region-1": "region"}
    assert ring.find("rs-2") is None


def test_two_keys_of_one_name_are_refused() -> None:
    with pytest.raises(Misconfigured, match="rs-1"):
        KeyRing.of([public(a_key()), public(a_key())])


@pytest.mark.parametrize("written", ["", "A" * 42, "A" * 44, "!" * 43, "B" * 43, "\ud800" * 43])
def test_a_key_in_the_directory_is_read_strictly(written: str) -> None:
    entry = Key.model_construct(kid="rs-1", public=written, valid_from=0, valid_until=1)
    with pytest.raises(Unsealed) as caught:
        public_key_of(entry, "rs")
    assert caught.value.code == "bad_key_form"


@pytest.mark.parametrize("sign", [0x00, 0x80])
@pytest.mark.parametrize("point", sorted(SMALL_ORDER))
def test_a_key_under_which_one_signature_fits_many_messages_is_refused(point: bytes, sign: int) -> None:
    with pytest.raises(Unsealed) as caught:
        public_key_from_raw(point[:-1] + bytes([point[-1] | sign]))
    assert caught.value.code == "bad_key_form"


def test_such_a_key_would_let_its_owner_deny_everything() -> None:
    neutral = b"\x01" + bytes(31)
    assert neutral in SMALL_ORDER
    for message in (b"one", b"another"):
        Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), message)


def test_the_json_web_key_says_what_the_directory_says() -> None:
    key = public(a_key())
    jwk = jwk_of(key)
    assert base64url.decode(jwk["x"].encode()) == key.raw
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["kid"]) == ("OKP", "Ed25519", "Ed25519", "rs-1")


@given(st.binary(max_size=70))
def test_base64url_has_one_spelling_for_one_value(raw: bytes) -> None:
    text = base64url.encode(raw)
    assert base64url.decode(text) == raw
    assert b"=" not in text


@given(st.text("AQgw-_+/=\n é9", max_size=9).map(str.encode))
def test_base64url_reads_nothing_that_it_does_not_write(text: bytes) -> None:
    try:
        raw = base64url.decode(text)
    except ValueError:
        return
    assert base64url.encode(raw) == text


def test_a_thumbprint_is_a_sha256() -> None:
    assert len(base64url.decode(thumbprint(a_key().raw_public).encode())) == hashlib.sha256().digest_size
