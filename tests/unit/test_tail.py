"""What is told of a topic's records: the verdict on each seal, what is missing before it, and what can be read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumers.checking import Flaw, Terms
from interfocal.commands.tail import Screen, begin_at, followed, lines_of
from interfocal.limits import EXERCISE_NOTICE
from interfocal.tailing import Tail, Told, open_tail, read_on
from records import Station, a_decision, a_seizure, changed, signing_key
from schemas.directory import Directory
from schemas.errors import BrokerAway, Misconfigured
from schemas.events.delivery import Delivery
from schemas.events.ids import delivery_event_id
from schemas.record import SEAL_HEADER, UNREADABLE_HEADER, Link, Record, TopicBounds
from schemas.trust.faults import Fault
from schemas.wire.codec import encode, event_json
from sealing import SEALED_AT, expecting, with_seal
from twins import TwinLog, TwinReader

TOPIC = "rs.seizure"
TERMS = Terms(expecting(signing_key("rs"), signing_key("region")), exercise=True)
EVENTS = [a_seizure(f"case-{number}") for number in range(8)]
NOTE = "* a note"
DIRECTORY = Directory.model_validate(
    {
        "region": "test-region",
        "title": "Test",
        "version": 1,
        "exercise": True,
        "issued_at": SEALED_AT,
        "expires_at": SEALED_AT,
        "members": [
            {"code": "RS", "name": "Here*", "footnote": NOTE},
            {"code": "BA", "name": "There", "footnote": "?"},
        ],
    }
)


def a_log(*, without: Sequence[int] = ()) -> list[Record]:
    """Eight sealed records of one chain at offsets from 0; those of some numbers were never appended."""
    station = Station(TOPIC)
    records = [station.record(event) for event in EVENTS]
    kept = [record for number, record in enumerate(records, start=1) if number not in without]
    return [replace(record, offset=offset) for offset, record in enumerate(kept)]


def told(records: Sequence[Record], start: int = 0) -> list[Told]:
    """What is told of a whole log from an offset on."""
    log = TwinLog([TOPIC])
    log.topics[TOPIC] = list(records)
    log.starts[TOPIC] = records[0].offset
    reader = TwinReader(log)
    return list(read_on(reader, open_tail(reader, TOPIC, start, log.bounds(TOPIC), TERMS)))


def marks(found: Sequence[Told]) -> dict[int, list[str]]:
    """Offsets that have marks."""
    return {one.offset: list(one.marks) for one in found if one.marks}


def test_a_record_is_told_with_its_place_its_number_and_all_that_its_event_says() -> None:
    (first, *_) = told(a_log())
    assert (first.offset, first.key, first.life, first.number) == (0, EVENTS[0].record_id, 1, 1)
    assert first.appended_at == "1970-01-01T00:00:00.000+00:00"
    assert (first.content.seal, first.content.verdict, first.content.reason) == ("valid", "usable", None)
    assert first.content.schema == "seizure/1"
    assert first.content.event == event_json(EVENTS[0])
    assert first.original is None
    assert marks(told(a_log())) == {}


def test_numbers_that_are_missing_are_marked_before_the_next_record() -> None:
    assert marks(told(a_log(without=[1, 4, 5, 7]))) == {
        0: ["number 1 of life 1 is missing"],
        2: ["numbers 4 to 5 of life 1 are missing"],
        3: ["number 7 of life 1 is missing"],
    }


def test_a_gap_just_before_the_first_record_shown_is_marked_too() -> None:
    assert marks(told(a_log(without=[4]), start=3)) == {3: ["number 4 of life 1 is missing"]}


def test_where_nothing_before_is_sealed_the_first_seal_only_says_where_the_chain_is() -> None:
    records = a_log()
    records[2] = replace(records[2], headers=())
    found = told(records, start=3)
    assert [one.number for one in found] == [4, 5, 6, 7, 8]
    assert marks(found) == {}


def test_a_log_that_lost_its_beginning_is_counted_from_what_is_left() -> None:
    found = told(a_log()[3:])
    assert [one.offset for one in found] == [3, 4, 5, 6, 7]
    assert marks(found) == {}


def test_an_earlier_life_that_was_not_seen_is_missing_and_a_later_one_begins_at_one() -> None:
    later = Station(TOPIC, Link(2, 0, None, after=(1, 9)))
    records = [*a_log(), replace(later.record(a_seizure("case-9")), offset=8)]
    assert marks(told(records)) == {8: ["number 9 of life 1 is missing"]}


def test_a_number_that_comes_again_is_marked_and_moves_nothing() -> None:
    records = a_log()
    records.insert(3, records[1])
    records = [replace(record, offset=offset) for offset, record in enumerate(records)]
    assert marks(told(records)) == {3: ["number 2 of life 1 comes again, or late"]}


def test_offsets_that_are_not_on_the_log_are_marked() -> None:
    records = [record for record in a_log() if record.offset not in (2, 3)]
    assert marks(told(records))[4] == ["offsets 2 to 3 are not on the log", "numbers 3 to 4 of life 1 are missing"]


@given(cuts=st.sets(st.integers(1, 7)), lost=st.sets(st.integers(1, 8), max_size=5))
def test_what_is_told_does_not_depend_on_how_the_log_is_cut(cuts: set[int], lost: set[int]) -> None:
    records = a_log(without=sorted(lost))
    places = [0, *sorted(cuts), len(records)]
    tail = Tail(TOPIC, TERMS, 0)
    pieces = [records[begin:end] for begin, end in pairwise(places)]
    assert [one for piece in pieces for one in tail.tell(piece)] == Tail(TOPIC, TERMS, 0).tell(records)


@example(key=b"a\n\x1b[2J", value=None, headers=[])
@given(
    key=st.none() | st.binary(max_size=40),
    value=st.none() | st.binary(max_size=200) | st.binary(max_size=200).map(lambda end: b"\0\0\0\0\x65" + end),
    headers=st.lists(st.tuples(st.sampled_from([SEAL_HEADER, "ce_id", "x"]), st.binary(max_size=40))),
)
def test_any_record_is_told_on_one_line_and_as_json(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    (one,) = Tail(TOPIC, TERMS, 0).tell([Record(TOPIC, 0, key, value, tuple(headers))])
    assert one.content.verdict == "foreign"
    assert one.content.seal in set(Fault)
    (line,) = lines_of(one, pretty=False)
    assert "NO VALID SEAL" in line
    assert line.isprintable()


def standing(record: Record) -> tuple[str, str, str | None]:
    (one,) = Tail(record.topic, TERMS, record.offset).tell([record])
    return one.content.seal, one.content.verdict, one.content.reason


def test_a_seal_that_does_not_hold_has_its_reason_and_the_bytes_are_decoded_all_the_same() -> None:
    record = a_log()[0]
    assert standing(replace(record, headers=())) == ("no_seal", "foreign", "no_seal")
    assert standing(with_seal(record, b"seal")) == ("bad_seal_form", "foreign", "bad_seal_form")
    assert standing(replace(record, value=encode(EVENTS[1])))[0] == "bad_signature"
    (one,) = Tail(TOPIC, TERMS, 0).tell([replace(record, headers=())])
    assert one.content.event == event_json(EVENTS[0])
    assert one.number is None
    (line,) = lines_of(one, pretty=False)
    assert "NO VALID SEAL (no_seal): The record has no seal header." in line
    assert "What follows proves nothing:" in line


def test_a_sealed_event_that_may_not_take_effect_has_a_valid_seal_and_its_reason() -> None:
    other = Station(TOPIC).record(changed(EVENTS[0], member="BA"))
    assert standing(other) == ("valid", "unusable", Flaw.OTHER_MEMBER)
    broken = Station(TOPIC).record(EVENTS[0], value=b"\0\0\0\0\x65broken")
    assert standing(broken) == ("valid", "undecodable", "truncated")
    (one,) = Tail(TOPIC, TERMS, 0).tell([other])
    (line,) = lines_of(one, pretty=False)
    assert "seal valid  UNUSABLE (other_member): The event speaks for a member that does not own the topic." in line


def test_a_record_that_the_client_cannot_read_is_told() -> None:
    (one,) = Tail(TOPIC, TERMS, 0).tell([Record(TOPIC, 0, None, None, ((UNREADABLE_HEADER, b"CorruptRecord"),))])
    assert (one.content.seal, one.content.event, one.key) == ("unreadable", None, None)
    (line,) = lines_of(one, pretty=False)
    assert "The batch that holds this record cannot be read." in line


def test_what_stands_for_several_offsets_says_so_and_is_no_gap() -> None:
    tail = Tail(TOPIC, TERMS, 0)
    unread = ((UNREADABLE_HEADER, b"compressed"),)
    first, second = tail.tell([Record(TOPIC, 0, None, None, unread, span=5), Record(TOPIC, 5, b"k", b"v")])
    assert (first.content.seal, list(first.marks)) == ("compressed_batch", ["offsets 0 to 4 cannot be read"])
    assert list(second.marks) == []


def a_delivery(seal: str) -> Delivery:
    record = a_log()[0]
    original = {
        "topic": TOPIC,
        "offset": 0,
        "appended_at": SEALED_AT,
        "key": EVENTS[0].record_id,
        "value": record.value,
        "seal": seal,
    }
    decided = a_decision("case-0")
    fields = decided.model_dump(include={"recorded_at", "status", "exercise", "handling", "member", "revision"})
    event = delivery_event_id(decided.event_id, "BA")
    about = {"event_id": event, "record_id": event, "inbox": "BA", "purpose": "accountable", "original": original}
    return Delivery.model_validate(fields | about | {"decision_id": decided.event_id, "decision_sha256": "A" * 43})


@pytest.mark.parametrize("holds", [True, False])
def test_a_delivery_is_told_with_what_it_delivers_and_whether_the_senders_own_seal_holds(*, holds: bool) -> None:
    seal = a_log()[0].header_values(SEAL_HEADER)[0].decode()
    delivered = a_delivery(seal if holds else f"{seal[:-2]}{'gw' if seal.endswith('AA') else 'AA'}")
    inbox = "region.inbox.ba"
    (one,) = Tail(inbox, TERMS, 0).tell([Station(inbox).record(delivered)])
    assert one.content.seal == "valid"
    assert one.original is not None
    assert (one.original.seal == "valid") is holds
    assert one.original.event == event_json(EVENTS[0])
    (line,) = lines_of(one, pretty=False)
    shown = json.loads(line[line.index("{") :])
    assert shown["original"]["event"]["own_reference"] == "case-0"
    assert "value" not in shown["original"]


def test_the_open_part_is_shown_without_what_has_no_value_on_one_line_or_on_many() -> None:
    (first, *_) = told(a_log())
    (line,) = lines_of(first, pretty=False)
    head, many = lines_of(first, pretty=True)[0], "".join(lines_of(first, pretty=True)[1:])
    assert line.startswith(head)
    shown = json.loads(line[len(head) :])
    assert shown == json.loads(many)
    assert shown["items"][0]["firearm"]["marks"]["numbers"][0]["as_read"] == "С-41377"  # noqa: RUF001  # Cyrillic
    assert "null" not in line
    assert shown["exercise"] is True


def screened(found: Sequence[Told], *, as_json: bool = False) -> None:
    screen = Screen(DIRECTORY, as_json=as_json, pretty=False)
    for one in found:
        screen.show(TOPIC, one)


def test_a_members_footnote_follows_the_first_record_that_names_it_and_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screened(told(a_log())[:3])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "*" in line] == [f"RS: {NOTE}"]
    assert lines[1] == f"RS: {NOTE}"


def test_json_has_every_field_and_what_has_to_be_said_on_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    screened(told(a_log(without=[2]))[:2], as_json=True)
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["limits"] == [EXERCISE_NOTICE]
    assert first["footnotes"] == {"RS": NOTE}
    assert first["content"]["event"] == event_json(EVENTS[0])
    assert second["marks"] == ["number 2 of life 1 is missing"]
    assert (second["topic"], second["offset"], second["number"]) == (TOPIC, 1, 3)


def test_what_could_steer_a_terminal_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = Station(TOPIC).record(changed(EVENTS[0], own_reference="A\x1b[2J\u202e\x9b"))
    screened(Tail(TOPIC, TERMS, 0).tell([hostile]))
    said = capsys.readouterr().out
    assert all(sign.isprintable() for sign in said.replace("\n", ""))


@pytest.mark.parametrize(
    ("since", "count", "offset"),
    [
        (None, None, 90),
        (None, 3, 97),
        ("start", None, 20),
        ("start", 3, 20),
        ("end", None, 100),
        ("57", None, 57),
        ("0", 5, 0),
    ],
)
def test_a_reading_begins_where_it_is_asked_to(since: str | None, count: int | None, offset: int) -> None:
    assert begin_at(since, count, TopicBounds(20, 100)) == offset


@pytest.mark.parametrize("since", ["-1", "x", "", "²", "1.5"])
def test_what_is_no_beginning_is_refused(since: str) -> None:
    with pytest.raises(Misconfigured, match="an offset, start or end"):
        begin_at(since, None, TopicBounds(20, 100))


@pytest.mark.parametrize(("start", "first"), [(-5, 0), (0, 0), (3, 3), (8, None), (100, None)])
def test_a_beginning_outside_the_log_is_its_nearest_end(start: int, first: int | None) -> None:
    found = told(a_log(), start=start)
    assert (found[0].offset if found else None) == first


class Flaky(TwinReader):
    """A reader whose broker goes away once, before it has anything new."""

    def __init__(self, log: TwinLog, arrivals: Iterator[Record]) -> None:
        super().__init__(log)
        self.log, self.arrivals, self.away = log, arrivals, True

    def bounds(self, topics: Sequence[str]) -> Mapping[str, TopicBounds]:
        if self.away:
            self.away = False
            raise BrokerAway("Kafka: nobody listens")
        return super().bounds(topics)

    def arrive(self, _seconds: float) -> None:
        self.log.topics[TOPIC] += [next(self.arrivals)]


def test_following_shows_what_comes_and_goes_on_after_the_broker_was_away(capsys: pytest.CaptureFixture[Any]) -> None:
    log = TwinLog([TOPIC])
    reader = Flaky(log, iter(a_log()))
    seen = followed(reader, Tail(TOPIC, TERMS, 0), reader.arrive)
    assert [next(seen).number for _ in range(5)] == [1, 2, 3, 4, 5]
    assert capsys.readouterr().err == "Kafka: nobody listens; looking again\n"
