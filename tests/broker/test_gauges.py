"""Gauges of a database: they say what is in it, every topic has its own, and silence grows whatever is away."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from consumers.audit.log import Acting, Deed, Kind, append
from consumers.store.connection import Connect, connector
from consumers.store.migrate import migrate
from consumers.store.revision import newest
from interfocal.process.metrics import Metrics
from interfocal.watching.gauges import looked
from interfocal.watching.store_gauges import RegionLook, Watched
from schemas.errors import StoreAway

TOPICS = ("aa.trace", "bb.seizure", "region.decision")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUARANTINED = """
    insert into quarantine (topic, log_offset, verdict, reason, parameters, headers, quarantined_at)
    values ('aa.trace', %s, 'unusable', 'too_large', '{}', '[]', now() - %s::interval)
"""
GAP = "insert into chain_gap (topic, chain, life, first_seq, last_seq, acknowledged_by) values (%s, 'bb', 1, %s, 9, %s)"
HEARTBEAT = "insert into heartbeat values ('AA', 'e', 's', %s, 1, 1, %s, '[]')"
WORK = "insert into work values ('routing', 's', 1, %s, 'AA', 't')"
EVENT = """
    insert into event (topic, event_id, sha256, member, record_id, revision, chain, life, seq, log_offset, appended_ms,
                       schema_id, key, value, seal, folded_at)
    values ('aa.trace', 'cause', 's', 'AA', 'r', 1, 'aa', 1, 1, 0, 0, 301, 'k', '', 's', now() - interval '90 seconds')
"""
PLANNED = """
    insert into planned_delivery (delivery_id, decision_id, inbox, of_event, requester, trace_id, decided_at)
    values (%s, 'n', 'BB', 'e', 'AA', 't', now() - %s::interval)
"""
TRACE = "insert into trace (requester, trace_id, request_id, state, last_hop) values ('AA', %s, %s, 'delivered', 1)"


@dataclass
class Region:
    """The region's database, what its gauges show, and a clock."""

    url: str
    metrics: Metrics = field(default_factory=lambda: Metrics(CollectorRegistry()))
    at: datetime = AT
    away: bool = False

    def __post_init__(self) -> None:
        self.watched = Watched("region", "REGION", TOPICS, self.connect, ("REGION", "AA", "BB"))
        self.look = RegionLook(self.metrics, self.watched, lambda: self.at)

    @property
    def connect(self) -> Connect:
        def connect() -> psycopg.Connection[Any]:
            if self.away:
                raise StoreAway("away")
            return connector(self.url, "test")()

        return connect

    def run(self, statement: str, *parameters: object) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode(), parameters)

    def shows(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"interfocal_{name}", labels)

    def log(self, kind: Kind, person: str, member: str) -> None:
        with psycopg.connect(self.url) as connection:
            append(connection, Acting(person, member, "tracing", "C-1"), Deed(kind, {"list": "seizures"}))

    def readings(self, member: str) -> tuple[float | None, float | None]:
        """All of the last hour, and the most by one person."""
        names = ("reads_last_hour", "reads_of_one_last_hour")
        all_of_them, of_one = (self.shows(name, reader="region", member=member) for name in names)
        return all_of_them, of_one

    def of(self, topic: str, name: str) -> float | None:
        member, stream = {"aa.trace": ("AA", "trace"), "bb.seizure": ("BB", "seizure")}[topic]
        return self.shows(name, reader="region", member=member, stream=stream)


@pytest.fixture
def region(database: str) -> Region:
    migrate(database, "region")
    return Region(database)


def test_an_empty_database_shows_every_topic_at_rest(region: Region) -> None:
    looked(region.look)
    for name in ("quarantine_entries", "quarantine_oldest_seconds", "topic_paused", "chain_gaps"):
        assert [region.of(topic, name) for topic in TOPICS[:2]] == [0, 0]
        assert region.shows(name, reader="region", member="REGION", stream="decision") == 0
    assert [region.shows("work_rows", kind=kind) for kind in ("routing", "delivery")] == [0, 0]
    assert region.shows("traces", state="closed") == 0
    assert region.shows("heartbeat_age_seconds", member="AA") is None


def test_what_waits_in_quarantine_is_counted_with_the_age_of_the_oldest(region: Region) -> None:
    for offset, age in ((1, "1 hour"), (2, "5 minutes")):
        region.run(QUARANTINED, offset, age)
    region.run("update topic_position set paused = 'quarantine_full'")
    region.run("insert into topic_position values ('aa.trace', 3, 'quarantine_full')")
    looked(region.look)
    assert region.of("aa.trace", "quarantine_entries") == 2
    assert (region.of("aa.trace", "quarantine_oldest_seconds") or 0) >= 3600
    assert [region.of(topic, "topic_paused") for topic in TOPICS[:2]] == [1, 0]
    region.run("update quarantine set settled = 'discarded', settled_at = now()")
    region.run("update topic_position set paused = null")
    looked(region.look)
    assert [region.of("aa.trace", name) for name in ("quarantine_entries", "topic_paused")] == [0, 0]


