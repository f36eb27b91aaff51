"""Batches written by hand, as no honest client writes them, and a connection that hands them to a real broker.

The layout is that of Kafka's documentation (message format 2), the codecs' that of their own.
"""

import struct
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

import crc32c
from kafka.errors import KafkaConnectionError
from kafka.protocol.producer import ProduceRequest

from interfocal.forbidden.operations import Asker, asking
from schemas.access import Access

HEADER_AFTER_CRC = struct.Struct(">hiqqqhii")
BEFORE_CRC = struct.Struct(">qiibI")
LENGTH_COUNTS_FROM = 12
Writer = tuple[int, int, int]
NOBODY: Writer = (-1, -1, -1)
MEBIBYTE = 1024 * 1024
VERSION = 7
NOT_YET = {3, 6}  # a topic that was just made is unknown, or has no leader
TRIES = 100

Headers = Sequence[tuple[bytes, bytes | None]]


class Codec(IntEnum):
    """The lowest bits of a batch's attributes."""

    NONE = 0
    GZIP = 1
    SNAPPY = 2
    LZ4 = 3
    ZSTD = 4


def varint(number: int) -> bytes:
    """A number in zigzag and groups of seven bits."""
    left = ((number << 1) ^ (number >> 63)) & (2**64 - 1)
    octets = bytearray()
    while left > 0x7F:
        octets.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*octets, left])


def sized(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


def record(value: bytes | None = b"v", key: bytes | None = b"k", headers: Headers = (), delta: int = 0) -> bytes:
    """One record that says it lies ``delta`` offsets after its batch's first."""
    pairs = b"".join(sized(name) + sized(content) for name, content in headers)
    return sized(b"\x00" + varint(0) + varint(delta) + sized(key) + sized(value) + varint(len(headers)) + pairs)


def records(count: int) -> bytes:
    return b"".join(record(b"%d" % delta, delta=delta) for delta in range(count))


def batch(
    content: bytes,
    count: int = 1,
    codec: int = Codec.NONE,
    *,
    base: int = 0,
    last: int | None = None,
    writer: Writer = NOBODY,
) -> bytes:
    """A batch of ``count`` records; ``last`` is the offset, after the first, that its last one is to have.

    ``codec`` may have the other bits of the attributes too; ``writer`` is a producer's id, epoch and first number.
    """
    after = HEADER_AFTER_CRC.pack(codec, count - 1 if last is None else last, 1, 1, *writer, count) + content
    return BEFORE_CRC.pack(base, BEFORE_CRC.size + len(after) - LENGTH_COUNTS_FROM, 0, 2, crc32c.crc32c(after)) + after


@dataclass(frozen=True, slots=True)
class Zeros:
    """A record whose value is so many zeros, as what stands before them and after."""

    size: int

    @property
    def before(self) -> bytes:
        inner = b"\x00" + varint(0) + varint(0) + varint(-1) + varint(self.size)
        return varint(len(inner) + self.size + len(self.after)) + inner

    @property
    def after(self) -> bytes:
        return varint(0)

    @property
    def length(self) -> int:
        return len(self.before) + self.size + len(self.after)


def gzip_of(parts: Iterable[bytes]) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(part) for part in parts), packer.flush()])


def gzip_bomb(zeros: Zeros) -> bytes:
    whole, rest = divmod(zeros.size, MEBIBYTE)
    block = bytes(MEBIBYTE)
    return gzip_of([zeros.before, *(block for _ in range(whole)), bytes(rest), zeros.after])


def zstd_bomb(zeros: Zeros) -> bytes:
    """Blocks that say "so many times this byte": four bytes for 128 KiB."""
    most = 128 * 1024

    def block(kind: int, size: int, content: bytes, *, last: bool = False) -> bytes:
        return struct.pack("<I", size << 3 | kind << 1 | last)[:3] + content

    whole, rest = divmod(zeros.size, most)
    repeated = block(1, most, b"\x00") * whole + (block(1, rest, b"\x00") if rest else b"")
    ends = block(0, len(zeros.before), zeros.before), block(0, len(zeros.after), zeros.after, last=True)
    return b"\x28\xb5\x2f\xfd\x00\x58" + ends[0] + repeated + ends[1]


def snappy_bomb(zeros: Zeros) -> bytes:
    """Copies of 64 bytes from one byte back: three bytes each."""

    def literal(content: bytes) -> bytes:
        return bytes([len(content) - 1 << 2]) + content

    def copy(size: int) -> bytes:
        return bytes([size - 1 << 2 | 2, 1, 0])

    whole, rest = divmod(zeros.size - 1, 64)
    copies = copy(64) * whole + (copy(rest) if rest else b"")
    length = bytearray()
    left = zeros.length
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    block = bytes([*length, left]) + literal(zeros.before + b"\x00") + copies + literal(zeros.after)
    return b"\x82SNAPPY\x00" + struct.pack(">iii", 1, 1, len(block)) + block


def lz4_bomb(zeros: Zeros) -> bytes:
    """Blocks of one literal and one match that goes on: a byte for 255."""
    most = 4 * MEBIBYTE

    def block(literal: bytes, match: int) -> bytes:
        longer = match - 4 - 15
        length = b"\xff" * (longer // 255) + bytes([longer % 255])
        content = bytes([len(literal) << 4 | 15]) + literal + b"\x01\x00" + length + b"\x50" + literal[-1:] * 5
        return struct.pack("<I", len(content)) + content

    first = zeros.before + b"\x00"
    whole, rest = divmod(zeros.size - 1 - 5, most)
    body = [block(first, rest), *(block(b"\x00", most - 6) for _ in range(whole))]
    missing = zeros.size - 1 - rest - 5 - whole * most
    tail = bytes(missing) + zeros.after
    stored = struct.pack("<I", len(tail) | 0x80000000) + tail
    return b"\x04\x22\x4d\x18\x60\x70\x73" + b"".join(body) + stored + bytes(4)


BOMBS: Mapping[Codec, Callable[[], bytes]] = {
    Codec.GZIP: partial(gzip_bomb, Zeros(200_000_000)),
    Codec.ZSTD: partial(zstd_bomb, Zeros(500_000_000)),
    Codec.SNAPPY: partial(snappy_bomb, Zeros(5_000_000)),
    Codec.LZ4: partial(lz4_bomb, Zeros(50_000_000)),
}
"""As much as fits into a message, by codec."""


def produce(access: Access, topic: str, written: bytes) -> int:
    """Hand one batch to the broker as it is; the offset, or ValueError with the broker's error code."""
    with asking(access) as asker:
        for _ in range(TRIES):
            code, offset = _answer(asker, topic, written)
            if code not in NOT_YET:
                break
            threading.Event().wait(0.1)
    if code:
        raise ValueError(f"the broker refuses the batch with error {code}")
    return offset


def _answer(asker: Asker, topic: str, written: bytes) -> tuple[int, int]:
    """The broker's error code and offset for one request."""
    data = ProduceRequest.TopicProduceData
    part = data.PartitionProduceData(index=0, records=written)
    request = ProduceRequest(
        transactional_id=None,
        acks=-1,
        timeout_ms=30_000,
        topic_data=[data(name=topic, partition_data=[part])],
        max_version=VERSION,
    )
    try:
        (answered,) = asker.ask(request).responses
    except KafkaConnectionError as error:
        raise ConnectionError("the broker ended the connection") from error
    (told,) = answered.partition_responses
    return int(told.error_code), int(told.base_offset)
