from dataclasses import replace

import pytest

from schemas.errors import NotOurs, Stop, Unsealed
from schemas.record import Draft, Link, Record
from schemas.trust.chain import Expectation, check_record, verify_record, verify_records
from schemas.trust.faults import SENTENCES, Fault
from schemas.trust.keys import KeyRing
from schemas.trust.seal import seal
from schemas.trust.sealer import sealer
from sealing import (
    AUD,
    SEALED_AT,
    SEALED_AT_S,
    YEAR_S,
    Writer,
    a_key,
    a_run,
    an_id,
    claims,
    expecting,
    held,
    record_of,
    with_seal,
)

VALUE = b"value"
KEY = a_key()
EXPECTED = expecting(KEY)


def sealed(**changes: object) -> Record:
    stated = claims(**changes)
    key = a_key(stated.kid, stated.chain)
    return record_of(VALUE, stated, seal(VALUE, stated, key))


def fault(record: Record, expected: Expectation = EXPECTED) -> str:
    with pytest.raises(Unsealed) as caught:
        check_record(record, expected)
    assert [verdict.seal for verdict in verify_records([record], expected)] == [None]
    return caught.value.code


def test_a_record_as_its_owner_sealed_it_passes() -> None:
    record = sealed()
    assert check_record(record, EXPECTED).claims == claims()
    assert verify_record(record, EXPECTED) == check_record(record, EXPECTED)


def test_a_record_without_a_key_is_sealed_as_such() -> None:
    record = sealed(key="")
    assert record.key is None
    verify_record(record, EXPECTED)
    assert fault(replace(record, key=b"")) == "other_record_key"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"headers": ()}, "no_seal"),
        ({"headers": (("Seal", b""),)}, "no_seal"),
        ({"headers": sealed().headers[:1] * 2}, "many_seals"),
        ({"headers": (("seal", b""),)}, "bad_seal_form"),
        ({"value": None}, "no_value"),
        ({"topic": "rs.seizure"}, "other_topic"),
        ({"topic": "al.trace"}, "other_topic"),
        ({"key": None}, "other_record_key"),
        ({"key": an_id("another").encode()}, "other_record_key"),
        ({"headers": (*sealed().headers, ("ce_id", b"another"))}, "header_disagrees"),
        ({"headers": (*sealed().headers[:1], ("ce_id", an_id("event").upper().encode()))}, "header_disagrees"),
    ],
)
def test_a_record_that_is_not_as_sealed_is_refused(changes: dict[str, object], code: str) -> None:
    assert fault(replace(sealed(), **changes)) == code  # type: ignore[arg-type]  # a changed record is any record


def test_a_record_sealed_for_another_region_is_refused() -> None:
    assert fault(sealed(aud="another-region")) == "other_region"


def test_nobody_seals_on_the_topic_of_another() -> None:
    others = sealed(kid="al-1", chain="al")
    assert fault(others, expecting(KEY, a_key("al-1", "al"))) == "other_owner"


def test_a_key_that_the_directory_gives_to_another_owner_does_not_count() -> None:
    assert fault(sealed(), expecting(replace(KEY, owner="al"))) == "other_owner"


def test_a_key_that_the_directory_does_not_know_does_not_count() -> None:
    assert fault(sealed(kid="rs-9")) == "unknown_signing_key"


@pytest.mark.parametrize(("iat", "code"), [(-1, "signing_key_not_valid"), (0, None), (YEAR_S - 1, None)])
def test_a_key_seals_from_its_first_second_to_before_its_end(iat: int, code: str | None) -> None:
    ring = KeyRing.of([KEY.public(SEALED_AT_S, SEALED_AT_S + YEAR_S)])
    record = sealed(iat=SEALED_AT_S + iat)
    if code is None:
        verify_record(record, Expectation(AUD, ring))
    else:
        assert fault(record, Expectation(AUD, ring)) == code
    assert fault(sealed(iat=SEALED_AT_S + YEAR_S), Expectation(AUD, ring)) == "signing_key_not_valid"


def test_a_seal_under_another_key_of_the_same_name_does_not_verify() -> None:
    impostor = replace(a_key("al-1"), kid="rs-1")
    record = with_seal(sealed(), seal(VALUE, claims(), impostor))
    check_record(record, EXPECTED)
    with pytest.raises(Unsealed) as caught:
        verify_record(record, EXPECTED)
    assert caught.value.code == "bad_signature"


def test_every_fault_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Fault)


def test_a_relays_run_verifies_over_lives_and_its_first_numbers_say_where_the_chain_stood() -> None:
    writer = Writer()
    records = [writer.write(b"1"), writer.write(b"2")]
    writer.begin_life()
    records += [writer.write(b"3"), writer.write(b"4")]
    seals = [verify_record(record, EXPECTED).claims for record in records]
    assert [(s.life, s.seq, s.after) for s in seals] == [(1, 1, None), (1, 2, None), (2, 1, (1, 2)), (2, 2, None)]


def test_a_sealer_seals_only_its_owners_topics_and_only_the_next_number() -> None:
    seal_draft = sealer(held(KEY), AUD, lambda: SEALED_AT)
    with pytest.raises(NotOurs):
        seal_draft(Draft("al.trace", an_id("event"), "", VALUE), Link(1, 0, None), 1)
    with pytest.raises(Stop) as caught:
        seal_draft(Draft("rs.trace", an_id("event"), "", VALUE), Link(1, 0, None), 2)
    assert caught.value.code == "number_jumps"


def test_a_run_is_linked_from_its_first_number() -> None:
    assert [check_record(r, EXPECTED).claims.seq for r in a_run([b"a", b"b", b"c"])] == [1, 2, 3]
