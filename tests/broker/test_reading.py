"""What members read on the real PostgreSQL: never more than the rules of handling, whatever SQL is written."""

import json
import secrets
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import product
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import errors

from consumers.store.session import Session
from consumers.tracing.decide import told_to
from consumers.tracing.worker import RouterWorker
from consumers.view.explaining import explain_event
from consumers.view.queries import Wanted, summary
from histories import ASKER, FIRST, KEY, START, STRANGER, act_event, ended, marks, missing_event, request_event
from reading_members import TOKENS, ReaderRole, reader_role
from records import a_seizure
from schemas.events.decision import Decision
from schemas.events.envelope import Handling
from schemas.events.seizure import Seizure
from schemas.handling.rules import RELATED_RECORD, SHOWING, Terms, redacted, terms_decided
from tracing_store import OFFICE, RegionStore, the_decision

LONG_AGO, LONG_HENCE = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
READ = marks(make="Zastava", serial="C 416377")
RELEASED = (None, (), ("RS",), ("RS", "MK"))
EMBARGOES = (None, LONG_AGO, LONG_HENCE)
EXPIRIES = (None, LONG_AGO, LONG_HENCE)
HANDLINGS = [
    Handling(releasable_to=to, embargo_until=until, expires_at=expires)
    for to, until, expires in product(RELEASED, EMBARGOES, EXPIRIES)
]
VIEWS = ("seizure_in_view", "missing_in_view", "item_revision", "mark_key", "trace", "trace_hop")
TABLES = ("seizure_revision", "missing_revision", "item_revision", "mark_key", "trace", "trace_hop")


@pytest.fixture
def store(database: str) -> RegionStore:
    return RegionStore(database)


@pytest.fixture
def role(store: RegionStore) -> Iterator[ReaderRole]:
    with reader_role(store.url) as found:
        yield found


def seizure(name: str, handling: Handling, revision: int = 1) -> Seizure:
    return a_seizure(name, STRANGER, revision).model_copy(update={"handling": handling})


def folded(store: RegionStore) -> dict[str, Seizure]:
    """A seizure for every handling, of which every other embargo that may have ended has been ended; by record id."""
    events = [seizure(f"case-{at}", handling) for at, handling in enumerate(HANDLINGS)]
    store.fold(*events)
    store.fold(*(ended(event) for event in events[::2] if event.handling.embargo_until))
    return {event.record_id: event for event in events}


def over(store: RegionStore) -> frozenset[str]:
    return frozenset(cause for (cause,) in store.rows("select cause from decision where kind = 'embargo_end'"))


@pytest.mark.parametrize("member", TOKENS)
def test_a_list_shows_a_record_exactly_when_the_rules_do(store: RegionStore, role: ReaderRole, member: str) -> None:
    events, decided, now = folded(store), over(store), datetime.now(UTC)
    by_rules = {r for r, event in events.items() if redacted(event, member, terms_decided(event, decided, now))}
    assert role.records(member, "seizures") == by_rules
    assert role.records(member, "items") == by_rules
    assert 0 < len(by_rules) <= len(events)
    if member != STRANGER:
        assert len(by_rules) < len(events)


@pytest.mark.parametrize("member", TOKENS)
def test_hand_written_sql_shows_no_more(store: RegionStore, role: ReaderRole, member: str) -> None:
    events, decided, now = folded(store), over(store), datetime.now(UTC)
    with role.reading(member) as open_:
        shown = dict(open_.execute("select record_id, body from seizure_in_view").fetchall())
        items = {record for (record,) in open_.execute("select record_id from item_revision")}
        keys = {record for (record,) in open_.execute("select record_id from mark_key")}
    for record, event in events.items():
        allowed = redacted(event, member, terms_decided(event, decided, now))
        assert (record in shown) == (record in items) == (record in keys) == (allowed is not None)
        if allowed is not None:
            assert set(shown[record]) == set(allowed) - {"items"}


