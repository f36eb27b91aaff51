"""The router over the real PostgreSQL: what it decides, that it decides once, and what any order of folding leaves."""

from collections.abc import Iterator
from threading import Event as Signal
from threading import Thread

import psycopg
import pytest

from consumers.store.session import Session
from consumers.tracing.deciding import Taken
from consumers.tracing.redeliver import redeliver
from consumers.tracing.worker import RouterWorker, rule_of
from histories import (
    ASKER,
    FIRST,
    KEY,
    REQUEST,
    SECOND,
    STRANGER,
    act_event,
    marks,
    missing_event,
    receipt_for,
    request_event,
)
from schemas.codes.lists import load_code_lists
from schemas.events.firearm import Marks
from schemas.events.ids import delivery_event_id, value_sha256
from schemas.events.missing import Missing
from schemas.events.types import coded_values
from schemas.wire.codec import encode
from tracing_store import OFFICE, RegionStore, deliveries, the_decision


class Notes:
    """An observer that writes everything down."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str | None]] = []
        self.failed: list[str] = []

    def decided(self, taken: Taken) -> None:
        self.taken.append((taken.decision.kind, rule_of(taken.decision)))

    def not_decided(self, kind: str, error: Exception) -> None:
        self.failed.append(f"{kind} {type(error).__name__}")

    def away(self, error: Exception) -> None:
        self.failed.append(type(error).__name__)


@pytest.fixture
def store(database: str) -> RegionStore:
    return RegionStore(database)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def worker(store: RegionStore, notes: Notes) -> Iterator[RouterWorker]:
    session = Session(store.connect)
    yield RouterWorker(session, OFFICE, notes)
    session.close()


def test_a_request_is_routed_to_the_accountable_member_and_told_to_the_asker(
    store: RegionStore, worker: RouterWorker, notes: Notes
) -> None:
    store.fold(REQUEST)
    assert worker.run_once() == 1
    events = store.publish()
    decision = the_decision(events)
    assert decision.routing
    assert (decision.routing.rule, decision.routing.accountable) == ("manufacture", FIRST)
    assert [(p.inbox, p.purpose) for p in decision.deliveries] == [(FIRST, "accountable"), (ASKER, "copy")]
    assert decision.directory_version == 7
    assert [(seen.topic, seen.next_offset) for seen in decision.seen] == [("mk.trace", 1)]
    assert notes.taken == [("routing", "manufacture")]
    assert store.state() == "routed"


def test_a_delivery_carries_the_original_and_the_decision_that_sent_it(
    store: RegionStore, worker: RouterWorker
) -> None:
    store.fold(REQUEST)
    worker.run_once()
    events = store.publish()
    decision = the_decision(events)
    for delivery, planned in zip(deliveries(events), decision.deliveries, strict=True):
        assert delivery.event_id == planned.event_id == delivery_event_id(decision.event_id, delivery.inbox)
        assert (delivery.original.topic, delivery.original.offset) == ("mk.trace", 0)
        assert delivery.original.value == encode(REQUEST)
        assert delivery.decision_sha256 == value_sha256(encode(decision))
        assert (delivery.rule, delivery.accountable, delivery.hop) == ("manufacture", FIRST, 1)


def test_deliveries_wait_for_their_decision_in_the_outbox(store: RegionStore, worker: RouterWorker) -> None:
    store.fold(REQUEST)
    worker.run_once()
    rows = store.rows("select topic, row_id, after_row, key from region_outbox order by row_id")
    assert [row[0] for row in rows] == ["region.decision", "region.inbox.rs", "region.inbox.mk"]
    assert [row[2] for row in rows] == [None, rows[0][1], rows[0][1]]
    assert {row[3] for row in rows} == {KEY.trace_id}


def test_what_is_decided_is_never_decided_again(store: RegionStore, worker: RouterWorker) -> None:
    store.fold(REQUEST)
    assert worker.run_once() == 1
    assert worker.run_once() == 0  # settled, though the decision is not folded yet
    store.fold(act_event("closure", STRANGER, REQUEST.event_id))  # a fold of the same trace in between
    assert worker.run_once() == 0
    store.publish()
    assert worker.run_once() == 0
    assert store.rows("select count(*) from decided") == [(1,)]


def test_a_decision_takes_effect_only_when_it_is_folded(store: RegionStore, worker: RouterWorker) -> None:
    store.fold(REQUEST)
    worker.run_once()
    assert store.state() == "submitted"
    store.publish()
    assert store.state() == "routed"


def test_a_delivery_that_was_lost_with_its_outbox_is_written_again_as_it_was(
    store: RegionStore, worker: RouterWorker
) -> None:
    store.fold(REQUEST)
    worker.run_once()
    sent = list(deliveries(store.publish()))
    with store.connect() as connection, connection.transaction():
        assert redeliver(connection, ()) == 0
        connection.execute("delete from region_outbox where topic <> 'region.decision'")
        assert redeliver(connection, {sent[0].event_id}) == 1
        assert redeliver(connection, {sent[0].event_id}) == 0
    assert store.publish() == sent[1:]


def test_two_instances_that_write_a_lost_delivery_again_write_it_once(store: RegionStore, worker: RouterWorker) -> None:
    store.fold(REQUEST)
    worker.run_once()
    store.publish()
    added: list[int] = []

    def second() -> None:
        with store.connect() as connection, connection.transaction():
            added.append(redeliver(connection, ()))

    with store.connect() as connection:
        connection.execute("delete from region_outbox where topic <> 'region.decision'")
    other = Thread(target=second)
    with store.connect() as connection, connection.transaction():
        written = redeliver(connection, ())
        other.start()
        waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        while other.is_alive() and not store.rows(waiting):
            pass
    other.join()
    assert (written > 0, added) == (True, [0])


def test_every_later_act_goes_to_the_other_party(store: RegionStore, worker: RouterWorker) -> None:
    store.fold(REQUEST)
    worker.run_once()
    routed = the_decision(store.publish())
    acknowledgement = act_event("acknowledgement", FIRST, REQUEST.event_id, minutes=2)
    clarified = act_event("refusal", FIRST, acknowledgement.event_id, minutes=3)
    clarification = act_event("clarification", ASKER, clarified.event_id, minutes=4)
    store.fold(receipt_for(routed, FIRST))
    assert store.state() == "delivered"
    store.fold(acknowledgement, clarified, clarification)
    assert worker.run_once() == 3
    sent = {d.original.value: (d.inbox, d.purpose) for d in deliveries(store.publish())}
    assert sent == {
        encode(acknowledgement): (ASKER, "party"),
        encode(clarified): (ASKER, "party"),
        encode(clarification): (FIRST, "party"),
    }
    assert worker.run_once() == 0


def test_a_referral_opens_a_hop_whose_accountable_member_gets_the_request(
    store: RegionStore, worker: RouterWorker
) -> None:
    referral = act_event("referral", FIRST, REQUEST.event_id, minutes=2)
    store.fold(REQUEST)
    worker.run_once()
    store.publish()
    store.fold(referral)
    assert worker.run_once() == 2
    second = [d for d in deliveries(store.publish()) if d.purpose == "accountable"]
    assert [(d.inbox, d.hop, d.rule, d.original.value) for d in second] == [(SECOND, 2, "named_hop", encode(REQUEST))]
    answer = act_event("answer", SECOND, REQUEST.event_id, hop=2, minutes=9)
    store.fold(answer)
    assert store.state() == "answered"


def test_a_weapon_made_outside_goes_back_to_the_asker_whose_bureau_takes_it_on(
    store: RegionStore, worker: RouterWorker
) -> None:
    store.fold(request_event(marks=Marks(make="Ekol"), weapon_class="gas_alarm_signal"))
    worker.run_once()
    events = store.publish()
    decision = the_decision(events)
    assert decision.handed_over
    assert (decision.handed_over.system, decision.handed_over.place) == ("interpol", "TR")
    assert [(d.inbox, d.purpose, d.rule) for d in deliveries(events)] == [(ASKER, "accountable", "handed_over")]
    assert store.state() == "handed_over"


def test_what_no_rule_decides_is_with_the_duty_officer_and_the_asker_is_told(
    store: RegionStore, worker: RouterWorker
) -> None:
    store.fold(request_event(marks=Marks()))
    worker.run_once()
    assert [(d.inbox, d.purpose, d.rule) for d in deliveries(store.publish())] == [(ASKER, "copy", "duty_officer")]
    assert store.state() == "with_duty_officer"


def test_nobody_to_tell_is_a_decision_too(store: RegionStore, worker: RouterWorker) -> None:
    store.fold(request_event(marks=Marks()))
    worker.run_once()
    store.publish()
    store.fold(act_event("closure", ASKER, KEY.request_id))
    worker.run_once()
    decision = the_decision(store.publish())
    assert decision.none
    assert decision.none.reason == "no_addressee"
    assert worker.run_once() == 0


def routed_with(store: RegionStore, worker: RouterWorker, *records: Missing) -> tuple[str, str | None]:
    """Rule and accountable member of a request for a Zastava C 416377 beside these missing records."""
    store.fold(*records)
    store.fold(request_event(marks=marks(make="Zastava", serial="C 416377")))
    worker.run_once()
    routing = the_decision(store.publish()).routing
    assert routing
    return routing.rule, routing.accountable


def test_the_owner_of_a_missing_record_is_asked(store: RegionStore, worker: RouterWorker) -> None:
    missing = missing_event(STRANGER, marks(serial="С-416377"))  # noqa: RUF001  # Cyrillic on purpose
    assert routed_with(store, worker, missing) == ("missing_owner", STRANGER)


def test_a_firearm_that_was_recovered_names_no_owner(store: RegionStore, worker: RouterWorker) -> None:
    read = marks(serial="C416377")
    records = (missing_event(STRANGER, read), missing_event(STRANGER, read, "recovered", revision=2))
    assert routed_with(store, worker, *records) == ("manufacture", FIRST)


def test_a_number_that_an_earlier_revision_had_names_no_owner(store: RegionStore, worker: RouterWorker) -> None:
    corrected = missing_event(STRANGER, marks(serial="C416378"), revision=2)
    records = (missing_event(STRANGER, marks(serial="C416377")), corrected)
    assert routed_with(store, worker, *records) == ("manufacture", FIRST)


@pytest.mark.parametrize("serial", ["C 41?377", "BEZ BROJA", "C 416378"])
def test_partial_numbers_placeholders_and_others_name_no_owner(
    store: RegionStore, worker: RouterWorker, serial: str
) -> None:
    assert routed_with(store, worker, missing_event(STRANGER, marks(serial=serial))) == ("manufacture", FIRST)


def test_every_code_of_a_decision_is_in_its_list(store: RegionStore, worker: RouterWorker) -> None:
    store.fold(missing_event(ASKER, marks(serial="C416377")))
    store.fold(request_event(marks=marks(serial="C 416377", imported=[("TR", 1990)])))
    worker.run_once()
    lists = load_code_lists()
    told = [coded for event in store.publish() for coded in coded_values(event)]
    assert told
    assert [coded for coded in told if coded[2] not in lists[coded[1]]] == []


def test_nothing_is_decided_before_the_start_barrier_opens(store: RegionStore, worker: RouterWorker) -> None:
    store.fold(REQUEST)
    asked: list[bool] = []
    stop = Signal()

    def may_decide() -> bool:
        asked.append(True)
        if len(asked) > 2:
            stop.set()
        return False

    worker.run(stop, may_decide)
    assert store.rows("select count(*) from decided") == [(0,)]


def test_one_want_that_cannot_be_decided_does_not_stop_the_others(
    store: RegionStore, worker: RouterWorker, notes: Notes
) -> None:
    acknowledgement = act_event("acknowledgement", FIRST, REQUEST.event_id, minutes=2)
    store.fold(REQUEST)
    worker.run_once()
    store.publish()
    refusal = act_event("refusal", FIRST, acknowledgement.event_id, minutes=3)
    store.fold(acknowledgement, refusal)
    with store.connect() as connection:
        connection.execute("update event set seal = '!' where event_id = %s", [acknowledgement.event_id])
    assert worker.run_once() == 1
    assert notes.failed == ["delivery ValidationError"]
    assert worker.run_once() == 0


def test_two_workers_decide_once(store: RegionStore, worker: RouterWorker) -> None:
    store.fold(REQUEST)
    session = Session(store.connect)
    other = RouterWorker(session, OFFICE)
    assert worker.run_once() + other.run_once() == 1
    session.close()
    with pytest.raises(psycopg.errors.UniqueViolation), store.connect() as connection:
        connection.execute("insert into decided select kind, subject, hop, cause, 'other' from decided")
