"""Heartbeats and heads held against the log: what is missing at a chain's end, altered, or was never heard."""

from collections.abc import Mapping, Sequence

import pytest

from consumers.checking import Terms
from consumers.heads.telling import Heard, head_of
from interfocal.ledger.heads import check_all_heads
from interfocal.ledger.log import TopicLog, read_log
from producers.heartbeat import heartbeat_of
from producers.intake.assemble import Identity
from records import Station, a_seizure, signing_key
from schemas.directory import Directory, Member
from schemas.events.ids import value_sha256
from schemas.record import Link
from schemas.topics import HEAD_TOPIC
from schemas.wire.codec import encode
from sealing import AUD, SEALED_AT, expecting
from twins import TwinLog, TwinReader

TOPIC, BEATS = "rs.seizure", "rs.heartbeat"
TERMS = Terms(expecting(signing_key("rs"), signing_key("region")), exercise=True)
IDENTITY = Identity("RS", b"k" * 32, exercise=True)


DIRECTORY = Directory(
    region=AUD,
    title="One member",
    version=1,
    exercise=True,
    issued_at=SEALED_AT,
    expires_at=SEALED_AT,
    members=(Member(code="RS", name="Serbia"),),
)


def logs(records: int = 3, named: Link | None = None, line: str | None = None) -> Mapping[str, TopicLog]:
    """A topic with so many records; a heartbeat that names a head (its last record), a head that names a heartbeat."""
    log = TwinLog([TOPIC, BEATS, HEAD_TOPIC])
    station = Station(TOPIC)
    station.put(log, *(a_seizure(f"case-{number}") for number in range(records)))
    beat = heartbeat_of(IDENTITY, {TOPIC: named or station.link}, SEALED_AT, 15.0)
    Station(BEATS).put(log, beat)
    heard = Heard("RS", line or value_sha256(encode(beat)), log.topics[BEATS][0].appended_ms)
    Station(HEAD_TOPIC).put(log, head_of(DIRECTORY, [heard], SEALED_AT))
    read = read_log(TwinReader(log), [TOPIC, BEATS, HEAD_TOPIC], TERMS)
    assert [problem for one in read.values() for problem in one.problems] == []
    return read


def found(read: Mapping[str, TopicLog]) -> Sequence[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in check_all_heads(read)]


def test_heads_that_the_log_bears_out_are_no_problem() -> None:
    assert found(logs()) == []


def test_a_chain_that_lost_its_end_is_a_gap_that_the_heartbeat_names() -> None:
    assert found(logs(3, Link(1, 5, "x" * 43))) == [("chain_gap", f"{TOPIC} life 1: 4 to 5")]
    assert found(logs(0, Link(2, 2, "x" * 43))) == [("chain_gap", f"{TOPIC} life 2: 1 to 2")]


def test_a_record_that_is_another_than_its_writer_sealed_under_the_number_is_found() -> None:
    assert found(logs(3, Link(1, 3, "x" * 43))) == [("head_differs", f"{TOPIC} life 1: 3, named at {BEATS} 0")]


def test_a_line_that_names_no_heartbeat_of_its_member_is_found() -> None:
    ((code, where),) = found(logs(line="y" * 43))
    assert code == "head_line_unknown"
    assert where.startswith("RS in ")


@pytest.mark.parametrize("seq", [1, 2])
def test_a_head_that_was_named_before_later_records_came_is_held_against_its_own_number(seq: int) -> None:
    assert found(logs(3, Link(1, seq, "x" * 43)))[0][0] == "head_differs"
