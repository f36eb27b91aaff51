"""What folding leaves in the region's tables, whatever the order."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from consumers.store.session import Session
from consumers.tracing.worker import RouterWorker
from histories import ASKER, FIRST, REQUEST, SECOND, STRANGER, act_event, named_id, receipt_for
from interfocal.stack import Stack, create_database, drop_database
from schemas.events.decision import Decision
from tracing_store import OFFICE, RegionStore, the_decision


@pytest.fixture
def store(database: str) -> RegionStore:
    return RegionStore(database)


@pytest.fixture
def worker(store: RegionStore) -> Iterator[RouterWorker]:
    session = Session(store.connect)
    yield RouterWorker(session, OFFICE)
    session.close()


def test_an_act_by_the_wrong_member_is_quarantined_in_any_order(store: RegionStore, worker: RouterWorker) -> None:
    forged = act_event("answer", STRANGER, REQUEST.event_id)
    early = act_event("refusal", STRANGER, REQUEST.event_id)
    store.fold(REQUEST, early)
    assert store.rows("select count(*) from quarantine") == [(0,)]  # nobody is accountable yet
    worker.run_once()
    store.publish()
    store.fold(forged)
    entries = store.rows("select event_id, reason, member from quarantine order by log_offset")
    assert entries == [(e.event_id, "not_accountable", STRANGER) for e in (early, forged)]
    assert store.rows("select count(*) from event where topic = 'al.trace'") == [(0,)]


def test_of_two_values_under_one_id_one_is_quarantined(store: RegionStore) -> None:
    first = act_event("closure", ASKER, REQUEST.event_id, "reply")
    other = act_event("erasure", ASKER, REQUEST.event_id, "reply")
    store.fold(REQUEST, first, other)
    assert store.state() == "closed"
    assert store.rows("select event_id, reason from quarantine") == [(first.event_id, "revision_conflict")]
    assert store.rows("select count(*) from event where event_id = %s", first.event_id) == [(1,)]


def test_folded_decisions_are_not_taken_again_by_a_fresh_database(
    store: RegionStore, worker: RouterWorker, stack: Stack
) -> None:
    store.fold(REQUEST)
    worker.run_once()
    decision = the_decision(store.publish())
    url = create_database(stack.postgres_url, "test_router_fresh")
    try:
        fresh = RegionStore(url)
        fresh.fold(decision)
        fresh.fold(REQUEST)
        session = Session(fresh.connect)
        assert RouterWorker(session, OFFICE).run_once() == 0
        session.close()
        assert fresh.state() == "routed"
    finally:
        drop_database(stack.postgres_url, "test_router_fresh")


ROWS = {
    "trace_act": "topic, event_id, sha256, place, standing, reason",
    "trace": "*",
    "trace_hop": "*",
    "work": "*",
    "quarantine": "topic, log_offset, event_id, reason",
    "event": "topic, event_id, sha256",
}


def test_any_order_of_folding_leaves_the_same_rows(store: RegionStore, worker: RouterWorker, stack: Stack) -> None:
    referral = act_event("referral", FIRST, REQUEST.event_id, minutes=2)
    store.fold(REQUEST)
    worker.run_once()
    routed = the_decision(store.publish())
    store.fold(referral)
    worker.run_once()
    decisions = [routed, *(e for e in store.publish() if isinstance(e, Decision))]
    acts = [
        REQUEST,
        referral,
        act_event("acknowledgement", SECOND, REQUEST.event_id, hop=2, minutes=1),
        act_event("answer", STRANGER, REQUEST.event_id, minutes=3),
        act_event("question", FIRST, REQUEST.event_id, minutes=5),
        act_event("information", ASKER, named_id("elsewhere"), minutes=5),
    ]
    store.offsets.clear()  # as they lie on a log that holds these and nothing else
    checked = [store.checked(event) for event in (*acts, *decisions, receipt_for(routed, FIRST))]
    results = [_folded_in_order(stack, checked, seed) for seed in range(4)]
    assert results[0]["quarantine"]
    assert all(result == results[0] for result in results)


def _folded_in_order(stack: Stack, checked: list[Any], seed: int) -> dict[str, list[tuple[Any, ...]]]:
    name = f"test_router_order_{seed}"
    url = create_database(stack.postgres_url, name)
    try:
        store = RegionStore(url)
        for batch in _interleaved(checked, Random(seed)):
            store.fold_checked(*batch)
        return {table: sorted(store.rows(f"select {columns} from {table}"), key=str) for table, columns in ROWS.items()}
    finally:
        drop_database(stack.postgres_url, name)


def _interleaved(checked: list[Any], draw: Random) -> Iterator[list[Any]]:
    """Batches in which each topic keeps its order, and offsets count from 0 again."""
    topics: dict[str, list[Any]] = {}
    for event in checked:
        topics.setdefault(event.record.topic, []).append(event)
    while topics:
        topic = draw.choice(sorted(topics))
        size = draw.randint(1, 2)
        yield topics[topic][:size]
        topics[topic] = topics[topic][size:]
        if not topics[topic]:
            del topics[topic]
