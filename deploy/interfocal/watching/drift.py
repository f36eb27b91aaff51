"""How many things of the cluster are not as planned, now and then. It changes with what is provisioned."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError

from interfocal.installation.installation import Installation
from interfocal.process.logs import log
from interfocal.process.metrics import Metrics
from interfocal.process.service import Worker
from producers.publisher import require_listener
from schemas.errors import BrokerAway, Temporary
from schemas.topics import planned_topics

EVERY_S = 60.0
ANSWER_MS = 5_000


def differences(installation: Installation) -> Sequence[str]:
    """One sentence for each topic that is missing and each setting that differs; raises BrokerAway."""
    with administrator(installation.bootstrap) as admin:
        return _differences(admin, installation)


@contextmanager
def administrator(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """A client that only asks; raises BrokerAway when no broker answers within seconds, or one ends it half-way."""
    require_listener(bootstrap)
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=ANSWER_MS)
    except (KafkaError, OSError) as error:
        raise BrokerAway(
            f"Kafka at {bootstrap} takes connections and does not answer ({type(error).__name__})"
        ) from error
    try:
        yield admin
    except KafkaError as error:
        raise BrokerAway(f"Kafka at {bootstrap} does not answer what it is asked: {error}") from error
    finally:
        admin.close()


def drift_worker(installation: Installation, metrics: Metrics) -> Worker:
    """Compares once a minute; while the cluster is away, the last figure stays."""

    def run(stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                metrics.process.drift.set(len(differences(installation)))
            except Temporary as error:
                log().warning("drift_waits", code=error.code, reason=str(error))
            stop.wait(EVERY_S)

    return Worker("drift", run)


def _differences(admin: KafkaAdminClient, installation: Installation) -> list[str]:
    plan = {installation.prefix + topic.name: topic for topic in planned_topics(installation.directory.owners())}
    there = set(admin.list_topics()) & plan.keys()
    found = [f"the topic {name} is missing" for name in sorted(plan.keys() - there)]
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in sorted(there)]
    configs = admin.describe_configs(resources, config_filter="all").get("topic", {}) if resources else {}
    for name, config in configs.items():
        for setting, planned in plan[name].config.items():
            has = str(config.get(setting, {}).get("value", "unset"))
            if has != planned:
                found.append(f"the topic {name} has {setting} = {has}, and {planned} is planned")
    return found
