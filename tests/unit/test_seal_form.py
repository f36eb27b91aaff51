import json
import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Misconfigured, NotOurs, Unsealed
from schemas.trust import base64url
from schemas.trust.keys import SigningKey, signing_key_from_seed
from schemas.trust.seal import (
    MAX_PROTECTED_CHARS,
    SealClaims,
    link_hash,
    read_seal,
    seal,
    verify_signature,
)
from sealing import SEALED_AT_S, a_key, an_id, claims, public
from strategies import seal_claims

VALUE = b"\x00\x00\x00\x00\x65value"
ALPHABET = (string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_").encode()


def key_for(stated: SealClaims) -> SigningKey:
    return signing_key_from_seed(stated.kid, stated.chain, bytes(32))


def refused(header: bytes) -> str:
    with pytest.raises(Unsealed) as caught:
        read_seal(header)
    return caught.value.code


def around(text: str | bytes) -> bytes:
    """A header of the right outer shape around any protected text."""
    raw = text.encode() if isinstance(text, str) else text
    return base64url.encode(raw) + b".." + b"A" * 86


def protected_text(header: bytes) -> str:
    return base64url.decode(header.partition(b".")[0]).decode()


@given(seal_claims(), st.binary(max_size=200))
def test_what_is_sealed_is_what_is_read_and_its_signature_holds(stated: SealClaims, value: bytes) -> None:
    key = key_for(stated)
    seal_read = read_seal(seal(value, stated, key))
    assert seal_read.claims == stated
    verify_signature(seal_read, value, public(key))


@given(seal_claims())
def test_no_legal_claims_make_a_header_longer_than_common_readers_take(stated: SealClaims) -> None:
    header = seal(VALUE, stated, key_for(stated))
    assert len(header.partition(b".")[0]) <= 512


@pytest.mark.parametrize(
    "ending",
    [
        {"seq": 10**12, "prev": link_hash(b"", b"")},
        {"seq": 1, "after": (9998, 10**12)},
    ],
)
@pytest.mark.parametrize(
    ("topic", "owner"), [("region.quarantine.xx-abcdef", "region"), ("xx-abcdef.seizure", "xx-abcdef")]
)
def test_the_longest_legal_header_fits_in_512_characters(ending: dict[str, object], topic: str, owner: str) -> None:
    longest = claims(kid="k" * 20, aud="r" * 24, topic=topic, chain=owner, life=9999, iat=9_999_999_999, **ending)
    header = seal(VALUE, longest, key_for(longest))
    assert len(header.partition(b".")[0]) <= MAX_PROTECTED_CHARS == 512
    assert read_seal(header).claims == longest


def test_the_protected_header_is_readable_json_in_a_fixed_order() -> None:
    header = seal(VALUE, claims(seq=2, prev=link_hash(b"h", b"v")), a_key())
    assert list(json.loads(protected_text(header))) == [
        *("alg", "typ", "kid", "aud", "topic", "id", "key", "chain", "life", "seq", "prev", "iat")
    ]


def test_only_one_of_the_16_spellings_of_a_signature_is_read() -> None:
    header = seal(VALUE, claims(), a_key())
    true_value = ALPHABET.index(header[-1])
    spellings = [header[:-1] + ALPHABET[(true_value & 0b110000) + low :][:1] for low in range(16)]
    assert header in spellings
    others = [spelling for spelling in spellings if spelling != header]
    assert len(others) == 15
    assert {refused(other) for other in others} == {"bad_seal_form"}


@pytest.mark.parametrize("key_chars", range(1, 4))
def test_only_one_spelling_of_the_protected_header_is_read(key_chars: int) -> None:
    header = seal(VALUE, claims(kid="k" * key_chars), a_key("k" * key_chars))
    protected, _, signature = header.partition(b".")
    spare_bits = {0: 0, 2: 4, 3: 2}[len(protected) % 4]
    last = ALPHABET.index(protected[-1])
    others = [protected[:-1] + ALPHABET[last + low :][:1] for low in range(1, 2**spare_bits)]
    assert {refused(other + b"." + signature) for other in others} <= {"bad_seal_form"}
    assert len(others) == 2**spare_bits - 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _h: b"",
        lambda _h: None,
        lambda h: h + b"=",
        lambda h: h + b"\n",
        lambda h: b" " + h,
        lambda h: h + b".",
        lambda h: h.replace(b"..", b"."),
        lambda h: h.replace(b"..", b"." + base64url.encode(VALUE) + b"."),
        lambda h: h.replace(b"..", b"=.."),
        lambda h: h[:-1],
        lambda h: h[:-4],
        lambda h: h + b"AAAA",
        lambda h: h.rpartition(b".")[0] + b".",
        lambda h: b".." + h.rpartition(b".")[2],
        lambda h: h[:100] + b"\n" + h[100:],
        lambda h: h[:100] + b"+" + h[101:],
        lambda h: b"A" * 513 + h,
        lambda h: around(b"\xff" + protected_text(h).encode()),
    ],
)
def test_another_outer_form_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    assert refused(spoil(seal(VALUE, claims(), a_key()))) == "bad_seal_form"


