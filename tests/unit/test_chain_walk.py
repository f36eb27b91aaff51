"""The walk gives the verdicts of verifying each signature, and spends fewer verifications."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Unsealed
from schemas.record import Link, Record
from schemas.trust import base64url
from schemas.trust.chain import Expectation, Verdict, verify_record, verify_records
from schemas.trust.keys import KeyRing, SigningKey
from schemas.trust.seal import SealClaims, link_hash, read_seal, seal
from sealing import AUD, Writer, a_key, a_run, an_id, claims, expecting, public, record_of, seal_of, with_seal

KEY = a_key()
NEXT_KEY = a_key("rs-2")
EXPECTED = expecting(KEY, NEXT_KEY, a_key("al-1", "al"))
RUN = a_run([bytes([n]) for n in range(6)])


@dataclass(slots=True)
class CountingKey:
    """Verifies like the key that it stands for, and counts."""

    key: Ed25519PublicKey
    verified: list[bytes] = field(default_factory=list)

    def verify(self, signature: bytes, signed: bytes) -> None:
        self.verified.append(signed)
        self.key.verify(signature, signed)


def verifications(records: Sequence[Record], *, singly: bool = False) -> int:
    counting = CountingKey(public(KEY).key)
    key = replace(public(KEY), key=cast("Ed25519PublicKey", counting))
    verify_records(records, Expectation(AUD, KeyRing.of([key])), singly=singly)
    return len(counting.verified)


def code(verdict: Verdict) -> str | None:
    assert (verdict.seal is None) == (verdict.error is not None)
    return verdict.error.code if verdict.error else None


def codes(records: Sequence[Record], *, singly: bool = False) -> list[str | None]:
    return [code(verdict) for verdict in verify_records(records, EXPECTED, singly=singly)]


def one_by_one(record: Record) -> str | None:
    try:
        verify_record(record, EXPECTED)
    except Unsealed as error:
        return error.code
    return None


def forged(stated: SealClaims, value: bytes = b"forged") -> Record:
    """What somebody without the key can make: the right form, a signature of another key."""
    header = seal(value, stated, SigningKey(stated.kid, stated.chain, a_key("al-1").key))
    return record_of(value, stated, header)


def spoiled(record: Record) -> Record:
    """The record with its signature's first character changed."""
    header = seal_of(record)
    at = header.index(b"..") + 2
    return with_seal(record, header[:at] + (b"B" if header[at : at + 1] == b"A" else b"A") + header[at + 1 :])


def test_verdicts_come_in_the_order_of_the_records() -> None:
    verdicts = verify_records(RUN, EXPECTED)
    assert [verdict.record for verdict in verdicts] == RUN
    assert [v.seal.claims.seq for v in verdicts if v.seal] == [1, 2, 3, 4, 5, 6]
    assert verify_records([], EXPECTED) == []


def test_a_run_costs_one_verification_and_singly_costs_all() -> None:
    assert verifications(RUN) == 1
    assert verifications(RUN, singly=True) == len(RUN)


def test_a_gap_costs_one_more_verification() -> None:
    assert codes(RUN[:2] + RUN[3:]) == [None] * 5
    assert verifications(RUN[:2] + RUN[3:]) == 2


def test_repeats_and_foreign_bytes_in_between_do_not_stop_the_walk() -> None:
    foreign = Record("rs.trace", 99, b"\xff", b"\xff\xff")
    records = [RUN[0], foreign, RUN[1], RUN[1], RUN[0], foreign, RUN[2]]
    assert codes(records) == [None, "no_seal", None, None, None, "no_seal", None]
    assert verifications(records) == 2  # the end, and the repeat that comes after its own successor


def test_the_other_order_is_verified_one_by_one_with_the_same_verdicts() -> None:
    assert codes(RUN[::-1]) == [None] * len(RUN)
    assert verifications(RUN[::-1]) == len(RUN)


def test_a_forged_end_vouches_for_nothing_and_does_not_harm_what_it_points_at() -> None:
    real = read_seal(seal_of(RUN[2])).claims
    end = forged(real._replace(seq=4, prev=link_hash(seal_of(RUN[2]), b"\x02"), event_id=an_id("forged")))
    assert codes([*RUN[:3], end]) == [None, None, None, "bad_signature"]
    pointed_at = forged(real._replace(seq=3))
    successor = forged(real._replace(seq=4, prev=link_hash(seal_of(pointed_at), b"forged")))
    assert codes([pointed_at, successor]) == ["bad_signature", "bad_signature"]


