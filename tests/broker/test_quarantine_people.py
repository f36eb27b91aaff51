"""What persons decide about the quarantine is written once, with who and why; senders are told once."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import psycopg
import pytest

from consumers.quarantine.deciding import Because, Desk, Kind, confirm, decide_about, propose, settle_at_desk
from consumers.quarantine.entries import Faulty, PostgresQuarantine, QuarantineEntry, Verdict, Wanted
from consumers.quarantine.telling import Teller, mark_told
from consumers.store.migrate import migrate
from schemas.errors import Rejected
from schemas.events.decision import Decision
from schemas.events.quarantined import Quarantined
from schemas.record import Record
from schemas.wire.codec import decode
from sealing import AUD, SEALED_AT, an_id

DESK = Desk(AUD, 7, exercise=True, now=lambda: SEALED_AT)
TELLER = Teller(AUD, exercise=True, now=lambda: SEALED_AT)
BECAUSE = Because("officer-7", "program_mended")


def faulty(offset: int, member: str | None = "RS") -> Faulty:
    owned = (an_id(f"event {offset}"), member) if member else (None, None)
    verdict = Verdict.UNUSABLE if member else Verdict.FOREIGN
    record = Record("rs.seizure", offset, b"key", b"value", (), int(SEALED_AT.timestamp() * 1000))
    return Faulty(record, verdict, "wrong_party", {"act": "answer"}, *owned)


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    migrate(database, "region")
    with psycopg.connect(database) as opened:
        PostgresQuarantine(opened).put([faulty(0), faulty(1), faulty(2, None)])
        yield opened


def entries(connection: psycopg.Connection[Any], *numbers: int) -> Sequence[QuarantineEntry]:
    return PostgresQuarantine(connection).entries(Wanted(numbers=numbers or None), 10)


def outbox(connection: psycopg.Connection[Any]) -> list[Any]:
    rows = connection.execute("select topic, value from region_outbox order by row_id").fetchall()
    return [(topic, decode(value)[1]) for topic, value in rows]


@pytest.mark.parametrize("kind", ["release", "discard"])
def test_a_decision_names_who_and_why_and_what_it_is_about(connection: psycopg.Connection[Any], kind: Kind) -> None:
    decide_about(connection, DESK, kind, entries(connection, 1), BECAUSE)
    ((topic, decision),) = outbox(connection)
    assert topic == "region.decision"
    assert isinstance(decision, Decision)
    assert (decision.kind, decision.decided_by, decision.confirmed_by) == (kind, "officer-7", None)
    part = decision.release if kind == "release" else decision.discard
    assert part is not None
    assert (part.topic, part.offset, part.reason, part.because) == ("rs.seizure", 0, "wrong_party", "program_mended")


def test_what_was_decided_is_not_decided_again_while_it_is_on_its_way(connection: psycopg.Connection[Any]) -> None:
    decide_about(connection, DESK, "release", entries(connection, 1), BECAUSE)
    with pytest.raises(Rejected, match="entry 1 was decided about"):
        decide_about(connection, DESK, "release", entries(connection, 1), BECAUSE)


def test_a_reason_has_to_be_on_the_list(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(Rejected, match="there are: program_mended, "):
        decide_about(connection, DESK, "release", entries(connection, 1), Because("officer-7", "because"))
    assert outbox(connection) == []


def test_many_are_discarded_by_two_persons_only(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(Rejected, match="second person"):
        decide_about(connection, DESK, "discard", entries(connection), BECAUSE)
    with pytest.raises(Rejected, match="second person"):
        decide_about(connection, DESK, "discard", entries(connection), Because("a", "test_bytes", "a"))
    number = propose(connection, entries(connection), Because("officer-7", "test_bytes"))
    assert outbox(connection) == []
    with pytest.raises(Rejected, match="another person"):
        confirm(connection, DESK, number, "officer-7")
    confirm(connection, DESK, number, "officer-9")
    told = {(d.decided_by, d.confirmed_by, d.discard.because) for _, d in outbox(connection)}
    assert told == {("officer-7", "officer-9", "test_bytes")}
    assert len(outbox(connection)) == 3
    with pytest.raises(Rejected, match="no proposal"):
        confirm(connection, DESK, number, "officer-9")


def test_one_person_may_release_many(connection: psycopg.Connection[Any]) -> None:
    assert len(decide_about(connection, DESK, "release", entries(connection), BECAUSE)) == 3


def test_a_desk_settles_its_own_at_once(database: str) -> None:
    migrate(database, "desk")
    with psycopg.connect(database) as connection:
        PostgresQuarantine(connection).put([faulty(0), faulty(1)])
        settle_at_desk(connection, "discard", entries(connection, 1), BECAUSE)
        settle_at_desk(connection, "release", entries(connection, 2), BECAUSE)
        (left,) = entries(connection)
        assert left.released_by == "officer-7 program_mended"
        (gone,) = PostgresQuarantine(connection).entries(Wanted(settled=True, numbers=(1,)), 1)
        assert gone.settlement is not None
        assert (gone.settlement.how, gone.settlement.by) == ("discarded", "officer-7 program_mended")


def test_senders_are_told_once_and_nobody_of_what_is_nobodys(connection: psycopg.Connection[Any]) -> None:
    assert TELLER.tell(connection) == 2
    assert TELLER.tell(connection) == 0
    told = outbox(connection)
    assert {topic for topic, _ in told} == {"region.quarantine.rs"}
    assert all(isinstance(event, Quarantined) for _, event in told)
    assert [(e.topic, e.offset, e.of_event, e.reason) for _, e in told] == [
        ("rs.seizure", n, an_id(f"event {n}"), "wrong_party") for n in (0, 1)
    ]
    assert [(p.name, p.value) for p in told[0][1].parameters] == [("act", "answer")]
    assert told[0][1].appended_at == SEALED_AT.replace(microsecond=0)


def test_what_was_told_before_the_database_was_lost_is_not_told_again(connection: psycopg.Connection[Any]) -> None:
    mark_told(connection, {("rs.seizure", 0)})
    assert TELLER.tell(connection) == 1
    ((_, event),) = outbox(connection)
    assert event.offset == 1


def test_a_long_parameter_is_cut_and_an_empty_one_left_out(connection: psycopg.Connection[Any]) -> None:
    long = Faulty(
        Record("rs.seizure", 9, None, None),
        Verdict.UNDECODABLE,
        "malformed",
        {"a": "x" * 200, "b": ""},
        an_id("e"),
        "RS",
    )
    PostgresQuarantine(connection).put([long])
    TELLER.tell(connection)
    event = outbox(connection)[-1][1]
    assert [(p.name, len(p.value)) for p in event.parameters] == [("a", 80)]
    assert event.sha256 is None
    assert isinstance(event.recorded_at, datetime)