def test_without_a_ticket_the_readers_role_is_shown_nothing(store: RegionStore, role: ReaderRole) -> None:
    folded(store)
    with role.connect() as open_:
        assert [open_.execute(f"select * from {view}".encode()).fetchall() for view in VIEWS] == [[]] * len(VIEWS)
        assert open_.execute("select related_members(array['C41377', 'S41377'])").fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        *(f"select * from public.{table}" for table in TABLES),
        "select * from public.event",
        "select * from public.seizure_current",
        "select * from public.decision",
        "select * from public.trace_act",
        "select * from public.quarantine",
        "select * from public.read_token",
        "select * from public.reading_ticket",
        "select * from public.audit_entry",
        "select * from public.export_proposal",
        "select * from public.export_waiting('AL')",
        "select public.export_asked('{}', '{}', 1)",
        "select public.export_confirmed('{}', 1)",
        "insert into public.read_token (member, desk, sha256) values ('AL', 'x', 'y')",
        "update public.reading_ticket set member = 'AL'",
        "select public.audit_append('consultation', '{}')",
        "set role interfocal_views",
        "create table public.mine ()",
        "create view reading.mine as select 1",
    ],
)
def test_whatever_is_no_view_is_refused(store: RegionStore, role: ReaderRole, statement: str) -> None:
    folded(store)
    with role.reading("RS") as open_, pytest.raises(errors.InsufficientPrivilege):
        open_.execute(statement.encode())


def test_a_session_reads_for_one_member_and_with_one_ticket(store: RegionStore, role: ReaderRole) -> None:
    folded(store)
    with role.reading("RS") as open_:
        ((mine,),) = open_.execute("select count(*) from seizure_in_view").fetchall()
        others = open_.execute(
            "select reading_begin(sha256, ticket) from (values (%s, 1), (%s, 2)) as t (sha256, ticket)",
            [TOKENS["AL"], TOKENS["RS"]],
        ).fetchall()
        ((after,),) = open_.execute("select count(*) from seizure_in_view").fetchall()
    assert others == [(None,), (None,)]
    assert mine == after


def test_nothing_is_shown_before_the_question_is_committed_in_the_log(store: RegionStore, role: ReaderRole) -> None:
    folded(store)
    digest = "select sha256 from read_token where member = 'RS'"
    ((sha256,),) = store.rows(digest)
    with role.connect() as open_, open_.transaction():
        ((ticket,),) = open_.execute("select reading_ask(%s, 'p', 'tracing', 'c', '{}')", [sha256]).fetchall()
        assert open_.execute("select reading_begin(%s, %s)", [sha256, ticket]).fetchall() == [(None,)]
        assert open_.execute("select * from seizure_in_view").fetchall() == []


def test_a_ticket_is_good_for_one_transaction(store: RegionStore, role: ReaderRole) -> None:
    folded(store)
    with role.reading("RS") as open_:
        assert open_.execute("select 1 from seizure_in_view").rowcount > 0
    ((sha256, ticket),) = store.rows("select sha256, ticket from reading_ticket")
    with role.connect() as open_, open_.transaction():
        assert open_.execute("select reading_begin(%s, %s)", [sha256, ticket]).fetchall() == [(None,)]
        assert open_.execute("select * from seizure_in_view").fetchall() == []


def test_row_level_security_holds_where_a_view_forgets_to(store: RegionStore, role: ReaderRole) -> None:
    events = folded(store)
    store.fold(seizure("narrowed", Handling()), seizure("narrowed", Handling(releasable_to=()), revision=2))
    with store.connect() as owner:
        owner.execute("create view careless as select record_id from seizure_revision")
        owner.execute("grant create on schema public to interfocal_views")
        owner.execute("alter view careless owner to interfocal_views")
        owner.execute("grant select on careless to interfocal_reading")
    allowed = role.records("RS", "seizures")
    with role.reading("RS") as open_:
        assert {record for (record,) in open_.execute("select * from careless")} == allowed
    with role.connect() as open_:
        assert open_.execute("select * from careless").fetchall() == []
    assert len(allowed) < len(events)