def test_a_gap_is_counted_until_somebody_has_acknowledged_it(region: Region) -> None:
    region.run(GAP, "bb.seizure", 3, None)
    region.run(GAP, "bb.seizure", 5, "a person")
    looked(region.look)
    assert [region.of(topic, "chain_gaps") for topic in TOPICS[:2]] == [0, 1]


def test_work_is_as_old_as_the_event_that_calls_for_it(region: Region) -> None:
    region.run(EVENT)
    region.run(WORK, "cause")
    region.run(WORK, "an event that was taken back")
    looked(region.look)
    assert region.shows("work_rows", kind="routing") == 2
    assert 90 <= (region.shows("work_oldest_seconds", kind="routing") or 0) < 600
    assert region.shows("work_rows", kind="delivery") == 0


def test_a_delivery_lacks_its_receipt_since_it_was_decided_and_until_one_has_gone_on(region: Region) -> None:
    region.run(PLANNED, "d1", "20 minutes")
    region.run(PLANNED, "d2", "1 minute")
    looked(region.look)
    assert region.shows("receipts_missing", member="BB") == 2
    assert 1200 <= (region.shows("receipts_oldest_seconds", member="BB") or 0) < 1800
    region.run("update planned_delivery set settled = true")
    looked(region.look)
    assert [region.shows(f"receipts_{name}", member="BB") for name in ("missing", "oldest_seconds")] == [0, 0]
    assert region.shows("receipts_missing", member="REGION") is None


def test_traces_are_counted_by_state(region: Region) -> None:
    for number in range(3):
        region.run(TRACE, f"t{number}", f"r{number}")
    looked(region.look)
    assert [region.shows("traces", state=state) for state in ("delivered", "closed")] == [3, 0]


def test_a_member_grows_silent_by_the_brokers_clock_also_after_a_restart_and_while_the_database_is_away(
    region: Region,
) -> None:
    region.run(HEARTBEAT, AT + timedelta(days=1), round(AT.timestamp() * 1000))
    ages: list[float | None] = []

    def after(seconds: float, step: Callable[[], None] = lambda: None) -> None:
        region.at = AT + timedelta(seconds=seconds)
        step()
        looked(region.look)
        ages.append(region.shows("heartbeat_age_seconds", member="AA"))

    def starts_again() -> None:
        region.metrics = Metrics(CollectorRegistry())
        region.look = RegionLook(region.metrics, region.watched, lambda: region.at)

    def goes_away() -> None:
        region.away = True

    after(5)
    after(30, starts_again)
    after(70, goes_away)
    after(100)
    after(-5)
    assert ages == [5, 30, 70, 100, 0]


def test_a_database_that_does_not_answer_keeps_its_last_figures(region: Region) -> None:
    region.run(QUARANTINED, 1, "1 hour")
    looked(region.look)
    region.away = True
    looked(region.look)
    assert region.of("aa.trace", "quarantine_entries") == 1


def test_a_database_with_tables_of_another_version_keeps_its_last_figures_and_ends_nothing(region: Region) -> None:
    region.run(QUARANTINED, 1, "1 hour")
    looked(region.look)
    region.run("update alembic_version set version_num = '9999_of_the_future' where version_num like '0012%%'")
    looked(region.look)
    assert region.of("aa.trace", "quarantine_entries") == 1


def test_revisions_of_tables_are_shown(region: Region) -> None:
    looked(region.look)
    newest_there = newest("region")
    assert {region.shows("migration_info", member="REGION", revision=one) for one in newest_there} == {1}


def test_readings_of_the_last_hour_are_counted_by_member_and_of_the_busiest_person(region: Region) -> None:
    region.at = datetime.now(UTC)
    looked(region.look)
    assert [region.readings(member) for member in ("REGION", "AA", "BB")] == [(0, 0)] * 3
    for person, kind in (
        ("p", Kind.CONSULTATION),
        ("p", Kind.EXPORT),
        ("q", Kind.CONSULTATION),
        ("p", Kind.DISCLOSURE),
    ):
        region.log(kind, person, "AA")
    region.log(Kind.CONSULTATION, "p", "REGION")
    looked(region.look)
    region.log(Kind.CONSULTATION, "p", "AA")
    looked(region.look)
    assert [region.readings(member) for member in ("REGION", "AA", "BB")] == [(1, 1), (4, 3), (0, 0)]
    shown = [
        sample for metric in region.metrics.registry.collect() for sample in metric.samples if "reads" in sample.name
    ]
    assert {frozenset(sample.labels) for sample in shown} == {frozenset({"reader", "member"})}
    region.at += timedelta(minutes=61)
    looked(region.look)
    assert region.readings("AA") == (0, 0)
