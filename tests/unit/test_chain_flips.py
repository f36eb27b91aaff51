"""One bit of one of ten events is another: it is never accepted, and its neighbours always are."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import cast

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.errors import Unsealed
from schemas.record import Record
from schemas.trust.chain import Expectation, verify_record, verify_records
from schemas.trust.keys import KeyRing
from sealing import AUD, a_key, a_run, public, seal_of, with_seal

EVENTS = 10
EVERY_CUT_OF_EACH_NTH_FLIP = 101
RUN = a_run([bytes([0, 0, 0, 0, 101, n, 255 - n]) for n in range(EVENTS)])


@dataclass(frozen=True, slots=True)
class RememberingKey:
    """Verifies like the real key, each pair of bytes only once: thousands of runs differ in one record."""

    key: Ed25519PublicKey
    known: dict[tuple[bytes, bytes], bool] = field(default_factory=dict)

    def verify(self, signature: bytes, signed: bytes) -> None:
        if (signature, signed) not in self.known:
            self.known[signature, signed] = self._holds(signature, signed)
        if not self.known[signature, signed]:
            raise InvalidSignature

    def _holds(self, signature: bytes, signed: bytes) -> bool:
        try:
            self.key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True


@cache
def expected() -> Expectation:
    key = public(a_key())
    remembering = cast("Ed25519PublicKey", RememberingKey(key.key))
    return Expectation(AUD, KeyRing.of([replace(key, key=remembering)]))


def flips(raw: bytes) -> Iterator[bytes]:
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


def flipped_records(record: Record) -> Iterator[Record]:
    """The record with each bit of value, key, seal and topic flipped in turn."""
    assert record.value is not None
    assert record.key is not None
    yield from (replace(record, value=value) for value in flips(record.value))
    yield from (replace(record, key=key) for key in flips(record.key))
    yield from (with_seal(record, header) for header in flips(seal_of(record)))
    yield from (replace(record, topic=topic.decode("latin-1")) for topic in flips(record.topic.encode()))


def accepted(records: list[Record]) -> list[bool]:
    return [verdict.seal is not None for verdict in verify_records(records, expected())]


def test_all_ten_are_accepted_as_they_are() -> None:
    assert accepted(RUN) == [True] * EVENTS


@pytest.mark.parametrize("at", range(EVENTS))
def test_no_flipped_bit_is_accepted_singly_or_inside_a_walked_run(at: int) -> None:
    count = 0
    for flipped in flipped_records(RUN[at]):
        with pytest.raises(Unsealed):
            verify_record(flipped, expected())
        verdicts = accepted([*RUN[:at], flipped, *RUN[at + 1 :]])
        assert verdicts == [other != at for other in range(EVENTS)]
        count += 1
    assert count > 8 * len(seal_of(RUN[at]))


@pytest.mark.parametrize("at", range(EVENTS))
def test_every_cut_into_batches_gives_the_same_verdicts(at: int) -> None:
    """A cut is made of stretches; when each stretch gives the run's own verdicts, so does each of the 512 cuts."""
    for number, flipped in enumerate(flipped_records(RUN[at])):
        if number % EVERY_CUT_OF_EACH_NTH_FLIP:
            continue
        run = [*RUN[:at], flipped, *RUN[at + 1 :]]
        whole = accepted(run)
        for start in range(EVENTS):
            for end in range(start + 1, EVENTS + 1):
                assert accepted(run[start:end]) == whole[start:end]