TEXT = protected_text(seal(VALUE, claims(), a_key()))


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ('{"alg"', '{ "alg"'),
        ('"alg":"Ed25519"', '"alg":"EdDSA"'),
        ('"alg":"Ed25519"', '"alg":"none"'),
        ('"alg":"Ed25519",', '"alg":"Ed25519","alg":"Ed25519",'),
        ('"alg":"Ed25519",', '"alg":"Ed25519","crit":["exp"],'),
        ('"alg":"Ed25519",', '"alg":"Ed25519","b64":false,'),
        ('"alg":"Ed25519","typ":"event+seal"', '"typ":"event+seal","alg":"Ed25519"'),
        ('"typ":"event+seal"', '"typ":"JWT"'),
        ('"typ":"event+seal"', '"typ":"directory+jws"'),
        ('"typ":"event+seal",', ""),
        ('"rs-1"', '"rs\\u002d1"'),
        ('"rs-1"', '"RS-1"'),
        ('"rs-1"', '""'),
        ('"rs-1"', '"' + "k" * 21 + '"'),
        ('"rs.trace"', '"rs"'),
        ('"rs.trace"', '"rs..trace"'),
        (an_id("event"), an_id("event").upper()),
        (an_id("event"), ""),
        (an_id("record"), "31234-A-4711"),
        ('"life":1', '"life":true'),
        ('"life":1', '"life":1.0'),
        ('"life":1', '"life":"1"'),
        ('"life":1', '"life":01'),
        ('"life":1', '"life":0'),
        ('"life":1', '"life":-1'),
        ('"life":1', '"life":10000'),
        ('"seq":1', '"seq":0'),
        ('"seq":1', '"seq":1e3'),
        ('"seq":1', '"seq":1000000000001'),
        ('"seq":1', '"seq":\u0661'),
        ('"iat":', '"prev":null,"iat":'),
        ('"iat":', '"prev":"' + "A" * 42 + 'B","iat":'),
        ('"iat":', '"iat":0'),
        (f'"iat":{SEALED_AT_S}', '"iat":false'),
        ("}", ',"after":null}'),
        ("}", ',"after":[1]}'),
        ("}", ',"extra":1}'),
        ("}", "}\n"),
        ("}", "}}"),
    ],
)
def test_a_protected_header_that_is_not_exactly_our_writers_is_refused(found: str, put: str) -> None:
    assert found in TEXT
    assert refused(around(TEXT.replace(found, put, 1))) == "bad_seal_form"
    assert read_seal(around(TEXT)).claims == claims()


@given(st.data())
def test_any_change_of_the_protected_text_is_refused_or_read_as_what_it_then_says(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, len(TEXT)))
    changed = TEXT[:start] + data.draw(st.text(max_size=4)) + TEXT[end:]
    try:
        read = read_seal(around(changed)).claims
    except Unsealed:
        return
    rewritten = seal(VALUE, read, key_for(read))
    assert protected_text(rewritten) == changed


CONTRADICTIONS = [
    {"seq": 2},
    {"prev": link_hash(b"h", b"v")},
    {"life": 2},
    {"after": (1, 5)},
    {"life": 2, "after": (2, 5)},
    {"life": 2, "seq": 2, "prev": link_hash(b"h", b"v"), "after": (1, 5)},
]


@pytest.mark.parametrize("changes", CONTRADICTIONS)
def test_a_number_that_contradicts_prev_or_after_is_neither_sealed_nor_read(changes: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        seal(VALUE, claims(**changes), a_key())
    text = TEXT
    for name in ("life", "seq"):
        text = text.replace(f'"{name}":1', f'"{name}":{changes.get(name, 1)}')
    if "prev" in changes:
        text = text.replace('"iat"', f'"prev":"{changes["prev"]}","iat"')
    if "after" in changes:
        text = text[:-1] + ',"after":' + json.dumps(changes["after"]).replace(" ", "") + "}"
    assert refused(around(text)) == "bad_seal_chain"


@pytest.mark.parametrize(
    "changes",
    [
        {"life": True},
        {"life": 10_000, "after": (1, 1)},
        {"seq": 10**12 + 1, "prev": link_hash(b"h", b"v")},
        {"iat": SEALED_AT_S + 0.5},
        {"iat": -1},
        {"aud": "r" * 25},
        {"aud": 'r","x":"'},
        {"topic": "rs"},
        {"key": "case 31234"},
        {"event_id": ""},
    ],
)
def test_claims_out_of_bounds_are_not_sealed(changes: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        seal(VALUE, claims(**changes), a_key())


@pytest.mark.parametrize("key", [a_key("rs-2"), a_key("rs-1", "al")])
def test_a_key_seals_only_under_its_own_name_and_for_its_owner(key: SigningKey) -> None:
    with pytest.raises(NotOurs):
        seal(VALUE, claims(), key)


def test_the_link_covers_the_signature_and_separates_header_from_value() -> None:
    first = seal(VALUE, claims(), a_key())
    assert link_hash(first, VALUE) != link_hash(first[:-1] + b"A", VALUE)
    assert link_hash(b"ab", b"c") != link_hash(b"a", b"bc")


def test_a_signature_of_another_key_or_over_another_value_does_not_hold() -> None:
    read = read_seal(seal(VALUE, claims(), a_key()))
    for value, key in ((VALUE + b"x", a_key()), (VALUE, a_key("rs-2"))):
        with pytest.raises(Unsealed) as caught:
            verify_signature(read, value, public(key))
        assert caught.value.code == "bad_signature"
