"""Embargoes and expiries over the real PostgreSQL: ended once, by decision, and the same whatever the order."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

import pytest

from consumers.store.session import Session
from consumers.terms.worker import TermWorker
from consumers.tracing.dump import dump_tracing
from consumers.tracing.worker import RouterWorker
from consumers.view.dump import dump_view, lines
from consumers.view.queries import Wanted, find, summary
from histories import ASKER, KEY, START, STRANGER, ended, marks, missing_event, request_event
from interfocal.stack import Stack, create_database, drop_database
from records import a_seizure
from schemas.events.envelope import Event, Handling
from schemas.events.missing import Missing
from schemas.events.seizure import Seizure
from schemas.handling.rules import EMBARGO_END, EXPIRY
from tracing_store import OFFICE, RegionStore, the_decision

DAY = timedelta(days=1)
EMBARGO = Handling(embargo_until=START + DAY)
READ = marks(make="Zastava", serial="C 416377")


@dataclass
class Clock:
    """A clock that a test sets."""

    at: datetime = field(default_factory=lambda: START)

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Region:
    """A region's database with its two deciding workers, run by hand."""

    store: RegionStore
    clock: Clock
    router: RouterWorker
    terms: TermWorker

    def decided(self) -> list[Event]:
        """Let both decide what they can, and fold it."""
        self.terms.run_once()
        self.store.publish()
        self.router.run_once()
        return self.store.publish()

    def work(self) -> list[tuple[str, str, datetime | None]]:
        rows = self.store.rows("select kind, subject, due_at from work order by kind, subject")
        return [(kind, subject, due_at) for kind, subject, due_at in rows]

    def listed(self, listing: str) -> list[str]:
        with self.store.connect() as connection:
            found = find(connection, listing, Wanted(), 100)
        return sorted(str(row.get("record_id") or row.get("trace_id")) for row in found)


@pytest.fixture
def region(database: str) -> Iterator[Region]:
    store, clock = RegionStore(database), Clock()
    office = replace(OFFICE, now=clock)
    session = Session(store.connect)
    yield Region(store, clock, RouterWorker(session, office), TermWorker(session, office))
    session.close()


def seizure(revision: int = 1, until: datetime | None = None, expires_at: datetime | None = None) -> Seizure:
    return a_seizure("case", STRANGER, revision).model_copy(
        update={"handling": Handling(embargo_until=until, expires_at=expires_at), "recorded_at": START}
    )


def stolen(revision: int = 1, handling: Handling = EMBARGO) -> Missing:
    return missing_event(STRANGER, READ, revision=revision, handling=handling)


def routed(region: Region) -> tuple[str, str | None]:
    """Rule and accountable member of a request for the missing firearm."""
    region.store.fold(request_event(marks=READ))
    region.router.run_once()
    routing = the_decision(region.store.publish()).routing
    assert routing
    return routing.rule, routing.accountable


def test_an_embargoed_record_waits_for_its_time_and_is_then_ended_once(region: Region) -> None:
    event = seizure(until=START + DAY)
    region.store.fold(event)
    assert region.work() == [(EMBARGO_END, event.event_id, START + DAY)]
    assert (region.decided(), region.listed("seizures"), region.listed("items")) == ([], [], [])
    region.clock.at = START + DAY
    assert region.terms.run_once() == 1
    assert region.terms.run_once() == 0
    assert region.listed("seizures") == []  # decided, and not folded yet
    decision = the_decision(region.store.publish())
    assert region.listed("seizures") == [event.record_id]
    assert region.work() == []
    ((entry,),) = region.store.rows("select entry from audit_entry")
    assert json.loads(entry)["kind"] == "alteration"
    assert json.loads(entry)["told"]["what"]["event"] == event.event_id
    assert (decision.kind, decision.subject, decision.recorded_at) == (EMBARGO_END, event.event_id, START + DAY)
    assert decision.embargo_end is not None
    assert decision.embargo_end.of_record == event.record_id
    assert decision == ended(
        event, recorded_at=START + DAY, directory_version=7, seen=decision.seen, handling=event.handling
    )


def test_nothing_counts_an_embargoed_record(region: Region) -> None:
    region.store.fold(seizure(until=START + DAY), stolen(), request_event(handling=EMBARGO))
    with region.store.connect() as connection:
        assert summary(connection, None) == []
    assert [region.listed(listing) for listing in ("seizures", "items", "missing", "traces")] == [[], [], [], []]
    region.clock.at += DAY
    region.decided()
    with region.store.connect() as connection:
        counts = {
            row["member"]: (row["seizures"], row["missing_open"], row["traces"]) for row in summary(connection, None)
        }
    assert counts == {STRANGER: (1, 1, 0), ASKER: (0, 0, 1)}


def test_an_embargoed_request_is_routed_once_its_embargo_has_ended(region: Region) -> None:
    request = request_event(handling=EMBARGO)
    region.store.fold(request)
    assert region.decided() == []
    assert region.work() == [(EMBARGO_END, KEY.request_id, START + DAY)]
    region.clock.at += DAY
    events = region.decided()
    assert the_decision(events).routing is not None
    assert region.store.state() == "routed"
    assert region.work() == []


def test_an_embargoed_missing_record_names_no_owner(region: Region) -> None:
    region.store.fold(stolen())
    assert routed(region)[0] == "manufacture"


def test_a_missing_record_names_its_owner_once_its_embargo_has_ended(region: Region) -> None:
    region.store.fold(stolen())
    region.clock.at += DAY
    region.decided()
    assert routed(region) == ("missing_owner", STRANGER)


