"""Which topics the cluster has, asked of it as an administrator's tool asks. It changes with the client library.

A consumer's own question for topics waits without end for a broker that is away, and makes it watch every topic there
is; its question for the bounds of one that is missing waits for as long as its time-out is.
"""

from collections.abc import Mapping, Sequence

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from consumers.kafka_client import Broker, closed_unless_made, knock
from consumers.kafka_errors import translate

ANSWER_MS = 10_000
NOT_THERE = frozenset({3, 29})  # unknown topic; not allowed to know it, which is not told apart


def partitions_of(broker: Broker, topics: Sequence[str]) -> Mapping[str, int]:
    """How many partitions each of these topics has, of those that are there and may be seen; raises BrokerAway."""
    names = {broker.prefix + topic: topic for topic in topics}
    knock(broker.bootstrap)
    try:
        with closed_unless_made() as begin:
            admin = KafkaAdminClient(
                bootstrap_servers=broker.bootstrap,
                client_id=broker.client_id,
                request_timeout_ms=ANSWER_MS,
                bootstrap_timeout_ms=ANSWER_MS,
                kafka_client=begin,
                **broker.security,
            )
        try:
            described = admin.describe_topics(list(names))
        finally:
            admin.close()
    except (KafkaError, OSError) as error:
        raise translate(error, f"asking which of {len(topics)} topics are there") from error
    there = (one for one in described if one["error_code"] not in NOT_THERE)
    return {names[one["name"]]: len(one["partitions"]) for one in there}
