"""The cluster as an administrator sees and changes it. It changes with the client library, or with what is planned."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    SaslAuthenticationFailedError,
    TopicAlreadyExistsError,
    for_code,
)

from interfocal.provisioning.accounts import Accounts
from interfocal.provisioning.drift import PARTITIONS, Found, FoundTopic, Plan
from producers.publisher import require_listener
from schemas.access import Access
from schemas.errors import BrokerAway, Misconfigured
from schemas.topics import EVERY_BROKER, Topic

ANSWER_S = 30.0
SET_ON_THE_TOPIC = "DYNAMIC_TOPIC_CONFIG"


@dataclass(frozen=True, slots=True)
class Cluster:
    """An open connection of an administrator; ``opened`` makes it, and says what its errors mean."""

    admin: KafkaAdminClient

    @property
    def accounts(self) -> Accounts:
        """Users, rights and quotas."""
        return Accounts(self.admin)

    def found(self, plan: Plan) -> Found:
        """The topics that a plan looks at, and every broker that the cluster counts with."""
        topics = {topic["name"]: topic for topic in self.admin.describe_topics() if plan.looks_at(topic["name"])}
        configs = self._configs(ConfigResourceType.TOPIC, list(topics))
        brokers_there = [one for one in self.admin.describe_cluster()["brokers"] if not one.get("is_fenced")]
        numbers = [str(broker["broker_id"]) for broker in brokers_there]
        brokers = self._configs(ConfigResourceType.BROKER, numbers, dict.fromkeys(EVERY_BROKER))
        return Found(
            {name: _topic(topic, configs.get(name, {})) for name, topic in topics.items()},
            {int(number): _values(config) for number, config in brokers.items()},
            self.accounts.found() if plan.accounts else None,
        )

    def make(self, topics: Mapping[str, Topic]) -> tuple[str, ...]:
        """Make these topics, and return those that nobody else made meanwhile once all of them can be used.

        Raises Misconfigured when the cluster refuses one.
        """
        wanted = {
            name: {"num_partitions": PARTITIONS, "replication_factor": topic.replication, "configs": dict(topic.config)}
            for name, topic in topics.items()
        }
        answers = self.admin.create_topics(wanted, raise_errors=False)["topics"] if wanted else []
        for answer in answers:
            error = for_code(answer["error_code"])
            if answer["error_code"] and error is not TopicAlreadyExistsError:
                reason = str(answer.get("error_message") or error.__name__).rstrip(".")
                raise Misconfigured(f"Kafka refuses the topic {answer['name']}: {reason}.")
        self.admin.wait_for_topics(tuple(wanted))
        return tuple(answer["name"] for answer in answers if not answer["error_code"])

    def set_config(self, configs: Mapping[str, Mapping[str, str]]) -> None:
        """Give topics these settings, and keep their others; raises Misconfigured when the cluster refuses one."""
        resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict(config)) for name, config in configs.items()]
        answers = self.admin.alter_configs(resources, raise_on_unknown=False)["topic"] if resources else {}
        for name, answer in answers.items():
            if answer != "OK":
                raise Misconfigured(f"Kafka refuses the settings of topic {name}: {str(answer).rstrip('.')}.")

    def _configs(
        self, kind: ConfigResourceType, names: Sequence[str], only: Mapping[str, None] | None = None
    ) -> Mapping[str, Mapping[str, Any]]:
        if not names:
            return {}
        resources = [ConfigResource(kind, name, only) for name in names]
        described = self.admin.describe_configs(resources, config_filter="all")
        return dict(described.get(kind.name.lower(), {}))


@contextmanager
def opened(access: Access, answer_s: float = ANSWER_S) -> Iterator[Cluster]:
    """A connection to the cluster; raises BrokerAway when no broker answers in time, or when one ends it half-way.

    Raises Misconfigured for a wrong password or certificate, and where a right is missing.
    """
    require_listener(access.bootstrap)  # a client that finds nobody waits half a minute, and leaves its sockets open
    try:
        admin = KafkaAdminClient(**access.settings(), bootstrap_timeout_ms=round(answer_s * 1000))
    except SaslAuthenticationFailedError as error:
        raise Misconfigured(f"Kafka at {access.bootstrap} turns us away: {error.args[0]}.") from error
    except KafkaError as error:
        raise BrokerAway(f"Kafka at {access.bootstrap} does not answer ({error}): is it up?") from error
    try:
        yield Cluster(admin)
    except AuthorizationError as error:
        raise Misconfigured(f"{access.principal} has no right to provision Kafka at {access.bootstrap}.") from error
    except KafkaError as error:
        raise BrokerAway(f"Kafka at {access.bootstrap} did not carry out the provisioning: {error}") from error
    finally:
        admin.close()


def _topic(described: Mapping[str, Any], config: Mapping[str, Any]) -> FoundTopic:
    partitions = described["partitions"]
    set_here = frozenset(name for name, one in config.items() if one["config_source"] == SET_ON_THE_TOPIC)
    # Of several partitions the one that is on fewest brokers counts.
    replication = min((len(partition["replica_nodes"]) for partition in partitions), default=0)
    return FoundTopic(len(partitions), replication, _values(config), set_here)


def _values(config: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(one["value"]) for name, one in config.items()}
