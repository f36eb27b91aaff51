import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.directory import DIRECTORY_TYPE
from schemas.errors import Misconfigured, Unsealed
from schemas.trust import base64url
from schemas.trust.documents import MAX_DOCUMENT_BYTES, MAX_SIGNATURES, countersign, open_document, sign_document
from schemas.trust.keys import thumbprint
from schemas.trust.seal import seal
from sealing import a_key, claims

ROOT = a_key("root-1", "root")
ROOTS = [thumbprint(ROOT.raw_public)]
PAYLOAD = b'{"region":"test-region"}'
TOKEN = sign_document(PAYLOAD, DIRECTORY_TYPE, ROOT)


def refused(token: bytes, typ: str = DIRECTORY_TYPE, roots: list[str] = ROOTS) -> str:
    with pytest.raises(Unsealed) as caught:
        open_document(token, typ, roots)
    return caught.value.code


@given(st.binary(max_size=100))
def test_what_a_root_signed_is_what_is_opened(payload: bytes) -> None:
    assert open_document(sign_document(payload, DIRECTORY_TYPE, ROOT), DIRECTORY_TYPE, ROOTS) == payload


def test_a_root_that_is_not_trusted_here_opens_nothing() -> None:
    other = thumbprint(a_key("root-2", "root").raw_public)
    assert refused(TOKEN, roots=[other]) == "unknown_root"
    assert refused(TOKEN, roots=[]) == "unknown_root"
    assert open_document(TOKEN, DIRECTORY_TYPE, [other, *ROOTS]) == PAYLOAD


def test_a_document_of_another_type_is_refused() -> None:
    assert refused(sign_document(PAYLOAD, "head+jws", ROOT)) == "other_document"


def test_as_many_roots_have_to_sign_as_the_threshold_says() -> None:
    second, third = a_key("root-2", "root"), a_key("root-3", "root")
    roots = [*ROOTS, thumbprint(second.raw_public), thumbprint(third.raw_public)]
    both = countersign(TOKEN, DIRECTORY_TYPE, second)
    assert open_document(both, DIRECTORY_TYPE, roots, 2) == PAYLOAD
    for token, threshold in ((TOKEN, 2), (both, 3), (countersign(TOKEN, DIRECTORY_TYPE, ROOT), 2)):
        with pytest.raises(Unsealed) as caught:
            open_document(token, DIRECTORY_TYPE, roots, threshold)
        assert caught.value.code == "too_few_roots"
    with pytest.raises(Unsealed) as caught:
        open_document(both, DIRECTORY_TYPE, roots[2:], 1)
    assert caught.value.code == "unknown_root"


def test_a_signature_repeated_or_by_a_stranger_does_not_count() -> None:
    stranger = a_key("root-2", "root")
    roots = [*ROOTS, thumbprint(a_key("root-3", "root").raw_public)]
    for token in (TOKEN + b"\n" + TOKEN, countersign(TOKEN, DIRECTORY_TYPE, stranger)):
        assert open_document(token, DIRECTORY_TYPE, roots) == PAYLOAD
        with pytest.raises(Unsealed) as caught:
            open_document(token, DIRECTORY_TYPE, roots, 2)
        assert caught.value.code == "too_few_roots"


def test_signatures_over_two_payloads_are_no_document() -> None:
    assert refused(TOKEN + b"\n" + sign_document(b"{}", DIRECTORY_TYPE, ROOT)) == "bad_document_form"
    assert refused(b"\n".join([TOKEN] * (MAX_SIGNATURES + 1))) == "bad_document_form"


def test_a_trusted_root_whose_signature_is_broken_opens_nothing_even_beside_a_whole_one() -> None:
    second = a_key("root-2", "root")
    other = sign_document(PAYLOAD, DIRECTORY_TYPE, second)
    broken = other.rpartition(b".")[0] + b"." + TOKEN.rpartition(b".")[2]
    assert refused(TOKEN + b"\n" + broken, roots=[*ROOTS, thumbprint(second.raw_public)]) == "bad_signature"


def test_the_key_inside_counts_only_with_its_own_signature() -> None:
    forged = sign_document(PAYLOAD, DIRECTORY_TYPE, a_key("root-2", "root"))
    signature = forged.rpartition(b".")[2]
    assert refused(TOKEN.rpartition(b".")[0] + b"." + signature) == "bad_signature"


def test_no_flipped_bit_is_opened() -> None:
    for bit in range(len(TOKEN) * 8):
        flipped = bytearray(TOKEN)
        flipped[bit // 8] ^= 1 << bit % 8
        refused(bytes(flipped))


def test_an_events_seal_is_never_a_document() -> None:
    header = seal(PAYLOAD, claims(), a_key())
    attached = header.replace(b"..", b"." + base64url.encode(PAYLOAD) + b".")
    assert refused(attached, roots=[thumbprint(a_key().raw_public)]) == "bad_document_form"


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"..",
        TOKEN + b"\n",
        TOKEN + b"=",
        b"." + TOKEN,
        TOKEN + b".",
        TOKEN.rpartition(b".")[0],
        base64url.encode(b'{"alg":"none"}') + b"." + base64url.encode(PAYLOAD) + b".",
        base64url.encode(b"\xff") + b"." + base64url.encode(PAYLOAD) + b".",
        TOKEN + b"A" * MAX_DOCUMENT_BYTES,
    ],
)
def test_another_form_is_refused(token: bytes) -> None:
    assert refused(token) == "bad_document_form"


@pytest.mark.parametrize("typ", ["directory", "event+seal", "", 'x+jws","x":"y', "DIRECTORY+jws"])
def test_only_a_documents_type_is_signed(typ: str) -> None:
    with pytest.raises(Misconfigured):
        sign_document(PAYLOAD, typ, ROOT)


def test_a_document_that_nobody_would_read_is_not_signed() -> None:
    with pytest.raises(Misconfigured):
        sign_document(bytes(MAX_DOCUMENT_BYTES), DIRECTORY_TYPE, ROOT)
