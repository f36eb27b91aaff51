"""Values that promise, repeat or nest more than they hold, for every schema. It changes with the wire format."""

from collections.abc import Iterator

from raw_batches import varint
from schemas.topics import MAX_MESSAGE_BYTES
from schemas.wire.catalogue import catalogue
from schemas.wire.codec import PREFIX
from source_tree import ROOT

PROMISES = (varint(2**62), varint(-(2**63)), varint(10_000), varint(-1) + varint(2**40), b"\xff" * 11)
FILLINGS = (b"\x00", b"\x02", b"\x7f", b"\xff", b"\x80")
STEP = 5


def bombs(schema_id: int) -> Iterator[bytes]:
    """Of one schema: the same byte without end, and the example with a promise in the place of any of its pieces."""
    head = PREFIX.pack(0, schema_id)
    for filling in FILLINGS:
        yield head + filling * (MAX_MESSAGE_BYTES - len(head))
    example = example_of(schema_id)
    for at in range(len(head), len(example), STEP):
        for promise in PROMISES:
            yield example[:at] + promise
            yield (example[:at] + promise).ljust(MAX_MESSAGE_BYTES, b"\x00")


def example_of(schema_id: int) -> bytes:
    """A good value, as released with the schema."""
    version = catalogue()[schema_id]
    (path,) = ROOT.glob(f"schemas/avro/{version.stream}/{version.version}/example.bin")
    return path.read_bytes()
