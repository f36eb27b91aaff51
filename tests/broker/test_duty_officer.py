"""What the duty officer decides, what lists show, and the rows a rebuilt view is compared by."""

import pytest

from consumers.store.session import Session
from consumers.tracing.decide import ruling_of
from consumers.tracing.deciding import Office
from consumers.tracing.dump import decision_row, dump_tracing, trace_rows
from consumers.tracing.duty import DutyOrder, route_by_hand
from consumers.tracing.fold import fold
from consumers.tracing.reading import Wanted, find_trace, read_trace, trace_lines
from consumers.tracing.rules import Choice
from consumers.tracing.worker import RouterWorker
from histories import ASKER, FIRST, KEY, SECOND, START, STRANGER, act_event, on_log, request_event
from schemas.directory import Directory
from schemas.errors import Misconfigured, Rejected
from schemas.events.decision import Decision
from schemas.events.envelope import Event, Handling
from schemas.events.firearm import Marks
from schemas.events.ids import value_sha256
from schemas.marks.reference import load_reference
from schemas.wire.codec import encode
from tracing_store import RegionStore, deliveries

DIRECTORY = Directory.model_validate(
    {
        "region": "test-region",
        "title": "Test",
        "version": 1,
        "exercise": True,
        "issued_at": START,
        "expires_at": START,
        "members": [
            *({"code": code, "name": code} for code in (ASKER, FIRST, SECOND, STRANGER)),
            {"code": "UA", "name": "UA", "observer": True},
        ],
        "channels": [{"sender": ASKER, "receiver": STRANGER, "channel": "none"}],
    }
)
OFFICE = Office(DIRECTORY, load_reference(), lambda: START)
NOTHING_KNOWN = request_event(marks=Marks())


@pytest.fixture
def store(database: str) -> RegionStore:
    return RegionStore(database)


def route_all(store: RegionStore) -> list[Event]:
    session = Session(store.connect)
    RouterWorker(session, OFFICE).run_once()
    session.close()
    return store.publish()


def order(store: RegionStore, to: str = FIRST, because: str = "documents") -> Decision:
    with store.connect() as connection, connection.transaction():
        return route_by_hand(connection, OFFICE, DutyOrder(KEY, to, because, "duty-7"))


def test_the_duty_officers_routing_is_a_decision_that_names_him(store: RegionStore) -> None:
    store.fold(NOTHING_KNOWN)
    route_all(store)
    order(store)
    events = store.publish()
    (decided,) = [event for event in events if isinstance(event, Decision)]
    assert (decided.decided_by, decided.duty_reason) == ("duty-7", "documents")
    assert decided.routing
    assert (decided.routing.rule, decided.routing.accountable) == ("duty_officer", FIRST)
    assert [(d.inbox, d.purpose) for d in deliveries(events)] == [(FIRST, "accountable"), (ASKER, "copy")]
    assert store.state() == "routed"
    store.fold(act_event("acknowledgement", FIRST, KEY.request_id))
    assert store.state() == "acknowledged"


def test_two_duty_officers_do_not_decide_the_same(store: RegionStore) -> None:
    store.fold(NOTHING_KNOWN)
    route_all(store)
    order(store)
    with pytest.raises(Rejected, match="on its way"):
        order(store, SECOND)
    store.publish()
    with pytest.raises(Rejected, match="does not stand on the duty officer's list"):
        order(store, SECOND)


@pytest.mark.parametrize(
    ("to", "because", "error", "says"),
    [
        (STRANGER, "documents", Rejected, "have no channel"),
        (SECOND, "documents", Rejected, "does not release"),
        ("UA", "documents", Rejected, "is an observer"),
        (FIRST, "whim", Rejected, "is no reason"),
        ("ZZ", "documents", Misconfigured, "is not a member"),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_a_sentence(
    store: RegionStore, to: str, because: str, error: type[Exception], says: str
) -> None:
    store.fold(request_event(marks=Marks(), handling=Handling(releasable_to=(FIRST, STRANGER))))
    route_all(store)
    with pytest.raises(error, match=says):
        order(store, to, because)
    assert store.publish() == []


def test_a_trace_that_is_not_here_cannot_be_routed(store: RegionStore) -> None:
    with pytest.raises(Rejected, match="there is no trace"):
        order(store)


def test_lists_show_what_stands_on_the_duty_officers_list(store: RegionStore) -> None:
    store.fold(NOTHING_KNOWN)
    route_all(store)
    with store.connect() as connection:
        (line,) = trace_lines(connection, Wanted(duty=True), 10)
        assert (line.requester, line.state, line.rule, line.accountable) == (
            ASKER,
            "with_duty_officer",
            "duty_officer",
            None,
        )
        assert trace_lines(connection, Wanted(state="routed"), 10) == []
        assert trace_lines(connection, Wanted(requester=FIRST), 10) == []
    order(store)
    store.publish()
    with store.connect() as connection:
        assert trace_lines(connection, Wanted(duty=True), 10) == []
        assert len(trace_lines(connection, Wanted(state="routed", requester=ASKER), 10)) == 1


def test_a_trace_is_found_by_its_id_its_beginning_or_the_askers_reference(store: RegionStore) -> None:
    store.fold(NOTHING_KNOWN.model_copy(update={"own_reference": "MK-1"}))
    with store.connect() as connection:
        for name in (KEY.trace_id, KEY.trace_id[:8].upper(), "MK-1"):
            assert find_trace(connection, name) == KEY
        with pytest.raises(Rejected, match="there is no trace"):
            find_trace(connection, "MK-2")


def test_the_dump_is_what_the_facts_make(store: RegionStore) -> None:
    store.fold(NOTHING_KNOWN, act_event("answer", STRANGER, KEY.request_id))
    events = route_all(store)
    order(store)
    events += store.publish()
    acknowledgement = act_event("acknowledgement", FIRST, KEY.request_id, minutes=1)
    store.fold(acknowledgement, act_event("information", ASKER, acknowledgement.event_id, minutes=2))
    decisions = [event for event in events if isinstance(event, Decision)]
    with store.connect() as connection:
        kept = list(dump_tracing(connection))
        trace = read_trace(connection, KEY)
    acts = [NOTHING_KNOWN, acknowledgement, act_event("information", ASKER, acknowledgement.event_id, minutes=2)]
    assert fold(KEY, [on_log(act) for act in acts], decisions).state == trace.state == "acknowledged"
    own = sorted((decision_row(d, value_sha256(encode(d))) for d in decisions), key=lambda row: row[1]["event_id"])
    assert kept == [*trace_rows(trace), *own]
    assert [row["act"] for table, row in kept if table == "trace_act" for row in [row["body"]]] == [
        "request",
        "acknowledgement",
        "information",
    ]


def test_a_choice_without_a_system_is_a_routing() -> None:
    assert ruling_of(Choice("duty_officer"), ASKER).addressees == ((ASKER, "copy"),)
