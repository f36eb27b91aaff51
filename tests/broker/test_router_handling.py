"""What routes and deliveries tell each addressee of records that it may see, and of records that it may not."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from consumers.store.session import Session
from consumers.tracing.redeliver import redeliver
from consumers.tracing.worker import RouterWorker
from histories import ASKER, FIRST, REQUEST, SECOND, START, STRANGER, act_event, marks, missing_event, request_event
from schemas.events.decision import Decision
from schemas.events.delivery import Delivery
from schemas.events.envelope import Event, Handling
from schemas.handling.rules import RELATED_RECORD
from tracing_store import OFFICE, RegionStore, deliveries, the_decision

READ = marks(make="Zastava", serial="C 416377")
ASKS = request_event(marks=READ, handling=Handling(codes=("H1",), source="A", information="1"))


@pytest.fixture
def store(database: str) -> RegionStore:
    return RegionStore(database)


@pytest.fixture
def worker(store: RegionStore) -> Iterator[RouterWorker]:
    session = Session(store.connect)
    yield RouterWorker(session, OFFICE)
    session.close()


def routed(store: RegionStore, worker: RouterWorker, handling: Handling) -> tuple[Decision, dict[str, Delivery]]:
    """The decision about a request for a firearm that a stranger misses under this handling, and its deliveries."""
    store.fold(missing_event(STRANGER, READ, handling=handling))
    store.fold(ASKS)
    worker.run_once()
    events = store.publish()
    return the_decision(events), {delivery.inbox: delivery for delivery in deliveries(events)}


def test_who_may_see_the_missing_record_is_shown_which_it_is(store: RegionStore, worker: RouterWorker) -> None:
    handling = Handling(codes=("H2",), releasable_to=(ASKER,), source="A", information="1")
    decision, sent = routed(store, worker, handling)
    assert {d.rule for d in sent.values()} == {"missing_owner"}
    assert {d.evidence_shown for d in sent.values()} == {decision.routing.evidence if decision.routing else None}
    assert [(s.member, s.handling) for s in decision.sources] == [(STRANGER, handling)]
    for told in (decision, *sent.values()):
        assert told.handling.codes == ("H1", "H2")
        assert told.handling.releasable_to == tuple(sorted((ASKER, STRANGER)))
        assert (told.handling.source, told.handling.information) == ("A", "1")


def test_who_may_not_is_told_that_a_related_record_exists_and_where(store: RegionStore, worker: RouterWorker) -> None:
    decision, sent = routed(
        store, worker, Handling(codes=("H2",), releasable_to=(FIRST,), expires_at=START + timedelta(1))
    )
    assert decision.routing
    assert (decision.routing.rule, decision.routing.accountable) == ("missing_owner", STRANGER)
    owner, asker = sent[STRANGER], sent[ASKER]
    assert (owner.rule, owner.evidence_shown) == ("missing_owner", decision.routing.evidence)
    assert (asker.rule, asker.accountable) == (RELATED_RECORD, STRANGER)
    (shown,) = asker.evidence_shown
    assert shown.model_dump(exclude_none=True) == {"kind": RELATED_RECORD, "place": STRANGER}
    assert asker.handling == ASKS.handling
    assert missing_event(STRANGER, READ).event_id not in asker.model_dump_json(exclude={"original"})


def test_a_delivery_that_is_written_again_shows_what_the_first_one_showed(
    store: RegionStore, worker: RouterWorker
) -> None:
    _, sent = routed(store, worker, Handling(releasable_to=(FIRST,)))
    with store.connect() as connection, connection.transaction():
        connection.execute("delete from region_outbox where topic <> 'region.decision'")
        assert redeliver(connection, ()) == 2
    assert {delivery.inbox: delivery for delivery in deliveries(store.publish())} == sent


def test_a_referral_that_the_next_member_may_not_see_is_no_evidence_for_it(
    store: RegionStore, worker: RouterWorker
) -> None:
    referral = act_event(
        "referral", FIRST, REQUEST.event_id, minutes=2, handling=Handling(codes=("H2",), releasable_to=(ASKER,))
    )
    store.fold(REQUEST)
    worker.run_once()
    store.publish()
    store.fold(referral)
    worker.run_once()
    sent = {(d.inbox, d.purpose): d for d in deliveries(store.publish())}
    second, asker = sent[SECOND, "accountable"], sent[ASKER, "copy"]
    assert (second.rule, [one.kind for one in second.evidence_shown]) == (RELATED_RECORD, [RELATED_RECORD])
    assert second.evidence_shown[0].place == FIRST
    assert referral.event_id not in second.model_dump_json(exclude={"original"})
    assert (asker.rule, asker.evidence_shown[0].event_id) == ("named_hop", referral.event_id)
    assert {d.original.topic for d in sent.values() if d.inbox == SECOND} == {"mk.trace"}


def later_act(store: RegionStore, worker: RouterWorker, handling: Handling) -> list[Event]:
    """What is sent because of an acknowledgement under this handling."""
    store.fold(REQUEST)
    worker.run_once()
    store.publish()
    store.fold(act_event("acknowledgement", FIRST, REQUEST.event_id, minutes=2, handling=handling))
    worker.run_once()
    return store.publish()


@pytest.mark.parametrize("handling", [Handling(releasable_to=(SECOND,)), Handling(expires_at=START)])
def test_an_act_that_its_addressee_may_not_see_is_not_delivered(
    store: RegionStore, worker: RouterWorker, handling: Handling
) -> None:
    decision = the_decision(later_act(store, worker, handling))
    assert decision.undeliverable
    assert (decision.undeliverable.reason, decision.deliveries) == ("not_releasable", ())


@pytest.mark.parametrize("handling", [Handling(releasable_to=(SECOND,)), Handling(expires_at=START)])
def test_a_request_that_the_member_may_not_see_goes_to_the_duty_officer_and_the_asker_is_asked(
    store: RegionStore, worker: RouterWorker, handling: Handling
) -> None:
    store.fold(request_event(handling=handling))
    worker.run_once()
    events = store.publish()
    decision = the_decision(events)
    assert decision.routing
    assert (decision.routing.rule, decision.routing.accountable) == ("not_releasable", None)
    assert [(d.inbox, d.purpose, d.rule) for d in deliveries(events)] == [(ASKER, "copy", "not_releasable")]
    assert store.state() == "with_duty_officer"
