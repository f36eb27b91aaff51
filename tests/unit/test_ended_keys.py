from dataclasses import replace

import pytest

from schemas.directory import LastHonest
from schemas.record import SEAL_HEADER, Record
from schemas.trust.chain import Expectation, verify_records
from schemas.trust.keys import KeyRing
from schemas.trust.seal import link_hash
from sealing import AUD, Writer, a_key, public

KEY = a_key()
HONEST = 3


def written(count: int, topic: str = "rs.trace") -> list[Record]:
    writer = Writer(KEY, topic)
    return [writer.write(b"value %d" % number) for number in range(1, count + 1)]


def link_of(record: Record) -> str:
    return link_hash(record.header_values(SEAL_HEADER)[0], record.value or b"")


def ended_after(*last: LastHonest) -> Expectation:
    key = replace(public(KEY), honest={one.topic: one for one in last})
    return Expectation(AUD, KeyRing.of([key]))


def last_of(records: list[Record]) -> LastHonest:
    return LastHonest(topic=records[0].topic, life=1, seq=len(records), hash=link_of(records[-1]))


def faults(records: list[Record], expected: Expectation, *, singly: bool = False) -> list[str | None]:
    verdicts = verify_records(records, expected, singly=singly)
    return [verdict.error.code if verdict.error else None for verdict in verdicts]


@pytest.mark.parametrize("singly", [True, False])
def test_what_a_key_sealed_beyond_its_last_honest_number_is_nobodys(singly: bool) -> None:
    records = written(HONEST + 2)
    expected = ended_after(last_of(records[:HONEST]))
    assert faults(records, expected, singly=singly) == [None] * HONEST + ["key_ended"] * 2


def test_a_topic_that_the_end_does_not_name_has_nothing_honest_of_the_key() -> None:
    records = written(2, "rs.seizure")
    assert faults(records, ended_after(last_of(written(2)))) == ["key_ended"] * 2
    assert faults(records, ended_after()) == ["key_ended"] * 2


def test_the_last_honest_number_is_one_record_and_no_other() -> None:
    records = written(HONEST)
    writer = Writer(KEY)
    for number in range(1, HONEST):
        writer.write(b"value %d" % number)
    forged = writer.write(b"something else")
    assert faults([*records, forged], ended_after(last_of(records))) == [None] * HONEST + ["key_ended"]


def test_a_later_life_of_an_ended_key_is_beyond_its_end() -> None:
    writer = Writer(KEY)
    first = writer.write(b"honest")
    writer.begin_life()
    assert faults([first, writer.write(b"later")], ended_after(last_of([first]))) == [None, "key_ended"]


def test_a_key_that_was_not_ended_is_not_measured() -> None:
    records = written(HONEST)
    assert faults(records, Expectation(AUD, KeyRing.of([public(KEY)]))) == [None] * HONEST
