"""Plan and cluster: every difference is found, and only what is safe without a person is left to the program."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interfocal.provisioning.drift import Drift, Found, FoundTopic, Plan, drift_of
from schemas.topics import EVERY_BROKER, Topic, planned_topics

PREFIX = "pilot."
PLAN = Plan(planned_topics(["aa", "bb"], 3), PREFIX)
NAME = "pilot.aa.seizure"
OTHERS = ["aa.seizure", "pilot.zz.seizure", "else.aa.seizure", "aab.seizure", "_schemas"]


def as_planned(plan: Plan = PLAN) -> Found:
    """A cluster in which all is as it should be, beside what is nobody's business."""
    topics = {name: made(topic) for name, topic in plan.named().items()}
    strangers = {name: FoundTopic(12, 1) for name in OTHERS}
    return Found(
        {**topics, **strangers, "__consumer_offsets": FoundTopic(4, 3)}, dict.fromkeys((1, 2, 3), EVERY_BROKER)
    )


def made(topic: Topic) -> FoundTopic:
    """A topic as `apply` makes it."""
    return FoundTopic(1, topic.replication, {"segment.ms": "1", **topic.config}, frozenset(topic.config))


def with_topic(name: str, found: FoundTopic) -> Found:
    whole = as_planned()
    return replace(whole, topics={**whole.topics, name: found})


def codes(found: Found, plan: Plan = PLAN) -> list[tuple[str, str, str]]:
    return [(drift.code, drift.where, drift.what) for drift in drift_of(plan, found)]


def test_what_is_as_planned_differs_in_nothing() -> None:
    assert codes(as_planned()) == []


def test_a_topic_that_is_missing_is_made_without_a_person() -> None:
    whole = as_planned()
    found = replace(whole, topics={name: topic for name, topic in whole.topics.items() if name != NAME})
    assert drift_of(PLAN, found) == (Drift("topic", "topic_missing", NAME, "topic", "there", "-"),)


@pytest.mark.parametrize("name", ["pilot.aa.notes", "pilot.region.inbox.zz", "pilot.bb.seizure.old"])
def test_a_topic_under_an_owners_name_that_nobody_planned_is_found_and_left(name: str) -> None:
    (drift,) = drift_of(PLAN, with_topic(name, FoundTopic(1, 3)))
    assert (drift.code, drift.where) == ("topic_unplanned", name)
    assert drift.person


def test_other_partitions_are_left_to_a_person_and_nothing_of_such_a_topic_is_altered() -> None:
    (drift,) = drift_of(PLAN, with_topic(NAME, FoundTopic(2, 1)))
    assert (drift.code, drift.planned, drift.found) == ("partitions_differ", "1", "2")
    assert "for ever" in drift.person


@given(st.sampled_from(sorted(PLAN.topics[1].config)), st.text("abc", min_size=1))
def test_each_setting_that_differs_is_found_and_can_be_mended(setting: str, value: str) -> None:
    right = as_planned().topics[NAME]
    (drift,) = drift_of(PLAN, with_topic(NAME, replace(right, config={**right.config, setting: value})))
    assert drift == Drift("topic", "config_differs", NAME, setting, PLAN.named()[NAME].config[setting], value)


def test_with_fewer_replicas_than_planned_no_more_are_asked_to_be_in_sync() -> None:
    """Two in sync of one would refuse every record."""
    right = as_planned().topics[NAME]
    few = replace(right, replication=1, config={**right.config, "min.insync.replicas": "1"})
    drifts = drift_of(PLAN, with_topic(NAME, few))
    assert [drift.what for drift in drifts] == ["replication", "min.insync.replicas"]
    assert all(drift.person for drift in drifts)


def test_a_setting_that_somebody_gave_a_topic_is_found_and_left() -> None:
    right = as_planned().topics[NAME]
    throttled = replace(right, set_here=right.set_here | {"segment.ms"})
    assert codes(with_topic(NAME, throttled)) == [("config_unplanned", NAME, "segment.ms")]


def test_groups_that_lie_on_fewer_brokers_than_events_are_found() -> None:
    found = with_topic("__consumer_offsets", FoundTopic(4, 1))
    assert codes(found) == [("replication_differs", "__consumer_offsets", "replication")]
    assert codes(found, Plan(planned_topics(["aa", "bb"], 1), "other."))[-1][0] == "topic_missing"


def test_a_broker_that_makes_topics_by_itself_is_found() -> None:
    brokers: Mapping[int, Mapping[str, str]] = {1: EVERY_BROKER, 2: {"auto.create.topics.enable": "true"}}
    drifts = drift_of(PLAN, replace(as_planned(), brokers=brokers))
    assert [(d.part, d.where, d.what, d.found) for d in drifts] == [
        ("broker", "2", "auto.create.topics.enable", "true")
    ]
    assert drifts[0].person
