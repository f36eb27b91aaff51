"""The flow of work that a request is part of goes on with all that follows from it: decision, deliveries, receipts."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import pytest

from consumers.desk.inbox import without_receipt
from consumers.desk.receipts import receipt_record
from consumers.store.session import Session
from consumers.tracing.redeliver import redeliver
from consumers.tracing.worker import RouterWorker
from desk_bench import DeskBench, delivery, routed
from histories import KEY, act_event, request_event
from producers.intake.submission import Entrance, harmonised_submission
from schemas.events.envelope import Event
from schemas.record import SEAL_HEADER
from schemas.wire.traceparent import MARK, TRACEPARENT, TraceContext, own_context
from tracing_store import OFFICE, SEAL, RegionStore, deliveries

FLOW = TraceContext("0af7651916cd43dd8448eb211c80319c", sampled=True)
REQUEST = request_event()
EVERY = "select event_id, headers from region_outbox order by row_id"


@pytest.fixture
def store(database: str) -> RegionStore:
    return RegionStore(database)


@pytest.fixture
def worker(store: RegionStore) -> Iterator[RouterWorker]:
    with closing(Session(store.connect)) as session:
        yield RouterWorker(session, OFFICE)


def fold_with(store: RegionStore, event: Event, *headers: tuple[str, bytes]) -> None:
    """Fold an event whose record has these headers beside its seal."""
    checked = store.checked(event)
    store.fold_checked(replace(checked, record=replace(checked.record, headers=((SEAL_HEADER, SEAL), *headers))))


def flows(store: RegionStore) -> Sequence[tuple[str, str]]:
    """Event id and flow of each row in the region's outbox."""
    rows = [(event_id, dict(headers).get(TRACEPARENT, "")) for event_id, headers in store.rows(EVERY)]
    return [(event_id, bytes.fromhex(text).decode()) for event_id, text in rows]


def test_a_decision_and_its_deliveries_go_on_with_the_flow_of_the_request(
    store: RegionStore, worker: RouterWorker
) -> None:
    fold_with(store, REQUEST, FLOW.header(REQUEST.event_id))
    assert worker.run_once() == 1
    assert len(flows(store)) == 3
    assert [text for event_id, text in flows(store) if text != FLOW.text(event_id)] == []


@pytest.mark.parametrize("headers", [(), ((TRACEPARENT, b"C-41377"),), (FLOW.header("a"), FLOW.header("b"))])
def test_a_request_without_a_flow_of_the_standards_form_has_its_own(
    store: RegionStore, worker: RouterWorker, headers: Sequence[tuple[str, bytes]]
) -> None:
    fold_with(store, REQUEST, *headers)
    worker.run_once()
    assert store.rows("select traceparent from event") == [(None,)]
    own = own_context(REQUEST.event_id)
    assert [text for event_id, text in flows(store) if text != own.text(event_id)] == []


def test_each_act_of_a_trace_has_the_flow_in_which_it_came(store: RegionStore, worker: RouterWorker) -> None:
    fold_with(store, REQUEST, FLOW.header(REQUEST.event_id))
    worker.run_once()
    store.publish()
    later = act_event("closure", REQUEST.member, KEY.request_id)
    fold_with(store, later)
    worker.run_once()
    assert flows(store)[-1][1].split("-")[1] == own_context(later.event_id).trace_id


def test_a_delivery_that_is_written_again_is_part_of_the_same_flow(store: RegionStore, worker: RouterWorker) -> None:
    fold_with(store, REQUEST, FLOW.header(REQUEST.event_id))
    worker.run_once()
    sent = [event.event_id for event in deliveries(store.publish())]
    with store.connect() as connection, connection.transaction():
        connection.execute("delete from region_outbox where event_id = any(%s)", [sent])
        assert redeliver(connection, ()) == 2
    assert {text for event_id, text in flows(store) if event_id in sent} == {FLOW.text(event_id) for event_id in sent}


def test_a_receipt_is_part_of_the_flow_of_its_delivery(database: str) -> None:
    desk = DeskBench(database)
    arrived = delivery(REQUEST, routed())
    record = desk.region.record(arrived)
    desk.bench.log.write(record.topic, record.key, record.value, (*record.headers, FLOW.header(arrived.event_id)))
    with closing(desk.bench.loop()) as loop:
        desk.bench.drain(loop)
    (entry,) = desk.read(lambda connection: without_receipt(connection, 9))
    made = harmonised_submission("receipt", receipt_record(entry), 1, Entrance("http", "desk"))
    assert made.context == FLOW
    assert MARK not in made.fields


def test_a_delivery_without_a_flow_makes_a_receipt_that_names_none(database: str) -> None:
    desk = DeskBench(database)
    desk.receive(delivery(REQUEST, routed()))
    (entry,) = desk.read(lambda connection: without_receipt(connection, 9))
    assert MARK not in receipt_record(entry)
