"""A checker that is not ours, joserfc, takes and refuses what we do: seals and documents are plain JOSE."""

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.registry import HeaderParameter

from schemas.directory import DIRECTORY_TYPE
from schemas.trust import base64url
from schemas.trust.documents import sign_document
from schemas.trust.keys import jwk_of, signing_key_pem
from schemas.trust.seal import seal
from sealing import a_key, a_run, claims, public, seal_of

ALGORITHMS = ["Ed25519"]
OURS = {
    **{name: HeaderParameter(name, "str") for name in ("aud", "topic", "id", "key", "chain", "prev")},
    **{name: HeaderParameter(name, "int") for name in ("life", "seq", "iat")},
    "after": HeaderParameter("after", lambda _: None),
}
VALUE = b"\x00\x00\x00\x00\x65\xff\xfe not text"
FOREIGN_KEY = OKPKey.import_key({**jwk_of(public(a_key()))})


def check(header: bytes, value: bytes) -> dict[str, object]:
    """What joserfc says that the seal claims; it raises its own errors."""
    registry = jws.JWSRegistry(header_registry=OURS, algorithms=ALGORITHMS)
    checked = jws.deserialize_compact(header, FOREIGN_KEY, ALGORITHMS, registry, payload=value)
    assert checked.payload == value
    return checked.headers()


def flips(raw: bytes, step: int) -> list[bytes]:
    return [
        raw[: bit // 8] + bytes([raw[bit // 8] ^ 1 << bit % 8]) + raw[bit // 8 + 1 :]
        for bit in range(0, len(raw) * 8, step)
    ]


def test_a_foreign_checker_takes_an_exported_event() -> None:
    for record in a_run([VALUE, VALUE + b"2"]):
        assert record.value is not None
        assert check(seal_of(record), record.value)["topic"] == record.topic


def test_a_foreign_checker_takes_the_longest_header() -> None:
    longest = claims(
        kid="rs-1",
        aud="r" * 24,
        topic="rs.quarantine.xx-abcdef",
        life=9999,
        seq=10**12,
        prev=base64url.encode(bytes(32)).decode(),
        iat=9_999_999_999,
    )
    assert check(seal(VALUE, longest, a_key()), VALUE)["seq"] == 10**12


def test_a_foreign_checker_refuses_a_flipped_event() -> None:
    header = seal_of(a_run([VALUE])[0])
    for value in flips(VALUE, 1):
        with pytest.raises(JoseError):
            check(header, value)
    protected, _, signature = header.partition(b"..")
    for flipped in flips(protected, 7):
        with pytest.raises((JoseError, ValueError)):
            check(flipped + b".." + signature, VALUE)


def test_a_foreign_checker_does_not_know_our_header_names_until_told() -> None:
    header = seal_of(a_run([VALUE])[0])
    with pytest.raises(JoseError, match="Unsupported"):
        jws.deserialize_compact(header, FOREIGN_KEY, ALGORITHMS, payload=VALUE)


def test_a_foreign_checker_opens_a_document() -> None:
    token = sign_document(VALUE, DIRECTORY_TYPE, a_key())
    assert jws.deserialize_compact(token, FOREIGN_KEY, ALGORITHMS).payload == VALUE
    payload_at = token.index(b".") + 1
    with pytest.raises(JoseError):
        jws.deserialize_compact(token[:payload_at] + b"B" + token[payload_at + 1 :], FOREIGN_KEY, ALGORITHMS)


def test_a_foreign_writer_of_the_same_claims_makes_the_same_seal() -> None:
    ours = seal(VALUE, claims(), a_key())
    private = OKPKey.import_key(signing_key_pem(a_key()))
    registry = jws.JWSRegistry(header_registry=OURS, algorithms=ALGORITHMS)
    token = jws.serialize_compact(check(ours, VALUE), VALUE, private, ALGORITHMS, registry)
    assert jws.detach_content(token).encode() == ours
