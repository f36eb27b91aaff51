"""Metrics: labels come from closed sets, whatever is observed."""

from collections.abc import Iterator

import pytest
import time_machine
from prometheus_client import CollectorRegistry

from interfocal.process.metrics import Metrics, topic_labels
from interfocal.process.observers import LoopObserver, RelayObserver
from interfocal.wiring.region import RouterObserver
from schemas.codes.lists import load_code_lists
from schemas.errors import BrokerAway, TopicStands
from schemas.topics import MEMBER_STREAMS, planned_topics

MEMBERS = ("AA", "BB-1")
LISTS = load_code_lists()
ALLOWED = {
    "member": {*MEMBERS, "REGION"},
    "stream": {*MEMBER_STREAMS, "inbox", "quarantine", "decision", "directory"},
    "kind": set(LISTS["decision-kind"].codes),
    "rule": {*LISTS["route-rule"].codes, "handed_over", "-"},
}


@pytest.fixture
def metrics() -> Metrics:
    """Metrics that have seen everything on every topic."""
    metrics = Metrics(CollectorRegistry())
    loop, relay, router = LoopObserver(metrics), RelayObserver(metrics, "aa"), RouterObserver(metrics)
    for topic in (topic.name for topic in planned_topics(MEMBERS)):
        for number in range(3):
            loop.folded(topic, 1, number)
            loop.quarantined(topic, f"reason {number}")
            loop.paused(topic, f"reason {number}")
            loop.resumed(topic)
            loop.conflict(topic, f"event {number}")
            loop.gap(topic, number, number)
            loop.loss(topic, number, number)
            loop.lag(topic, number)
            loop.heartbeat(topic, 1_000.0 * number)
            relay.published(topic, number)
            relay.stands(topic, TopicStands("too large"))
            relay.flows(topic)
    loop.away(BrokerAway("away"))
    relay.away(BrokerAway("away"))
    for kind in LISTS["decision-kind"].codes:
        for rule in (*LISTS["route-rule"].codes, None):
            router.decided(kind, rule)
    return metrics


def labels(metrics: Metrics) -> Iterator[tuple[str, str]]:
    """Every label with its value, but for the bounds of histograms."""
    for family in metrics.registry.collect():
        for sample in family.samples:
            yield from ((name, value) for name, value in sample.labels.items() if name != "le")


def test_every_label_comes_from_a_closed_set(metrics: Metrics) -> None:
    found = set(labels(metrics))
    assert {name for name, _ in found} == set(ALLOWED)
    assert [(name, value) for name, value in found if value not in ALLOWED[name]] == []


def test_an_inbox_is_labelled_with_its_addressee() -> None:
    assert topic_labels("region.inbox.bb-1") == ("BB-1", "inbox")
    assert topic_labels("region.decision") == ("REGION", "decision")
    assert topic_labels("aa.trace") == ("AA", "trace")


def test_two_processes_worth_of_metrics_live_side_by_side() -> None:
    first, second = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    first.accepted.labels("AA", "seizure").inc()
    counted = {"member": "AA", "stream": "seizure"}
    assert first.registry.get_sample_value("interfocal_accepted_total", counted) == 1
    assert second.registry.get_sample_value("interfocal_accepted_total", counted) is None


def test_an_age_is_gone_when_nothing_waits() -> None:
    metrics = Metrics(CollectorRegistry())
    observer, at = LoopObserver(metrics), {"member": "AA", "stream": "trace"}
    observer.folded("aa.trace", 1, 0)
    assert (metrics.registry.get_sample_value("interfocal_lag_seconds", at) or 0) > 0
    observer.lag("aa.trace", 0)
    assert metrics.registry.get_sample_value("interfocal_lag_seconds", at) == 0


def test_a_lag_grows_while_nothing_is_folded() -> None:
    metrics = Metrics(CollectorRegistry())
    observer, at = LoopObserver(metrics), {"member": "AA", "stream": "trace"}
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        for passed, expected in ((0, 0), (30, 30), (60, 90)):
            clock.shift(passed)
            observer.lag("aa.trace", 5)
            assert metrics.registry.get_sample_value("interfocal_lag_seconds", at) == expected