def test_a_clock_that_is_past_an_embargo_ends_nothing_without_the_decision(region: Region) -> None:
    region.store.fold(stolen())
    region.clock.at += DAY
    assert routed(region)[0] == "manufacture"


@pytest.mark.parametrize("later", [0, 1])
def test_an_expired_missing_record_names_no_owner(region: Region, later: int) -> None:
    region.store.fold(stolen(handling=Handling(expires_at=START + DAY)))
    region.clock.at += later * DAY
    assert routed(region)[0] == ("manufacture" if later else "missing_owner")


def test_an_expiry_is_decided_and_its_record_is_shown_no_more(region: Region) -> None:
    event = seizure(expires_at=START + DAY)
    region.store.fold(event)
    assert region.listed("seizures") == [event.record_id]
    region.clock.at += DAY
    region.terms.run_once()
    assert the_decision(region.store.publish()).expiry is not None
    assert region.listed("seizures") == []


def test_a_later_revision_prolongs_an_embargo_that_has_ended(region: Region) -> None:
    region.store.fold(seizure(until=START + DAY))
    region.clock.at += DAY
    region.decided()
    prolonged = seizure(2, until=START + 5 * DAY)
    region.store.fold(prolonged)
    assert region.listed("seizures") == []
    assert region.work() == [(EMBARGO_END, prolonged.event_id, START + 5 * DAY)]


def test_a_later_revision_lifts_an_embargo_at_once(region: Region) -> None:
    region.store.fold(seizure(until=START + DAY))
    region.store.fold(seizure(2))
    assert region.listed("seizures") == [seizure().record_id]
    assert region.work() == []


def test_the_end_of_an_earlier_revisions_embargo_is_not_decided(region: Region) -> None:
    region.store.fold(seizure(2, until=START + 5 * DAY))
    region.store.fold(seizure(until=START + DAY))
    region.clock.at += DAY
    assert region.terms.run_once() == 0
    assert region.listed("seizures") == []


def test_a_revision_that_is_taken_back_leaves_the_earlier_ones_terms(region: Region) -> None:
    first, second = seizure(until=START + DAY), seizure(2)
    region.store.fold(first)
    checked = region.store.checked(second)
    region.store.fold_checked(checked)
    assert region.work() == []
    with region.store.connect() as connection, connection.transaction():
        for handler in region.store.handlers:
            if "seizure" in handler.streams:
                handler.take_back(connection, [checked])
    assert region.work() == [(EMBARGO_END, first.event_id, START + DAY)]
    assert region.listed("seizures") == []


def test_two_workers_end_a_term_once(region: Region) -> None:
    region.store.fold(seizure(until=START + DAY))
    region.clock.at += DAY
    other = Session(region.store.connect)
    office = replace(OFFICE, now=region.clock)
    assert region.terms.run_once() + TermWorker(other, office).run_once() == 1
    other.close()


def facts() -> list[Event]:
    """Revisions that prolong, lift and expire, acts, and the ends that were decided of some of them."""
    first, prolonged, lifted = seizure(until=START + DAY), seizure(2, until=START + 2 * DAY), seizure(3)
    other = a_seizure("other", STRANGER).model_copy(update={"handling": EMBARGO, "recorded_at": START})
    missing, expiring = stolen(), stolen(2, Handling(expires_at=START + DAY))
    request = request_event(handling=EMBARGO)
    decided = [ended(first), ended(prolonged), ended(other), ended(missing), ended(request), ended(expiring, EXPIRY)]
    return [first, prolonged, lifted, other, missing, expiring, request, *decided]


def state_of(region: RegionStore) -> tuple[Sequence[str], Sequence[object], Sequence[object]]:
    with region.connect() as connection:
        view, traces = list(lines(dump_view(connection))), list(dump_tracing(connection))
        shown = [find(connection, listing, Wanted(), 100) for listing in ("seizures", "items", "missing", "traces")]
    work = region.rows("select kind, subject, hop, cause, due_at, member from work order by kind, subject, cause")
    return view, [*traces, *work], shown


@pytest.mark.parametrize("left_out", [0, 4, 9])
def test_any_order_of_records_and_ends_leaves_the_same_view_and_the_same_work(stack: Stack, left_out: int) -> None:
    """Numbers in the chains stay with their events, as on a log; only the order of arrival changes."""
    numbered = [(event, number) for number, event in enumerate(facts(), start=1) if number != left_out]
    states = []
    for seed in range(5):
        draw = Random(seed)
        order = draw.sample(numbered, len(numbered)) if seed else numbered
        url = create_database(stack.postgres_url, f"test_terms_{left_out}_{seed}")
        try:
            store = RegionStore(url)
            while order:
                size = draw.randint(1, 4)
                taken, order = order[:size], order[size:]
                store.fold_checked(*(store.checked(event, number) for event, number in taken))
            states.append(state_of(store))
        finally:
            drop_database(stack.postgres_url, url.rsplit("/", 1)[1])
    assert all(state == states[0] for state in states)
    assert len(states[0][0]) > 4


def test_only_decisions_of_the_region_end_a_term(region: Region) -> None:
    event = seizure(until=START + DAY)
    region.store.fold(event, ended(seizure(2, until=START + DAY)))
    assert region.listed("seizures") == []
    region.store.fold(ended(event))
    assert region.listed("seizures") == [event.record_id]
