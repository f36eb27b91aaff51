"""Metrics: labels come from closed sets, whatever is observed; and what they say of time."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from prometheus_client import CollectorRegistry

from histories import request_event
from interfocal.process.deciding_observers import RouterObserver
from interfocal.process.intake_observer import IntakeObserver
from interfocal.process.metrics import Metrics, topic_labels
from interfocal.process.observers import LoopObserver
from interfocal.process.relay_observer import RelayObserver
from interfocal.process.stages import Stage
from interfocal.quarantine.reasons import REASONS
from observed import delivered, faulty, read, receipted, sent, several, taken
from producers.intake.result import Result, ShownProblem
from schemas.codes.lists import load_code_lists
from schemas.errors import BrokerAway, StoreAway, TopicStands
from schemas.topics import MEMBER_STREAMS, planned_topics
from schemas.trust.gaps import Gap
from sealing import SEALED_AT

MEMBERS = ("AA", "BB-1")
LISTS = load_code_lists()
ALLOWED = {
    "member": {*MEMBERS, "REGION"},
    "stream": {*MEMBER_STREAMS, "inbox", "quarantine", "decision", "directory", "head"},
    "kind": set(LISTS["decision-kind"].codes),
    "rule": {*LISTS["route-rule"].codes, "handed_over", "-"},
    "reader": {"region", "desk"},
    "reason": {*REASONS, "other"},
    "what": {"broker", "store"},
    "stage": set(map(str, Stage)),
}
PROBLEM = ShownProblem(code="unknown_code", parameters={"value": "C-41377"}, message="C-41377 is none")


@pytest.fixture
def metrics() -> Metrics:
    """Metrics that have seen everything on every topic."""
    metrics = Metrics(CollectorRegistry())
    intake, relay, router = IntakeObserver(metrics), RelayObserver(metrics, "aa"), RouterObserver(metrics)
    for reader in ("region", "desk"):
        loop = LoopObserver(metrics, reader, "BB-1")
        for topic in (topic.name for topic in planned_topics(MEMBERS)):
            see_everything(loop, topic)
            relay.published({sent(topic): 1})
            relay.stands(topic, TopicStands("too large"))
            relay.flows(topic)
        loop.away(BrokerAway("away"))
        loop.away(StoreAway("away"))
    relay.away(BrokerAway("away"))
    result = Result(outcome="accepted", national_id="C-41377", rows=(1,), event_id="e", traceparent="none")
    intake.accepted("AA", "trace", result)
    intake.rejected("AA", "trace", result.model_copy(update={"problems": (PROBLEM,)}))
    for kind in LISTS["decision-kind"].codes:
        for rule in (*LISTS["route-rule"].codes, None):
            router.decided(taken(kind, rule))
    return metrics


def see_everything(loop: LoopObserver, topic: str) -> None:
    """Tell a loop's observer all that it can be told of a topic."""
    loop.folded(topic, [read(topic)])
    loop.folded(topic, [read(topic, delivered())])
    loop.folded(topic, [read(topic, receipted(SEALED_AT))])
    for reason in ("bad_signature", "too_large", "C-41377 of another version"):
        loop.quarantined(faulty(topic, reason))
    for reason in ("quarantine_full", "topic_missing"):
        loop.paused(topic, reason)
    loop.resumed(topic)
    loop.conflict(topic, "event")
    loop.gap(topic, 1, 2)
    loop.loss(topic, 1, 2)
    loop.chain_gap(Gap(topic, "aa", 1, 1, 2))
    loop.lag(topic, 1)
    loop.heartbeat(topic, 0.0)
    loop.heartbeat(topic, 1_000.0)


def labels(metrics: Metrics) -> Iterator[tuple[str, str]]:
    """Every label with its value, but for the bounds of histograms."""
    for family in metrics.registry.collect():
        for sample in family.samples:
            yield from ((name, value) for name, value in sample.labels.items() if name != "le")


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"interfocal_{name}", labels)


def test_every_label_comes_from_a_closed_set(metrics: Metrics) -> None:
    found = set(labels(metrics))
    assert {name for name, _ in found} == set(ALLOWED)
    assert [(name, value) for name, value in found if value not in ALLOWED[name]] == []


def test_every_stage_is_measured(metrics: Metrics) -> None:
    assert {value for name, value in labels(metrics) if name == "stage"} == set(map(str, Stage))


def test_an_inbox_is_labelled_with_its_addressee() -> None:
    assert topic_labels("region.inbox.bb-1") == ("BB-1", "inbox")
    assert topic_labels("region.decision") == ("REGION", "decision")
    assert topic_labels("aa.trace") == ("AA", "trace")


