"""A desk's inbox on the real PostgreSQL: what gets into it, what does not, and receipts for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Event
from typing import Any

import pytest

from consumers.desk.inbox import asker_references, deliveries_of, inbox, traces_named
from consumers.desk.receipts import ReceiptWorker
from consumers.store.session import Session
from consumers.tracing.trace import TraceKey
from desk_bench import INBOX, REQUEST, DeskBench, delivery, original, routed
from histories import ASKER, FIRST, KEY, act_event, decision, named_id
from schemas.errors import ExchangeError, Rejected, StoreAway
from schemas.events.delivery import Original
from schemas.topics import member_topic
from schemas.trust.keys import signing_key_from_seed
from schemas.trust.seal import seal
from schemas.wire.codec import event_json
from sealing import claims


@pytest.fixture
def desk(database: str) -> DeskBench:
    return DeskBench(database)


def test_a_delivery_is_read_back_as_it_was_sent(desk: DeskBench) -> None:
    sent = delivery(REQUEST, routed())
    desk.receive(sent)
    (entry,) = desk.inbox()
    assert (entry.event_id, entry.of_event, entry.decision_id) == (sent.event_id, REQUEST.event_id, sent.decision_id)
    assert (entry.from_member, entry.act, entry.purpose, entry.hop) == (ASKER, "request", "accountable", 1)
    assert (entry.rule, entry.accountable, entry.own_reference) == ("manufacture", FIRST, "KT-1")
    assert entry.body == event_json(REQUEST)
    assert entry.receipt_event is None
    assert desk.read(lambda connection: deliveries_of(connection, [entry])) == {sent.event_id: sent}
    assert desk.bench.reasons() == []


def test_a_repeat_has_no_effect(desk: DeskBench) -> None:
    sent = delivery(REQUEST, routed())
    desk.receive(sent)
    before = desk.inbox()
    desk.receive(sent)
    assert desk.inbox() == before
    assert len(before) == 1
    assert desk.bench.positions()[INBOX] == 2
    assert desk.bench.reasons() == []


def seal_of_another_act(read: Original) -> Original:
    other = act_event("closure", ASKER, KEY.request_id)
    return read.model_copy(update={"seal": original(other).seal})


def seal_of_a_stranger(read: Original) -> Original:
    stranger = signing_key_from_seed("mk-1", "mk", sha256(b"a stranger").digest())
    topic = member_topic(ASKER, "trace")
    stated = claims(kid="mk-1", topic=topic, event_id=REQUEST.event_id, key=KEY.trace_id, chain="mk")
    return read.model_copy(update={"seal": seal(read.value, stated, stranger).decode()})


def other_bytes(read: Original) -> Original:
    return read.model_copy(update={"value": read.value[:-1] + bytes([read.value[-1] ^ 1])})


def other_topic(read: Original) -> Original:
    return read.model_copy(update={"topic": member_topic("AL", "trace")})


def no_topic(read: Original) -> Original:
    return read.model_copy(update={"topic": "mk"})


@pytest.mark.parametrize("spoiled", [seal_of_another_act, seal_of_a_stranger, other_bytes, other_topic, no_topic])
def test_an_original_without_its_senders_seal_is_set_aside(
    desk: DeskBench, spoiled: Callable[[Original], Original]
) -> None:
    good = act_event("closure", ASKER, KEY.request_id)
    sends_good = decision("delivery", 1, good.event_id, subject=good.event_id)
    desk.receive(delivery(REQUEST, routed(), spoiled(original(REQUEST))), delivery(good, sends_good, purpose="party"))
    assert [entry.act for entry in desk.inbox()] == ["closure"]
    ((topic, offset, reason),) = desk.bench.reasons()
    assert (topic, offset) == (INBOX, 0)
    assert reason.startswith("original_")


def test_an_act_that_is_delivered_as_another_traces_is_set_aside(desk: DeskBench) -> None:
    stray = act_event("answer", ASKER, KEY.request_id).model_copy(update={"trace_id": named_id("another trace")})
    desk.receive(delivery(stray, decision("delivery", 1, stray.event_id, subject=stray.event_id), purpose="party"))
    assert desk.inbox() == []
    assert [reason for _, _, reason in desk.bench.reasons()] == ["original_of_another_trace"]


def named(desk: DeskBench, name: str) -> Sequence[TraceKey]:
    return desk.read(lambda connection: traces_named(connection, name, limit=9))


def test_traces_are_found_by_id_beginning_asker_and_reference(desk: DeskBench) -> None:
    desk.receive(delivery(REQUEST, routed()))
    for name in (KEY.trace_id, KEY.trace_id[:6].upper(), f"{ASKER.lower()}/{KEY.trace_id[:4]}", "KT-1", ""):
        assert named(desk, name) == [KEY]
    for name in ("KT", "%", f"{FIRST}/", "nothing"):
        assert named(desk, name) == []
    other = TraceKey(FIRST, KEY.trace_id)
    assert desk.read(lambda connection: asker_references(connection, {KEY, other})) == {KEY: "KT-1"}


def test_the_newest_deliveries_are_shown_the_oldest_of_them_first(desk: DeskBench) -> None:
    for number in range(3):
        act = act_event("closure", ASKER, KEY.request_id, f"closure {number}")
        desk.receive(delivery(act, decision("delivery", 1, act.event_id, subject=act.event_id), purpose="party"))
    assert [entry.of_event for entry in desk.read(lambda connection: inbox(connection, limit=2))] == [
        entry.of_event for entry in desk.inbox()[1:]
    ]


@dataclass
class Intake:
    """The member's own intake: takes receipts in bulks, but for the first times that it is ``away``."""

    away: int = 0
    refuses: frozenset[str] = frozenset()
    said: list[Mapping[str, Any]] = field(default_factory=list)
    told: list[ExchangeError] = field(default_factory=list)

    def submit(self, records: Sequence[Mapping[str, Any]]) -> Sequence[str | Rejected]:
        self.said += records
        if self.away:
            self.away -= 1
            raise StoreAway("the intake is away")
        return [self.answer(str(record["delivery_id"])) for record in records]

    def answer(self, delivery_id: str) -> str | Rejected:
        refused = Rejected("the clock is wrong", code="in_the_future")
        return refused if delivery_id in self.refuses else named_id(f"receipt for {delivery_id}")

    def worker(self, session: Session, may_send: Callable[[], bool] = lambda: True) -> ReceiptWorker:
        return ReceiptWorker(session, self.submit, may_send, Event(), self.told.append)


