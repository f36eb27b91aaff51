"""What consumers are handed of a broker's answer: the library's own reader of it, through the seam of ours."""

from collections.abc import Sequence
from types import SimpleNamespace

from kafka import TopicPartition
from kafka.record import MemoryRecords

from consumers.kafka_batches import bound, record_of
from schemas.record import Record

TOPIC = "rs.seizure"
READ_COMMITTED = 1


def opened(written: bytes, start: int = 0, at_once: int = 500, aborted: Sequence[object] = ()) -> list[Record]:
    """The records of an answer to a request from ``start`` on, portion by portion; ``aborted`` are transactions."""
    client = SimpleNamespace(_fetcher=SimpleNamespace())
    bound(client)  # type: ignore[arg-type]  # it sets one attribute of its fetcher
    reader = client._fetcher.PartitionRecords(  # noqa: SLF001  # as the fetcher does
        start,
        TopicPartition(TOPIC, 0),
        MemoryRecords(written),
        check_crcs=True,
        isolation_level=READ_COMMITTED,
        aborted_transactions=aborted,
    )
    found: list[Record] = []
    while reader:
        found += [record_of(TOPIC, read) for read in reader.take(at_once)]
    return found