def test_two_processes_worth_of_metrics_live_side_by_side() -> None:
    first, second = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    first.intake.accepted.labels("AA", "seizure").inc()
    assert value(first, "accepted_total", member="AA", stream="seizure") == 1
    assert value(second, "accepted_total", member="AA", stream="seizure") is None


def test_an_age_is_gone_when_nothing_waits() -> None:
    metrics = Metrics(CollectorRegistry())
    observer, at = LoopObserver(metrics, "region", "REGION"), {"reader": "region", "member": "AA", "stream": "trace"}
    observer.folded("aa.trace", [read("aa.trace")])
    assert (value(metrics, "lag_seconds", **at) or 0) > 0
    observer.lag("aa.trace", 0)
    assert value(metrics, "lag_seconds", **at) == 0


def test_a_lag_grows_while_nothing_is_folded() -> None:
    metrics = Metrics(CollectorRegistry())
    observer, at = LoopObserver(metrics, "region", "REGION"), {"reader": "region", "member": "AA", "stream": "trace"}
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        for passed, expected in ((0, 0), (30, 30), (60, 90)):
            clock.shift(passed)
            observer.lag("aa.trace", 5)
            assert value(metrics, "lag_seconds", **at) == expected


def test_each_event_of_a_batch_counts_in_its_latency_and_not_the_last_alone() -> None:
    metrics = Metrics(CollectorRegistry())
    with time_machine.travel(1_000, tick=False):
        topic = "aa.seizure"
        LoopObserver(metrics, "region", "REGION").folded(topic, several(topic, (990_000, 999_950)))
    of = {"stage": "published_to_folded", "stream": "seizure"}
    assert value(metrics, "stage_seconds_sum", **of) == pytest.approx(10.05)
    assert value(metrics, "stage_seconds_bucket", **of, le="0.05") == 1
    assert value(metrics, "stage_seconds_count", **of) == 2


def test_the_whole_path_ends_in_the_inbox_that_has_to_answer() -> None:
    metrics = Metrics(CollectorRegistry())
    observer, topic = LoopObserver(metrics, "desk", "AA"), "region.inbox.aa"
    accepted_at = request_event().recorded_at
    decided_at = accepted_at + timedelta(seconds=4)
    with time_machine.travel(accepted_at + timedelta(seconds=5), tick=False):
        for purpose in ("accountable", "copy"):
            observer.folded(topic, [read(topic, delivered(purpose, decided_at))])
    assert value(metrics, "stage_seconds_count", stage="decided_to_inbox", stream="inbox") == 2
    assert value(metrics, "stage_seconds_sum", stage="decided_to_inbox", stream="inbox") == pytest.approx(2)
    assert value(metrics, "stage_seconds_count", stage="accepted_to_inbox", stream="trace") == 1
    assert value(metrics, "stage_seconds_sum", stage="accepted_to_inbox", stream="trace") == pytest.approx(5)


def test_a_decision_waited_since_its_act_was_folded() -> None:
    metrics = Metrics(CollectorRegistry())
    with time_machine.travel(SEALED_AT + timedelta(seconds=3), tick=False):
        RouterObserver(metrics).decided(taken(folded_at=SEALED_AT))
    assert value(metrics, "stage_seconds_sum", stage="folded_to_decided", stream="decision") == pytest.approx(3)


def test_a_clock_that_is_behind_makes_no_negative_time() -> None:
    metrics = Metrics(CollectorRegistry())
    with time_machine.travel(SEALED_AT - timedelta(hours=1), tick=False):
        RouterObserver(metrics).decided(taken(folded_at=SEALED_AT))
        LoopObserver(metrics, "desk", "AA").folded("region.inbox.aa", [read("region.inbox.aa", delivered())])
        RelayObserver(metrics, "aa").published({sent("aa.seizure"): 0})
    sums = [s for f in metrics.registry.collect() for s in f.samples if s.name == "interfocal_stage_seconds_sum"]
    assert [sample.value for sample in sums if sample.value < 0] == []
    assert len(sums) >= 4


def test_what_is_away_is_told_until_broker_and_database_have_answered() -> None:
    metrics = Metrics(CollectorRegistry())
    observer, of = LoopObserver(metrics, "region", "REGION"), {"reader": "region", "member": "REGION"}
    observer.away(BrokerAway("away"))
    observer.away(StoreAway("away"))
    assert [value(metrics, "away", **of, what=what) for what in ("broker", "store")] == [1, 1]
    observer.lag("aa.trace", 3)
    assert [value(metrics, "away", **of, what=what) for what in ("broker", "store")] == [0, 0]
