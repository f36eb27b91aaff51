"""What a desk learns from its own member's topics: a lost or old database neither receipts twice nor forgets an act."""

from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

import pytest

from consumers.desk.inbox import keep_submissions, submissions_of
from consumers.desk.known import KnownTrace, known_trace
from consumers.desk.own import submitted
from consumers.desk.receipts import ReceiptWorker
from consumers.store.session import Session
from desk_bench import REQUEST, DeskBench, delivery, routed
from histories import FIRST, KEY, START, act_event, receipt_for
from schemas.events.delivery import Delivery
from schemas.events.receipt import Receipt

DECISION = routed()
SENT = delivery(REQUEST, DECISION)
GIVEN = receipt_for(DECISION, FIRST, REQUEST)
ACT = act_event("acknowledgement", FIRST, KEY.request_id)


@pytest.fixture
def desk(database: str) -> DeskBench:
    return DeskBench(database)


def put(desk: DeskBench, what: Delivery | Receipt) -> None:
    """One of them reaches the desk."""
    if isinstance(what, Delivery):
        desk.receive(what)
    else:
        desk.say(what)


@pytest.mark.parametrize("order", [(SENT, GIVEN), (GIVEN, SENT), (GIVEN, SENT, GIVEN)])
def test_a_delivery_that_was_receipted_counts_so_in_whatever_order_both_are_folded(
    desk: DeskBench, order: Sequence[Delivery | Receipt]
) -> None:
    for what in order:
        put(desk, what)
    (entry,) = desk.inbox()
    assert (entry.receipt_event, entry.received_at) == (GIVEN.event_id, START)
    assert desk.bench.reasons() == []


def receipts_sent(session: Session) -> list[str]:
    """The deliveries that a worker sends a receipt for."""
    said: list[str] = []

    def submit(records: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        said.extend(str(record["delivery_id"]) for record in records)
        return [f"receipt {len(said)}" for _ in records]

    def trouble(error: Exception) -> None:
        raise error

    worker = ReceiptWorker(session, submit, lambda: True, Event(), trouble)
    while worker.run_once():
        pass
    return said


def test_a_desk_that_lost_its_database_receipts_only_what_it_had_not(desk: DeskBench) -> None:
    second = routed().model_copy(update={"event_id": REQUEST.record_id})
    new = delivery(REQUEST, second, purpose="copy")
    desk.receive(SENT, new)
    desk.say(GIVEN)
    before = {entry.event_id: entry.body for entry in desk.inbox()}
    desk.lose()
    desk.fold()
    assert {entry.event_id: entry.body for entry in desk.inbox()} == before
    with desk.session() as session:
        assert receipts_sent(session) == [new.event_id]


def knows(desk: DeskBench) -> KnownTrace:
    """The trace as the desk knows it."""
    sent = desk.read(lambda connection: submissions_of(connection, [KEY]))
    return known_trace(KEY, FIRST, desk.inbox(), sent)


def test_a_desk_that_lost_its_database_knows_what_it_has_said(desk: DeskBench) -> None:
    desk.receive(SENT)
    desk.read(lambda connection: keep_submissions(connection, [submitted(ACT)]))
    desk.say(ACT)
    before = knows(desk)
    assert [act.event_id for act in before.acts if act.sent] == [ACT.event_id]
    desk.lose()
    desk.fold()
    assert knows(desk) == before


def test_acts_that_share_an_own_reference_are_all_known(desk: DeskBench) -> None:
    """A national system may give every act of a case the case's number."""
    acts = [ACT, act_event("question", FIRST, KEY.request_id)]
    desk.say(*(act.model_copy(update={"own_reference": "KT-9"}) for act in acts))
    sent = desk.read(lambda connection: submissions_of(connection, [KEY]))
    assert {one.event_id for one in sent} == {act.event_id for act in acts}
    assert {one.own_reference for one in sent} == {"KT-9"}


def test_an_act_without_an_own_reference_is_known_by_its_event_id(desk: DeskBench) -> None:
    desk.say(ACT.model_copy(update={"own_reference": None}))
    (sent,) = desk.read(lambda connection: submissions_of(connection, [KEY]))
    assert sent.own_reference == ACT.event_id