def test_a_real_successor_does_not_vouch_for_a_changed_predecessor() -> None:
    for broken in (spoiled(RUN[2]), replace(RUN[2], value=b"other")):
        records = [*RUN[:2], broken, *RUN[3:]]
        assert codes(records) == [None, None, "bad_signature", None, None, None]
        assert codes([*records[:3], RUN[2], *records[3:]]) == [None, None, "bad_signature", None, None, None, None]


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": "rs.seizure"},
        {"key": an_id("another").encode()},
        {"headers": (*RUN[2].headers, ("ce_id", b"x"))},
        {"headers": RUN[2].headers[:1] * 2},
    ],
)
def test_a_walk_checks_topic_key_and_headers_of_every_record(changes: dict[str, object]) -> None:
    moved = replace(RUN[2], **changes)  # type: ignore[arg-type]  # a changed record is any record
    verdicts = codes([*RUN[:2], moved, *RUN[3:]])
    assert [at for at, verdict in enumerate(verdicts) if verdict] == [2]


def linked(first: Record, key: SigningKey, **changes: object) -> Record:
    """A record of this key that names the first as its predecessor, whatever else it claims."""
    prev = link_hash(seal_of(first), first.value or b"")
    stated = claims(kid=key.kid, chain=key.owner, seq=2, prev=prev, **changes)
    return record_of(b"second", stated, seal(b"second", stated, key))


@pytest.mark.parametrize(
    "second",
    [
        linked(spoiled(RUN[0]), NEXT_KEY),
        linked(spoiled(RUN[0]), a_key("al-1", "al"), topic="al.trace"),
        linked(spoiled(RUN[0]), KEY, topic="rs.seizure"),
        linked(spoiled(RUN[0]), KEY, life=2),
        linked(spoiled(RUN[1]), KEY),
    ],
    ids=["another key of the owner", "another owner", "another topic", "another life", "not the number before"],
)
def test_only_the_next_number_of_the_same_key_topic_and_life_vouches(second: Record) -> None:
    broken = [spoiled(RUN[0]), spoiled(RUN[1])]
    assert codes([*broken, second]) == ["bad_signature", "bad_signature", None]


def test_a_change_of_key_within_a_life_is_verified_on_both_sides() -> None:
    writer = Writer()
    records = [writer.write(b"1"), writer.write(b"2")]
    later = Writer(key=NEXT_KEY, link=writer.link)
    records += [later.write(b"3"), later.write(b"4")]
    assert codes(records) == [None] * 4
    assert codes([records[0], spoiled(records[1]), *records[2:]]) == [None, "bad_signature", None, None]


def test_a_key_that_was_not_valid_yet_is_refused_inside_a_walk() -> None:
    early = read_seal(seal_of(RUN[1])).claims._replace(iat=1)
    second = record_of(b"2", early, seal(b"2", early, KEY))
    writer = Writer(link=Link(1, 2, link_hash(seal_of(second), b"2")))
    assert codes([RUN[0], second, writer.write(b"3")]) == [None, "signing_key_not_valid", None]


def test_only_the_owner_of_a_key_can_have_a_broken_seal_walked_and_singly_refuses_it() -> None:
    records = [spoiled(RUN[0]), linked(spoiled(RUN[0]), KEY)]
    assert codes(records) == [None, None]
    assert codes(records, singly=True) == ["bad_signature", None]


WRITTEN = [*RUN, Writer(link=Link(2, 0, None, after=(1, 6))).write(b"7")]
TAMPERINGS = st.sampled_from(
    [
        lambda r: r,
        spoiled,
        lambda r: replace(r, value=b"changed"),
        lambda r: replace(r, value=None),
        lambda r: replace(r, topic="rs.seizure"),
        lambda r: replace(r, key=None),
        lambda r: with_seal(r, b""),
        lambda r: with_seal(r, seal_of(RUN[3])),
        lambda r: with_seal(r, seal_of(r)[:200] + base64url.encode(b"x") + seal_of(r)[202:]),
        lambda r: forged(read_seal(seal_of(r)).claims, r.value),
        lambda r: forged(read_seal(seal_of(r)).claims._replace(event_id=an_id("other")), r.value),
    ]
)


@st.composite
def tampered_logs(draw: st.DrawFn) -> list[Record]:
    """What a broker's operator can make of a run: dropped, repeated, reordered, changed, forged."""
    places = draw(st.lists(st.integers(0, len(WRITTEN) - 1), max_size=10))
    if draw(st.booleans()):
        places.sort()
    return [draw(TAMPERINGS)(WRITTEN[place]) for place in places]


def cut(records: Sequence[Record], sizes: Iterator[int]) -> Iterator[Sequence[Record]]:
    start = 0
    while start < len(records):
        end = start + next(sizes)
        yield records[start:end]
        start = end


@given(tampered_logs(), st.lists(st.integers(1, 10), min_size=10, max_size=10))
def test_whatever_an_operator_does_every_cut_gives_the_verdicts_of_verifying_singly(
    log: list[Record], sizes: list[int]
) -> None:
    expected = [one_by_one(record) for record in log]
    assert codes(log) == expected
    assert [verdict for batch in cut(log, iter(sizes)) for verdict in codes(batch)] == expected
    assert codes(log, singly=True) == expected
