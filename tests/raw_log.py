"""Topics as they lie on the brokers, read by a client of the test's own: one event a number, in the chain's order."""

from collections import Counter
from collections.abc import Iterator, Sequence

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from schemas.record import SEAL_HEADER
from schemas.trust.seal import read_seal

Number = tuple[int, int]
"""Life and number within it."""


def check_order(bootstrap: str, topics: Sequence[str]) -> Counter[str]:
    """Check every chain, and count how often a record lies there again: with the same bytes, as any retry may leave it.

    In the order in which they came for the first time, numbers are 1, 2, 3 and so on, each with an event of its own.
    """
    repeats: Counter[str] = Counter()
    for topic in topics:
        first: dict[Number, tuple[str, bytes | None, bytes]] = {}
        for record in records(bootstrap, topic):
            (token,) = [value or b"" for name, value in record.headers if name == SEAL_HEADER]
            claims = read_seal(token).claims
            content = (claims.event_id, record.value, token)
            known = first.setdefault((claims.life, claims.seq), content)
            assert known == content, f"{topic} {record.offset}: other bytes under {claims.life}, {claims.seq}"
            repeats["records"] += 1
        assert list(first) == [(1, number) for number in range(1, len(first) + 1)], f"{topic}: {list(first)}"
        assert len({event_id for event_id, _, _ in first.values()}) == len(first), topic
        repeats["events"] += len(first)
    return repeats


def events_in_order(bootstrap: str, topic: str) -> list[str]:
    """The ids of a topic's events in the order in which each came for the first time."""
    tokens = [
        value or b"" for record in records(bootstrap, topic) for name, value in record.headers if name == SEAL_HEADER
    ]
    return list(dict.fromkeys(read_seal(token).claims.event_id for token in tokens))


def records(bootstrap: str, topic: str) -> Iterator[ConsumerRecord]:
    """Every record of a topic's only partition, from offset 0 to its end."""
    partition = TopicPartition(topic, 0)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, isolation_level="read_committed")
    try:
        consumer.assign([partition])
        consumer.seek(partition, 0)
        end = consumer.end_offsets([partition])[partition]
        while (consumer.position(partition) or 0) < end:
            yield from consumer.poll(1000).get(partition, [])
    finally:
        consumer.close()
