"""Batches as a broker hands them out, opened within bounds. It changes with the client library.

Whoever may write to a topic decides what its batches hold. The library unpacks what is compressed without end, raises
over bytes that are no record (and then hangs), and believes a record that says it lies at another offset, up to two
thousand million further on; the broker lets all three through. Here such a batch, or what is left of it, becomes one
record that holds nothing but where it stands and how many offsets it stands for; nobody else's records notice.
"""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord, Fetcher
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatch

from schemas.record import COMPRESSED, TRANSACTION, UNREADABLE_HEADER, Record

FORMAT = 2
"""Of batches; a broker of today takes and makes no other."""

DAMAGED = "damaged"
"""Its checksum fails or its format is old: nothing that it says is believed, so it stands for the next offset alone."""

MISPLACED = "misplaced"


@dataclass(frozen=True, slots=True)
class Unread:
    """Why records cannot be read, and how many offsets they take."""

    reason: str
    span: int


@dataclass(frozen=True, slots=True)
class StandIn:
    """Takes the place of records on the library's own way to us; ``checksum``, where it has nothing, says why."""

    offset: int
    timestamp: int
    checksum: Unread
    timestamp_type: int = 1
    key: None = None
    value: None = None
    headers: tuple[()] = ()
    size_in_bytes: int = 0

    def validate_crc(self) -> bool:
        """There is nothing to fail."""
        return True


def bound(client: KafkaConsumer) -> None:
    """Have a client open batches within bounds, from its first poll on."""
    client._fetcher.PartitionRecords = _partition_records  # noqa: SLF001  # no public seam lies before unpacking


def record_of(topic: str, read: ConsumerRecord) -> Record:
    """What the client read, as ours; a stand-in becomes an unreadable record."""
    epoch = -1 if read.leader_epoch is None else read.leader_epoch
    if isinstance(read.checksum, Unread):
        return unreadable(topic, read.offset, read.checksum.reason, read.checksum.span)
    headers = tuple((name, content or b"") for name, content in read.headers)
    return Record(topic, read.offset, read.key, read.value, headers, read.timestamp, epoch)


def unreadable(topic: str, offset: int, reason: str, span: int = 1) -> Record:
    """What stands for records whose bytes are not read: ``span`` offsets from this one on."""
    return Record(topic, offset, None, None, ((UNREADABLE_HEADER, reason.encode()),), span=span)


def _partition_records(fetch_offset: int, partition: Any, records: MemoryRecords, **options: Any) -> Any:
    """The library's reader of one answer of the broker, over batches that are bounded."""
    return Fetcher.PartitionRecords(fetch_offset, partition, Batches(records, fetch_offset), **options)


class Batches:
    """The batches of one answer, each as the library's reader asks for it. ``expected`` is the next offset."""

    def __init__(self, records: MemoryRecords, fetch_offset: int) -> None:
        self._records = records
        self._last: Batch | None = None
        self.expected = fetch_offset

    def next_batch(self) -> "Batch | None":
        """The next one, not looked into yet; one that was left unread is told of first."""
        last, self._last = self._last, None
        if isinstance(last, Bounded) and not last.is_read:
            self._last = self._instead(last, TRANSACTION, last.next_offset)
        else:
            self.expected = self.expected if last is None else max(self.expected, last.next_offset)
            batch = self._records.next_batch()
            self._last = None if batch is None else self._bounded(batch)
        return self._last

    def _bounded(self, batch: DefaultRecordBatch) -> "Batch":
        if batch.magic != FORMAT or not batch.validate_crc():
            return self._instead(batch, DAMAGED, self.expected + 1)
        return Bounded(self, batch)

    def _instead(self, batch: Any, reason: str, end: int) -> "Instead":
        span = max(end - self.expected, 0)
        return Instead(StandIn(self.expected, 0, Unread(reason, span)), getattr(batch, "leader_epoch", -1))


class Bounded:
    """A batch whose header holds. The library reads none that was aborted, or in which the broker marks an end."""

    def __init__(self, batches: Batches, batch: DefaultRecordBatch) -> None:
        self._batches = batches
        self._batch = batch
        self.is_read = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        """The library looks into what a broker marks by itself; None if nothing can be read there."""
        with suppress(Exception):
            return next(self._batch)
        return None

    def validate_crc(self) -> bool:
        """It was looked at."""
        return True

    def __iter__(self) -> Iterator[Any]:
        """Its records up to the first that cannot be read, and one that stands for the rest."""
        self.is_read = True
        reason, place = COMPRESSED, self._batch.base_offset
        if not self._batch.compression_type:
            reason, place = yield from self._sound()
        start = max(self._batches.expected, place)
        span = self._batch.next_offset - start
        if reason and span > 0:
            yield StandIn(start, self._batch.max_timestamp, Unread(reason, span))

    def _sound(self) -> Generator[Any, None, tuple[str, int]]:
        """Its records up to the first that cannot be read; returns why that cannot, and where it was to lie."""
        place, last = self._batch.base_offset, self._batch.last_offset
        is_whole = self._batch.records_count > self._batch.last_offset_delta  # compaction took nothing away
        try:
            for record in self._batch:
                offset = record.offset
                if not place <= offset <= last or (is_whole and offset != place):
                    return MISPLACED, place
                place = offset + 1
                yield record
        except Exception as error:  # noqa: BLE001  # whatever the library raises over bytes of anybody
            return type(error).__name__, place
        return "", place


class Instead:
    """Stands where a batch was that is not read, and asks for nothing that such a batch says of itself."""

    magic = FORMAT
    is_control_batch = False
    is_transactional = False

    def __init__(self, stand_in: StandIn, leader_epoch: int) -> None:
        self._stand_in = stand_in
        self.leader_epoch = leader_epoch
        self.next_offset = stand_in.offset + stand_in.checksum.span

    def has_producer_id(self) -> bool:
        """Nobody's transaction is asked for."""
        return False

    def validate_crc(self) -> bool:
        """What failed is said in another way."""
        return True

    def __iter__(self) -> Iterator[StandIn]:
        """The one record, where any offset is left."""
        if self._stand_in.checksum.span:
            yield self._stand_in


Batch = Bounded | Instead
"""What the library's reader is given."""