def test_each_delivery_gets_one_receipt(desk: DeskBench) -> None:
    closure = act_event("closure", ASKER, KEY.request_id)
    later = delivery(closure, decision("delivery", 1, closure.event_id, subject=closure.event_id), purpose="party")
    desk.receive(delivery(REQUEST, routed()), later)
    intake = Intake()
    with desk.session() as session:
        assert [intake.worker(session).run_once(), intake.worker(session).run_once()] == [2, 0]
    desk.receive(delivery(REQUEST, routed()), later)
    with desk.session() as session:
        assert intake.worker(session).run_once() == 0
    assert [entry.receipt_event for entry in desk.inbox()] == [
        named_id(f"receipt for {entry.event_id}") for entry in desk.inbox()
    ]
    assert [(record["of_event"], record["delivery_id"]) for record in intake.said] == [
        (entry.of_event, entry.event_id) for entry in desk.inbox()
    ]


def test_a_receipt_that_intake_could_not_take_is_said_again_in_the_same_words(desk: DeskBench) -> None:
    desk.receive(delivery(REQUEST, routed()))
    intake = Intake(away=1)
    with desk.session() as session:
        with pytest.raises(StoreAway):
            intake.worker(session).run_once()
        assert [entry.receipt_event for entry in desk.inbox()] == [None]
        assert intake.worker(session).run_once() == 1
    first, second = intake.said
    assert first == second


def test_a_receipt_that_intake_does_not_take_stands_in_no_other_s_way(desk: DeskBench) -> None:
    closure = act_event("closure", ASKER, KEY.request_id)
    later = delivery(closure, decision("delivery", 1, closure.event_id, subject=closure.event_id), purpose="party")
    desk.receive(delivery(REQUEST, routed()), later)
    first, second = (entry.event_id for entry in desk.inbox())
    intake = Intake(refuses=frozenset({first}))
    with desk.session() as session:
        worker = intake.worker(session)
        assert [worker.run_once(), worker.run_once()] == [2, 0]
        assert [entry.receipt_event is None for entry in desk.inbox()] == [True, False]
        assert [error.code for error in intake.told] == ["in_the_future"]
        intake.refuses = frozenset()
        worker.refused.clear()
        assert worker.run_once() == 1
    assert [entry.receipt_event for entry in desk.inbox()] == [named_id(f"receipt for {d}") for d in (first, second)]


def test_no_receipt_goes_out_before_the_start_barrier(desk: DeskBench) -> None:
    desk.receive(delivery(REQUEST, routed()))
    stop, intake = Event(), Intake()

    def not_yet() -> bool:
        stop.set()
        return False

    with desk.session() as session:
        intake.worker(session, not_yet).run(stop)
    assert stop.is_set()
    assert intake.said == []
    assert [entry.receipt_event for entry in desk.inbox()] == [None]