def test_a_later_revision_that_narrows_hides_the_earlier_ones(store: RegionStore, role: ReaderRole) -> None:
    first, second = seizure("case", Handling()), seizure("case", Handling(releasable_to=("MK",)), revision=2)
    store.fold(second, first)
    assert (role.records("RS", "seizures"), role.records("MK", "seizures")) == (set(), {first.record_id})


def test_who_may_not_see_a_record_is_told_only_that_there_is_one_and_where(
    store: RegionStore, role: ReaderRole
) -> None:
    store.fold(missing_event(STRANGER, READ, handling=Handling(releasable_to=("BA",))))
    number = Wanted(serial="c-416377")
    answer = role.read(TOKENS["RS"], "missing", number)
    assert answer is not None
    assert (answer.rows, answer.related) == ([], (STRANGER,))
    for reader, wanted in ((STRANGER, number), ("BA", number), ("RS", Wanted(serial="C41637?")), ("RS", Wanted())):
        told = role.read(TOKENS[reader], "missing", wanted)
        assert told is not None
        assert told.related == ()


@pytest.mark.parametrize(
    "handling",
    [
        Handling(releasable_to=(), embargo_until=LONG_HENCE),
        Handling(embargo_until=LONG_AGO),
        Handling(releasable_to=(), expires_at=LONG_AGO),
    ],
)
def test_not_even_that_is_said_of_an_embargoed_or_expired_record(
    store: RegionStore, role: ReaderRole, handling: Handling
) -> None:
    store.fold(missing_event(STRANGER, READ, handling=handling))
    answer = role.read(TOKENS["RS"], "missing", Wanted(serial="C416377"))
    assert answer is not None
    assert (answer.rows, answer.related) == ([], ())


def routed(store: RegionStore, handling: Handling) -> Decision:
    """A request whose firearm a stranger misses under this handling, routed."""
    store.fold(missing_event(STRANGER, READ, handling=handling), request_event(marks=READ))
    with closing(Session(store.connect)) as session:
        RouterWorker(session, OFFICE).run_once()
    return the_decision(store.publish())


@pytest.mark.parametrize(
    "handling",
    [
        Handling(),
        Handling(releasable_to=(FIRST,)),
        Handling(releasable_to=(ASKER,)),
        Handling(releasable_to=(FIRST,), expires_at=LONG_HENCE),
    ],
)
def test_a_list_of_traces_names_the_rule_that_the_delivery_named(
    store: RegionStore, role: ReaderRole, handling: Handling
) -> None:
    decision = routed(store, handling)
    for reader in (ASKER, STRANGER):
        answer = role.read(TOKENS[reader], "traces")
        assert answer is not None
        ((rule, accountable),) = [(row["rule"], row["accountable"]) for row in answer.rows]
        assert (rule, accountable) == (told_to(decision, reader).rule, STRANGER)
    assert role.records(FIRST, "traces") == set()


def test_an_asked_member_reads_its_own_hop_of_a_trace_and_no_later_one(store: RegionStore, role: ReaderRole) -> None:
    decision = routed(store, Handling(releasable_to=(FIRST,)))
    referral = act_event("referral", STRANGER, decision.subject, minutes=2)
    store.fold(referral)
    with closing(Session(store.connect)) as session:
        RouterWorker(session, OFFICE).run_once()
    store.publish()
    whole = role.read(TOKENS[ASKER], "traces")
    own = role.read(TOKENS[STRANGER], "traces")
    assert whole is not None
    assert own is not None
    assert [row["hop"] for row in whole.rows] == [2]
    assert [(row["hop"], row["accountable"], row["outcome"]) for row in own.rows] == [(1, STRANGER, None)]
    assert RELATED_RECORD not in {row["rule"] for row in own.rows}


def test_an_expired_request_is_read_by_its_asker_only(store: RegionStore, role: ReaderRole) -> None:
    routed(store, Handling())
    with store.connect() as owner:
        owner.execute("update trace_act set expires_at = %s where act = 'request'", [LONG_AGO])
    assert role.records(ASKER, "traces") == {KEY.trace_id}
    assert role.records(STRANGER, "traces") == set()


