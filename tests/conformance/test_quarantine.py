"""What every quarantine promises. A new one is one entry in ``PLACES``."""

from collections.abc import Callable, Iterator, Mapping

import psycopg
import pytest

from consumers.quarantine.entries import (
    FOREIGN_MEMBER,
    Faulty,
    PostgresQuarantine,
    Quarantine,
    Verdict,
    Wanted,
    escaped,
    unescaped,
)
from consumers.store.migrate import migrate
from schemas.record import Record
from sealing import an_id
from twins import TwinQuarantine

RECORD = Record("rs.seizure", 7, b"\x00key\xff", b"\x00value\xff", (("seal", b"\x00"), ("na\x00me ž\\x00", b"")))
FOREIGN = Faulty(RECORD, Verdict.FOREIGN, "no_seal")
OWN = Faulty(
    Record("al.missing", 3, None, None), Verdict.UNUSABLE, "wrong_party", {"act": "answer"}, an_id("event"), "AL"
)


def twin_place(request: pytest.FixtureRequest) -> Iterator[Quarantine]:
    del request
    yield TwinQuarantine()


def postgres_place(request: pytest.FixtureRequest) -> Iterator[Quarantine]:
    url: str = request.getfixturevalue("database")
    migrate(url, "desk")
    with psycopg.connect(url) as connection:
        yield PostgresQuarantine(connection)


PLACES: Mapping[str, Callable[[pytest.FixtureRequest], Iterator[Quarantine]]] = {
    "twin": twin_place,
    "postgres": postgres_place,
}


@pytest.fixture(params=PLACES)
def quarantine(request: pytest.FixtureRequest) -> Iterator[Quarantine]:
    yield from PLACES[request.param](request)


def test_an_entry_comes_back_as_it_was_put(quarantine: Quarantine) -> None:
    quarantine.put([FOREIGN, OWN])
    kept = [entry.faulty for entry in quarantine.entries(Wanted(), 10)]
    assert [(f.verdict, f.reason, f.parameters, f.event_id, f.member) for f in kept] == [
        (f.verdict, f.reason, f.parameters, f.event_id, f.member) for f in (FOREIGN, OWN)
    ]
    assert [entry.record.headers for entry in kept] == [RECORD.headers, ()]
    assert [(f.record.topic, f.record.offset, f.record.key, f.record.value) for f in kept] == [
        ("rs.seizure", 7, RECORD.key, RECORD.value),
        ("al.missing", 3, None, None),
    ]


def test_a_record_is_kept_once(quarantine: Quarantine) -> None:
    quarantine.put([FOREIGN])
    quarantine.put([FOREIGN, Faulty(RECORD, Verdict.UNUSABLE, "another")])
    assert [entry.faulty.reason for entry in quarantine.entries(Wanted(), 10)] == ["no_seal"]
    assert quarantine.waiting(["rs.seizure"]) == {"rs.seizure": 1}


def test_what_waits_is_counted_by_topic(quarantine: Quarantine) -> None:
    quarantine.put([FOREIGN, OWN, Faulty(Record("rs.seizure", 8, None, None), Verdict.FOREIGN, "no_seal")])
    assert quarantine.waiting(["rs.seizure", "al.missing", "mk.trace"]) == {
        "rs.seizure": 2,
        "al.missing": 1,
        "mk.trace": 0,
    }


@pytest.mark.parametrize(
    ("wanted", "reasons"),
    [
        (Wanted(), ["no_seal", "wrong_party"]),
        (Wanted(member="AL"), ["wrong_party"]),
        (Wanted(member=FOREIGN_MEMBER), ["no_seal"]),
        (Wanted(stream="missing"), ["wrong_party"]),
        (Wanted(reason="no_seal"), ["no_seal"]),
        (Wanted(member="AL", reason="no_seal"), []),
    ],
)
def test_entries_are_found_by_whose_they_are_and_why(
    quarantine: Quarantine, wanted: Wanted, reasons: list[str]
) -> None:
    quarantine.put([FOREIGN, OWN])
    assert [entry.faulty.reason for entry in quarantine.entries(wanted, 10)] == reasons


def test_an_entry_is_found_by_its_number(quarantine: Quarantine) -> None:
    quarantine.put([FOREIGN, OWN])
    first, second = quarantine.entries(Wanted(), 10)
    assert quarantine.entries(Wanted(numbers=(second.number,)), 10) == [second]
    assert quarantine.entries(Wanted(), 1) == [first]


@pytest.mark.parametrize("name", ["", "seal", "\x00", "a\nb", "ž\\x00", "\\", "\U0001f52b", "\x1b[31m"])
def test_a_header_name_survives_where_text_may_not_hold_it(name: str) -> None:
    assert unescaped(escaped(name)) == name
    assert escaped(name).isascii()
    assert "\x00" not in escaped(name)
