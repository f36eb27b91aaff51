from typing import Any, NamedTuple

from kafka.structs import TopicPartition

class ConsumerRecord(NamedTuple):
    topic: str
    partition: int
    leader_epoch: int | None
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: object
    serialized_key_size: int
    serialized_value_size: int
    serialized_header_size: int

class Fetcher:
    class PartitionRecords:
        next_fetch_offset: int
        def __init__(self, fetch_offset: int, tp: TopicPartition, records: Any, **options: Any) -> None: ...
        def take(self, n: int | None = None) -> list[ConsumerRecord]: ...