def test_the_summary_counts_what_the_reader_may_see(store: RegionStore, role: ReaderRole) -> None:
    store.fold(seizure("open", Handling()), seizure("closed", Handling(releasable_to=("BA",))))
    with role.reading("RS") as open_:
        assert [row["seizures"] for row in summary(open_, None)] == [1]
    with role.reading("BA") as open_:
        assert [row["seizures"] for row in summary(open_, None)] == [2]


def test_every_reading_is_logged_twice_as_asked_and_as_shown(store: RegionStore, role: ReaderRole) -> None:
    event = seizure("open", Handling())
    store.fold(event)
    answer = role.read(TOKENS["RS"], "seizures")
    assert answer is not None
    asked, shown = (json.loads(entry) for (entry,) in store.rows("select entry from audit_entry order by number"))
    assert (asked["kind"], shown["kind"]) == ("consultation", "disclosure")
    for entry in (asked["told"], shown["told"]):
        assert (entry["person"], entry["member"], entry["purpose"], entry["case"]) == (
            "mark-7",
            "RS",
            "tracing",
            "C-77",
        )
    assert shown["told"]["recipients"] == ["RS"]
    assert shown["told"]["what"]["records"] == [event.record_id]
    assert (answer.log.number, store.rows("select count(*) from reading_ticket")) == (2, [(0,)])


def test_a_revoked_token_reads_nothing_and_is_not_logged_as_a_reader(store: RegionStore, role: ReaderRole) -> None:
    with store.connect() as owner:
        owner.execute("update read_token set revoked_at = now() where member = 'RS'")
    assert role.read(TOKENS["RS"], "seizures") is None
    assert role.read("nobody's", "seizures") is None
    assert store.rows("select count(*) from audit_entry") == [(0,)]


def test_what_is_explained_is_what_is_read(store: RegionStore, role: ReaderRole) -> None:
    events = folded(store)
    shown = {member: role.records(member, "seizures") for member in TOKENS}
    with store.connect() as open_:
        for record, event in events.items():
            for member in TOKENS:
                found = explain_event(open_, event.event_id, member, datetime.now(UTC))
                assert (found.rule in SHOWING) == (record in shown[member])


def test_an_event_is_explained_by_its_records_id_too(store: RegionStore) -> None:
    first, second = seizure("case", Handling()), seizure("case", Handling(releasable_to=()), revision=2)
    store.fold(first, second)
    with store.connect() as open_:
        by_record = explain_event(open_, second.record_id, "RS", START)
        by_event = explain_event(open_, first.event_id[:12], "RS", START)
    assert (by_record.event, by_record.newest) == (second, True)
    assert (by_event.event, by_event.newest, by_event.terms) == (first, False, Terms(embargo_over=True))


@pytest.fixture
def plain_owner(database: str) -> Iterator[str]:
    """The database, owned by a role that is no superuser, as at a server of somebody else."""
    name = f"owner_{secrets.token_hex(6)}"
    server = urlsplit(database)
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(f"create role {name} login createrole password 'plain'".encode())
        admin.execute(f"alter database {server.path[1:]} owner to {name}".encode())
        for role in ("interfocal_views", "interfocal_reading"):
            if admin.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                admin.execute(f"grant {role} to {name} with admin option, inherit false".encode())
    yield server._replace(netloc=f"{name}:plain@{server.netloc.rpartition('@')[2]}").geturl()
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(f"reassign owned by {name} to current_user".encode())
        admin.execute(f"drop owned by {name}; drop role {name}".encode())


def test_an_owner_that_is_no_superuser_folds_and_members_read(plain_owner: str, database: str) -> None:
    store = RegionStore(plain_owner)
    event, hidden = seizure("open", Handling()), seizure("closed", Handling(releasable_to=()))
    store.fold(event, hidden)
    store.fold(seizure("later", Handling()), missing_event(STRANGER, READ))
    assert store.rows("select row_security_active('seizure_revision'), count(*) from seizure_revision") == [(True, 3)]
    with reader_role(database) as role:
        assert role.records("RS", "seizures") == {event.record_id, seizure("later", Handling()).record_id}
