import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from interfocal.installation.provision import provision
from interfocal.stack import Stack
from schemas.errors import Misconfigured
from schemas.topics import Topic, planned_topics


def settings_of(bootstrap: str, topic: str) -> dict[str, str]:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    admin.close()
    return {name: found["value"] for name, found in described["topic"][topic].items()}


def test_planned_topics_are_made_once_with_one_partition_and_their_settings(stack: Stack, topic_prefix: str) -> None:
    plan = planned_topics(["rs", "al"])
    first = provision(stack.bootstrap, plan, prefix=topic_prefix)
    again = provision(stack.bootstrap, plan, prefix=topic_prefix)
    admin = KafkaAdminClient(bootstrap_servers=stack.bootstrap)
    described = admin.describe_topics(list(first))
    admin.close()
    assert sorted(first) == sorted(topic_prefix + topic.name for topic in plan)
    assert again == ()
    assert {len(topic["partitions"]) for topic in described} == {1}
    for topic in plan:
        assert topic.config.items() <= settings_of(stack.bootstrap, topic_prefix + topic.name).items()


def test_a_topic_with_other_partitions_is_not_taken_over(stack: Stack, topic_prefix: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=stack.bootstrap)
    admin.create_topics({f"{topic_prefix}rs.seizure": {"num_partitions": 2}}, wait_for_metadata=True)
    admin.close()
    with pytest.raises(Misconfigured, match="has 2 partitions"):
        provision(stack.bootstrap, [Topic("rs.seizure", "rs", ())], prefix=topic_prefix)


@pytest.mark.parametrize("settings", [{"retention.ms": "soon"}, {"no.such.setting": "1"}])
def test_a_setting_that_kafka_refuses_is_named(stack: Stack, topic_prefix: str, settings: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match=r"Kafka refuses the topic .*rs\.seizure.*(retention|no\.such)"):
        provision(stack.bootstrap, [Topic("rs.seizure", "rs", (), settings)], prefix=topic_prefix)
    provision(stack.bootstrap, [Topic("rs.seizure", "rs", ())], prefix=topic_prefix)
    with pytest.raises(Misconfigured, match=r"Kafka refuses the settings of topic .*rs\.seizure"):
        provision(stack.bootstrap, [Topic("rs.seizure", "rs", (), settings)], prefix=topic_prefix)
