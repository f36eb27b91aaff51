"""What the ledger reads of a log, and what it makes of it by itself."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest

from consumers.checked import CheckedEvent
from histories import ASKER, FIRST, KEY, act_event, decision, request_event
from interfocal.ledger import log as ledger_log
from interfocal.ledger.expected import Expected, acts_of, expect, identity
from interfocal.ledger.log import TopicLog, read_log, read_topic
from interfocal.ledger.stores import Quarantined, StoreFacts
from looping import TERMS
from records import Station, a_missing, a_seizure
from schemas.events.ids import value_sha256
from schemas.record import Record
from schemas.topics import DECISION_TOPIC
from schemas.trust.seal import SealClaims
from schemas.wire.codec import encode
from twins import TwinLog, TwinReader

TOPIC = "rs.seizure"
NOTHING = StoreFacts({}, {}, (), frozenset())


def written(*names: str) -> TwinLog:
    """A topic with these seizures."""
    log = TwinLog([TOPIC])
    Station(TOPIC).put(log, *(a_seizure(name) for name in names))
    return log


def read(log: TwinLog) -> TopicLog:
    return read_topic(TwinReader(log), TOPIC, log.bounds(TOPIC).end, TERMS)


def codes(log: TopicLog) -> list[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in log.problems]


def test_every_event_is_read_in_log_order() -> None:
    log = read(written("a", "b", "c"))
    assert [event.record.offset for event in log.events] == [0, 1, 2]
    assert (log.end, list(log.foreign), list(log.unusable), codes(log)) == (3, [], [], [])


def test_pages_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    written_log = written(*"abcdefg")
    written_log.write(TOPIC, b"k", b"nobody's")
    whole = read(written_log)
    monkeypatch.setattr(ledger_log, "PAGE", 2)
    assert read(written_log) == whole


def test_bytes_without_a_seal_are_counted_apart() -> None:
    log = written("a")
    log.write(TOPIC, b"k", b"nobody's")
    found = read(log)
    assert (len(found.events), list(found.foreign), codes(found)) == (1, [1], [])


def test_an_offset_that_is_not_there_is_named() -> None:
    log = written("a", "b", "c", "d")
    log.topics[TOPIC] = [record for record in log.topics[TOPIC] if record.offset not in {1, 2}]
    assert ("offset_not_on_log", f"{TOPIC} 1 to 2") in codes(read(log))
    assert ("chain_gap", f"{TOPIC} life 1: 2 to 3") in codes(read(log))


def test_a_log_that_ends_before_its_end_is_named() -> None:
    found = read_topic(TwinReader(written("a")), TOPIC, 3, TERMS)
    assert codes(found) == [("offset_not_on_log", f"{TOPIC} 1 to 2")]


def test_numbers_that_were_given_and_are_not_there_are_named() -> None:
    log, station = TwinLog([TOPIC]), Station(TOPIC)
    station.put(log, a_seizure("a"))
    station.record(a_seizure("never sent"))
    station.put(log, a_seizure("c"))
    assert codes(read(log)) == [("chain_gap", f"{TOPIC} life 1: 2 to 2")]


def test_every_topic_is_read_to_its_end() -> None:
    logs = read_log(TwinReader(written("a", "b")), [TOPIC], TERMS)
    assert {topic: log.end for topic, log in logs.items()} == {TOPIC: 2}


def a_trace() -> list[CheckedEvent]:
    """A trace of a few acts and a decision, beside records, as if read."""
    routed = decision("routing", 1, KEY.request_id, to=FIRST)
    read_at = Counter[str]()
    events = []
    for topic, event in (
        ("mk.trace", request_event()),
        ("rs.trace", act_event("acknowledgement", FIRST, KEY.request_id)),
        ("al.trace", act_event("closure", "AL", KEY.request_id)),  # no party of this trace
        (DECISION_TOPIC, routed),
        ("rs.seizure", a_seizure("a")),
        ("rs.missing", a_missing("m")),
    ):
        value = encode(event)
        sealed = SealClaims("k", "test-region", topic, event.event_id, "k", "x", 1, read_at[topic] + 1, None, 1)
        record = Record(topic, read_at[topic], b"k", value)
        read_at[topic] += 1
        events.append(CheckedEvent(record, sealed, event, value_sha256(value), 1))
    return events


def expected(events: Iterable[CheckedEvent], store: StoreFacts = NOTHING) -> Expected:
    """What the ledger makes of these events."""
    logs: dict[str, list[CheckedEvent]] = {}
    for event in events:
        logs.setdefault(event.record.topic, []).append(event)
    topics = {topic: TopicLog(topic, own, (), (), len(own), ()) for topic, own in logs.items()}
    return expect(topics, [store], TERMS)


def test_the_order_of_reading_changes_nothing() -> None:
    events, shuffled = a_trace(), a_trace()
    Random(1).shuffle(shuffled)
    assert replace(expected(events), traces=()) == replace(expected(shuffled), traces=())


def test_a_repeat_makes_no_second_row() -> None:
    events = a_trace()
    again = [replace(event, record=replace(event.record, offset=event.record.offset + 7)) for event in events]
    once, twice = expected(events), expected([*events, *again])
    assert (once.view, once.tracing, once.acts) == (twice.view, twice.tracing, twice.acts)


def test_an_act_of_a_stranger_belongs_in_quarantine() -> None:
    events = a_trace()
    assert expected(events).set_aside == {identity(event) for event in events if event.record.topic == "al.trace"}


def test_what_a_database_put_away_makes_no_row() -> None:
    """Its handler failed, say: it is not lost, for a person finds it in quarantine."""
    events = a_trace()
    (seizure,) = [event for event in events if event.record.topic == TOPIC]
    entry = Quarantined(TOPIC, seizure.record.offset, seizure.event.event_id, "handler_failed")
    put_away = expected(events, replace(NOTHING, quarantined=[entry]))
    assert identity(seizure) in put_away.set_aside
    assert (TOPIC, seizure.event.event_id) not in put_away.view
    applied = expected(events, replace(NOTHING, quarantined=[entry], applied={identity(seizure): 0.1}))
    assert (TOPIC, seizure.event.event_id) in applied.view


def test_what_a_trace_calls_for_and_nobody_decided_is_named() -> None:
    events = a_trace()
    undecided = expected(event for event in events if event.record.topic != DECISION_TOPIC).undecided
    assert [(want.kind, want.subject) for want in undecided] == [("routing", KEY.request_id)]


def test_of_two_traces_under_one_id_the_first_keeps_it() -> None:
    (request,) = [event for event in a_trace() if event.record.topic == "mk.trace"]
    second = request.event.model_copy(update={"trace_id": "another", "requester": ASKER})
    later = replace(request, event=second, sha256="f" * 43, claims=replace(request.claims, seq=9))
    overruled = {act.key.trace_id: act.overruled for act in acts_of([later, request])}
    assert overruled == {KEY.trace_id: False, "another": True}
