"""Plan and real cluster: what is missing is made, what differs is mended or named, and nothing is deleted."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from interfocal.commands import main
from interfocal.installation.installation import open_directory, open_installation
from interfocal.limits import limits_of
from interfocal.provisioning.apply import apply, check_startable, provision
from interfocal.provisioning.cluster import opened
from interfocal.provisioning.drift import Drift, Plan, drift_of
from interfocal.stack import Stack, drop_database
from running import TWO_MEMBERS, until
from schemas.access import Access
from schemas.errors import BrokerAway, Misconfigured
from schemas.topics import Topic, planned_topics
from small_region import urls, write_settings


@pytest.fixture
def admin(stack: Stack) -> Iterator[KafkaAdminClient]:
    """An administrator who does what the plan does not say."""
    client = KafkaAdminClient(**stack.access.settings())
    yield client
    client.close()


@pytest.fixture
def plan(topic_prefix: str) -> Plan:
    return Plan(planned_topics(["rs", "al"]), topic_prefix)


def drift(stack: Stack, plan: Plan) -> list[tuple[str, str, str, str]]:
    """Code, topic without its prefix, property and what was found, of each difference."""
    return [(d.code, d.where.removeprefix(plan.prefix), d.what, d.found) for d in drifts(stack, plan)]


def drifts(stack: Stack, plan: Plan) -> tuple[Drift, ...]:
    with opened(stack.access) as cluster:
        return drift_of(plan, cluster.found(plan))


def set_config(admin: KafkaAdminClient, topic: str, **config: str) -> None:
    """Set it, and return when the broker tells it: a moment after it has taken it."""
    settings = {name.replace("_", "."): value for name, value in config.items()}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
    until(lambda: settings.items() <= settings_of(admin, topic).items(), f"the settings of {topic}")


def settings_of(admin: KafkaAdminClient, topic: str) -> Mapping[str, str]:
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
    return {name: found["value"] for name, found in described["topic"][topic].items()}


def test_planned_topics_are_made_once_with_one_partition_and_their_settings(
    stack: Stack, plan: Plan, admin: KafkaAdminClient
) -> None:
    assert {code for code, *_ in drift(stack, plan)} == {"topic_missing"}
    first, again = provision(stack.access, plan), provision(stack.access, plan)
    assert sorted(first.made) == sorted(plan.named())
    assert (again.made, again.altered, again.left) == ((), (), ())
    assert drift(stack, plan) == []
    assert {len(topic["partitions"]) for topic in admin.describe_topics(list(first.made))} == {1}
    for name, topic in plan.named().items():
        assert topic.config.items() <= settings_of(admin, name).items()


def test_a_setting_that_was_altered_is_found_and_mended(stack: Stack, plan: Plan, admin: KafkaAdminClient) -> None:
    provision(stack.access, plan)
    name = f"{plan.prefix}rs.seizure"
    set_config(admin, name, retention_ms="1000", cleanup_policy="compact")
    changed = [("config_differs", "rs.seizure", "cleanup.policy", "compact")]
    changed += [("config_differs", "rs.seizure", "retention.ms", "1000")]
    assert drift(stack, plan) == changed
    applied = provision(stack.access, plan)
    assert (len(applied.altered), applied.left) == (2, ())
    until(lambda: drift(stack, plan) == [], "a cluster as planned")
    assert settings_of(admin, name)["retention.ms"] == "-1"


def test_what_somebody_made_or_set_beside_the_plan_is_named_and_left(
    stack: Stack, plan: Plan, admin: KafkaAdminClient
) -> None:
    """As a broker would that makes topics by itself, for a name that somebody misspelled."""
    provision(stack.access, plan)
    odd = f"{plan.prefix}rs.siezure"
    admin.create_topics({odd: {"num_partitions": 3}}, wait_for_metadata=True)
    set_config(admin, f"{plan.prefix}al.trace", segment_ms="60000")
    found = [
        ("config_unplanned", "al.trace", "segment.ms", "60000"),
        ("topic_unplanned", "rs.siezure", "topic", "there"),
    ]
    until(lambda: drift(stack, plan) == found, "what was made and set to be told")
    applied = provision(stack.access, plan)
    assert (applied.made, applied.altered) == ((), ())
    assert all(left.person for left in applied.left)
    assert drift(stack, plan) == found
    assert len(admin.describe_topics([odd])[0]["partitions"]) == 3


def test_a_topic_with_other_partitions_is_not_taken_over(
    stack: Stack, topic_prefix: str, admin: KafkaAdminClient
) -> None:
    name = f"{topic_prefix}rs.seizure"
    admin.create_topics({name: {"num_partitions": 2}}, wait_for_metadata=True)
    plan = Plan([Topic("rs.seizure", "rs", (), {"segment.bytes": "1000000"})], topic_prefix)
    applied = provision(stack.access, plan)
    assert [left.code for left in applied.left] == ["partitions_differ"]
    with pytest.raises(Misconfigured, match="has 2 partitions: a chain has one partition for ever"):
        check_startable(applied)
    assert settings_of(admin, name)["segment.bytes"] != "1000000"
    assert drift(stack, plan) == [("partitions_differ", "rs.seizure", "partitions", "2")]


def test_more_replicas_than_there_are_brokers_are_refused_and_few_are_left_to_a_person(
    stack: Stack, plan: Plan, topic_prefix: str
) -> None:
    three = Plan(planned_topics(["rs", "al"], 3), topic_prefix)
    with pytest.raises(Misconfigured, match=r"Kafka refuses the topic .*replication factor"):
        provision(stack.access, three)
    provision(stack.access, plan)
    with opened(stack.access) as cluster:
        applied = apply(cluster, three)
    assert (applied.made, applied.altered) == ((), ())
    topics = {left.where for left in applied.left if left.code == "replication_differs"}
    assert topics >= three.named().keys()
    assert {left.what for left in applied.left} == {"replication", "min.insync.replicas"}


@pytest.mark.parametrize("settings", [{"retention.ms": "soon"}, {"no.such.setting": "1"}])
def test_a_setting_that_kafka_refuses_is_named(stack: Stack, topic_prefix: str, settings: dict[str, str]) -> None:
    wrong = Plan([Topic("rs.seizure", "rs", (), settings)], topic_prefix)
    with pytest.raises(Misconfigured, match=r"Kafka refuses the topic .*rs\.seizure.*(retention|no\.such)"):
        provision(stack.access, wrong)
    provision(stack.access, Plan([Topic("rs.seizure", "rs", ())], topic_prefix))
    with pytest.raises(Misconfigured, match=r"Kafka refuses the settings of topic .*rs\.seizure"):
        provision(stack.access, wrong)


def test_a_cluster_that_does_not_answer_is_away() -> None:
    with pytest.raises(BrokerAway, match="nobody listens"):
        provision(Access("127.0.0.1:1"), Plan(planned_topics(["rs"])))


@pytest.fixture
def var(stack: Stack, topic_prefix: str, tmp_path: Path) -> Iterator[Path]:
    """A folder that says where the servers are, and in which nobody is enrolled yet."""
    write_settings(tmp_path, stack, f"p_{topic_prefix.rstrip('.')}", topic_prefix)
    yield tmp_path
    for url in urls(open_installation(tmp_path)):
        drop_database(stack.postgres_url, url.rsplit("/", 1)[1])


def test_the_commands_make_what_is_missing_show_a_difference_mend_it_and_say_that_none_is_left(
    var: Path, topic_prefix: str, capsys: pytest.CaptureFixture[str], admin: KafkaAdminClient
) -> None:
    where = ["--var", str(var)]
    assert main.run(["provision", "apply", "--region", str(TWO_MEMBERS), *where]) == 0
    name = f"{topic_prefix}aa.trace"
    assert settings_of(admin, name)["retention.ms"] == "-1"
    set_config(admin, name, retention_ms="1000")
    capsys.readouterr()
    assert main.run(["provision", "plan", *where]) == 1
    shown = capsys.readouterr().out
    assert f"topic {name}: retention.ms planned -1, found 1000; `interfocal provision apply` mends it" in shown
    assert main.run(["provision", "plan", "--json", *where]) == 1
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [(d["where"], d["mended_by_apply"]) for d in told["drift"]] == [(name, True)]
    assert told["limits"] == limits_of(open_directory(var))
    assert main.run(["provision", "apply", *where]) == 0
    assert capsys.readouterr().out == "0 topics made, 1 differences mended\n"
    until(lambda: settings_of(admin, name)["retention.ms"] == "-1", "the settings to be told")
    assert main.run(["provision", "plan", *where]) == 0
    assert "the cluster differs in nothing" in capsys.readouterr().out


def test_what_waits_for_a_person_is_told_and_ends_the_command_with_one(
    var: Path, topic_prefix: str, capsys: pytest.CaptureFixture[str], admin: KafkaAdminClient
) -> None:
    where = ["--var", str(var)]
    assert main.run(["provision", "apply", "--region", str(TWO_MEMBERS), *where]) == 0
    odd = f"{topic_prefix}bb.notes"
    admin.create_topics([odd], wait_for_metadata=True)
    capsys.readouterr()
    assert main.run(["provision", "apply", *where]) == 1
    assert f"topic {odd}: topic planned -, found there; nobody here is to write it" in capsys.readouterr().out
    assert main.run(["provision", "apply", "--json", *where]) == 1
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [(left["code"], left["where"]) for left in told["left"]] == [("topic_unplanned", odd)]
    assert told["limits"] == limits_of(open_directory(var))
