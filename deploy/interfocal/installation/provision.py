"""Makes the topics that ``schemas.topics`` plans. It changes when provisioning does more than topics."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.errors import BrokerAway, Misconfigured
from schemas.topics import Topic

PARTITIONS = 1  # for ever: a topic's order is its chain's


def provision(bootstrap: str, topics: Sequence[Topic], *, replication: int = 1, prefix: str = "") -> tuple[str, ...]:
    """Make the topics that are missing, and return their names (with prefix) once they can be used.

    Safe to call again, also from two processes at once. A topic that exists is given the planned settings;
    its partitions and replicas are never changed.

    Raises:
        Misconfigured: the cluster refuses a topic, or one exists with another number of partitions.
        BrokerAway: no broker answers.
    """
    plan = {prefix + topic.name: topic.config for topic in topics}
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    except KafkaError as error:
        raise BrokerAway(f"Kafka at {bootstrap} does not answer ({error}): is it up?") from error
    try:
        known = _check_known(admin.describe_topics(), plan)
        missing = {name: config for name, config in plan.items() if name not in known}
        made = _make(admin, missing, replication) if missing else ()
        _align(admin, {name: plan[name] for name in known})
    except KafkaError as error:
        raise BrokerAway(f"Kafka at {bootstrap} did not carry out the provisioning: {error}") from error
    finally:
        admin.close()
    return made


def _check_known(described: Iterable[Mapping[str, Any]], plan: Mapping[str, Any]) -> set[str]:
    partitions = {topic["name"]: len(topic["partitions"]) for topic in described if topic["name"] in plan}
    odd = sorted(name for name, count in partitions.items() if count != PARTITIONS)
    if odd:
        raise Misconfigured(
            f"The topic {odd[0]} has {partitions[odd[0]]} partitions, and a chain needs {PARTITIONS}: "
            "use another prefix, or delete it if nothing on it counts."
        )
    return set(partitions)


def _make(admin: KafkaAdminClient, missing: Mapping[str, Mapping[str, str]], replication: int) -> tuple[str, ...]:
    wanted = {
        name: {"num_partitions": PARTITIONS, "replication_factor": replication, "configs": dict(config)}
        for name, config in missing.items()
    }
    answers = admin.create_topics(wanted, raise_errors=False)["topics"]
    made = tuple(answer["name"] for answer in answers if not answer["error_code"])
    for answer in answers:
        error = for_code(answer["error_code"])
        if answer["error_code"] and error is not TopicAlreadyExistsError:
            reason = str(answer.get("error_message") or error.__name__).rstrip(".")
            raise Misconfigured(f"Kafka refuses the topic {answer['name']}: {reason}.")
    admin.wait_for_topics(tuple(missing))
    return made


def _align(admin: KafkaAdminClient, known: Mapping[str, Mapping[str, str]]) -> None:
    """Give existing topics the planned settings; the broker writes only what differs, and keeps other settings."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict(config)) for name, config in known.items()]
    if not resources:
        return
    answers = admin.alter_configs(resources, raise_on_unknown=False)["topic"]
    for name, answer in answers.items():
        if answer != "OK":
            raise Misconfigured(f"Kafka refuses the settings of topic {name}: {str(answer).rstrip('.')}.")
