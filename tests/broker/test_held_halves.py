"""A missing firearm and a request for it, in two instances at once: one route, and all of its evidence."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event as Signal
from typing import Any

import pytest
from psycopg import Connection

from consumers.blocking import blocking_keys
from consumers.checked import CheckedEvent
from consumers.store.buckets import BUCKETS, bucket_of
from consumers.store.session import Session
from consumers.tracing import knowledge
from consumers.tracing.worker import RouterWorker
from histories import FIRST, STRANGER, marks, missing_event, named_id, request_event
from running import until
from schemas.events.decision import Decision, Seen
from schemas.events.ids import event_id
from schemas.events.missing import Missing
from schemas.events.trace import TraceAct
from schemas.steps import Step, not_watched
from schemas.wire.codec import decode
from tracing_store import OFFICE, RegionStore

MISSING_TOPIC = f"{STRANGER.lower()}.missing"
LIMIT_S = 60.0
ROUNDS = 25
LATE_S = 0.03
LOCKED = """
    select 1 from pg_stat_activity
    where wait_event_type = 'Lock' and wait_event = 'advisory' and datname = current_database()
"""


@dataclass(slots=True)
class Hold:
    """Holds a fold within its transaction, right after a step, until it is released."""

    after: Step
    arrived: Signal = field(default_factory=Signal)
    released: Signal = field(default_factory=Signal)

    def reached(self, step: Step) -> None:
        if step is self.after:
            self.arrived.set()
            assert self.released.wait(LIMIT_S)


@pytest.fixture
def store(database: str) -> RegionStore:
    return RegionStore(database)


def a_missing(number: int, serial: str, member: str = STRANGER) -> Missing:
    """One of many missing firearms of a member."""
    record = named_id(f"missing {member} {number}")
    own = {"record_id": record, "event_id": event_id(record, 1)}
    return missing_event(member, marks(serial=serial)).model_copy(update=own)


def a_request(number: int, serial: str) -> TraceAct:
    """One of many requests."""
    record = named_id(f"request {number}")
    own = {"record_id": record, "event_id": event_id(record, 1), "trace_id": record}
    return request_event(marks=marks(make="Zastava", serial=serial)).model_copy(update=own)


def batch_of(store: RegionStore, event: Missing | TraceAct, size: int, member: str) -> Sequence[CheckedEvent]:
    """The event at the end of a batch of missing firearms of a member, each with keys of its own."""
    others = [a_missing(1_000 + n, f"Ж{member}{n * 7919:07}", member) for n in range(size - 1)]  # two keys each
    return [store.checked(one) for one in (*others, event)]


@contextmanager
def two_routers(store: RegionStore, threads: ThreadPoolExecutor) -> Iterator[Callable[[], None]]:
    """The routers of both instances, at work for all the time; what is given makes them look at once."""
    stop = Signal()
    sessions = [Session(store.connect) for _ in range(2)]
    routers = [RouterWorker(session, OFFICE) for session in sessions]
    running = [threads.submit(router.run, stop, lambda: True) for router in routers]

    def wake() -> None:
        for router in routers:
            router.wake()

    try:
        yield wake
    finally:
        stop.set()
        for one in running:
            one.result(LIMIT_S)
        for session in sessions:
            session.close()


def decisions(store: RegionStore) -> list[Decision]:
    """All that were taken, in order."""
    rows = store.rows("select value from region_outbox where topic = 'region.decision' order by row_id")
    return [event for (value,) in rows if isinstance(event := decode(bytes(value))[1], Decision)]


def check_complete(decision: Decision, missing: Missing, offset: int) -> None:
    """The decision knows the missing record, and says that it has seen its topic so far."""
    assert decision.routing is not None
    assert (decision.routing.rule, decision.routing.accountable) == ("missing_owner", STRANGER)
    assert missing.event_id in {evidence.event_id for evidence in decision.routing.evidence}
    assert {seen.topic: seen.next_offset for seen in decision.seen}[MISSING_TOPIC] == offset + 1


@pytest.mark.parametrize("after", [Step.FOLDED, Step.POSITIONED])
@pytest.mark.parametrize("first", ["missing", "request"])
def test_both_halves_held_between_fold_and_decision_give_one_complete_route(
    store: RegionStore, after: Step, first: str
) -> None:
    """Whichever is let go first: the request is there to be decided while the missing record is not committed yet."""
    missing, request = a_missing(1, "C416377"), a_request(1, "C 416377")
    halves = {"missing": store.checked(missing), "request": store.checked(request)}
    assert not {bucket_of(key) for key in blocking_keys(missing.marks)} & {bucket_of(f"trace:{request.trace_id}")}
    holds = {name: Hold(after) for name in halves}
    second = "request" if first == "missing" else "missing"
    with ThreadPoolExecutor(4) as threads:
        folding = {n: threads.submit(store.fold_held, holds[n].reached, half) for n, half in halves.items()}
        for hold in holds.values():
            assert hold.arrived.wait(LIMIT_S)
        with two_routers(store, threads):
            holds[first].released.set()
            folding[first].result(LIMIT_S)
            if first == "request":
                until(lambda: store.rows(LOCKED) or decisions(store), "a router to wait for the missing record")
            assert decisions(store) == []
            holds[second].released.set()
            folding[second].result(LIMIT_S)
            until(lambda: decisions(store), "the route")
    (decision,) = decisions(store)
    check_complete(decision, missing, halves["missing"].record.offset)


@pytest.mark.parametrize(("missing_size", "request_size"), [(2_000, 1), (1, 2_000), (2_000, 2_000)])
def test_in_batches_with_thousands_of_keys_too(store: RegionStore, missing_size: int, request_size: int) -> None:
    """They need more locks than there are buckets: one instance waits for the other, and none for ever."""
    missing, request = a_missing(1, "C416377"), a_request(1, "C 416377")
    with_missing = batch_of(store, missing, missing_size, STRANGER)
    with_request = batch_of(store, request, request_size, FIRST)
    keys = {key for half in (with_missing, with_request) for one in half for key in keys_of(one)}
    assert len(keys) > max(missing_size, request_size) * 1.9 > 3 * BUCKETS
    hold = Hold(Step.FOLDED)
    with ThreadPoolExecutor(4) as threads, two_routers(store, threads):
        folding: list[Future[object]] = [threads.submit(store.fold_held, hold.reached, *with_missing)]
        assert hold.arrived.wait(LIMIT_S)
        folding.append(threads.submit(store.fold_held, not_watched, *with_request))
        until(lambda: store.rows(LOCKED) or decisions(store), "the other fold, or a router, to wait")
        assert decisions(store) == []
        hold.released.set()
        for one in folding:
            one.result(LIMIT_S)
        until(lambda: decisions(store), "the route")
    (decision,) = decisions(store)
    check_complete(decision, missing, with_missing[-1].record.offset)
    assert store.rows("select count(*) from missing_revision") == [(missing_size + request_size - 1,)]


def keys_of(checked: CheckedEvent) -> frozenset[str]:
    """The keys of a missing record."""
    return blocking_keys(checked.event.marks) if isinstance(checked.event, Missing) else frozenset()


def test_whenever_the_missing_record_comes_a_decision_knows_all_that_it_says_it_has_seen(
    store: RegionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes before the router looks for it, after that, or after the router has noted how far it has seen."""
    seen = knowledge.seen

    def seen_late(connection: Connection[Any], topics: Iterable[str]) -> Sequence[Seen]:
        Signal().wait(LATE_S)
        return seen(connection, topics)

    monkeypatch.setattr(knowledge, "seen", seen_late)
    offsets: dict[str, int] = {}
    with ThreadPoolExecutor(2) as threads, two_routers(store, threads) as wake:
        for number in range(ROUNDS):
            request, missing = a_request(number, f"N-{number}"), a_missing(number, f"N{number}")
            store.fold(request)
            wake()
            Signal().wait(2 * LATE_S * number / ROUNDS)
            offsets[request.event_id] = store.offsets.get(MISSING_TOPIC, 0)
            store.fold(missing)
        until(lambda: len(decisions(store)) >= ROUNDS, "every route")
    taken = {decision.subject: decision for decision in decisions(store)}
    assert set(taken) == set(offsets)
    assert len(decisions(store)) == ROUNDS
    for request_id, decision in taken.items():
        assert decision.routing is not None
        saw = {at.topic: at.next_offset for at in decision.seen}.get(MISSING_TOPIC, 0) > offsets[request_id]
        assert (decision.routing.rule == "missing_owner") == saw
