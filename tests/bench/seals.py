"""Seals made and checked on one processor, beside the signature alone. It changes with what a seal covers."""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from bench.figures import Figures, a_cpu_second, cpu_us
from interfocal.installation.settings import LoopSettings
from records import a_seizure
from schemas.record import Record
from schemas.trust.chain import verify_records
from schemas.wire.codec import encode
from sealing import Writer, a_key, expecting

KEY = a_key()
BATCH = LoopSettings().batch_records
WALK_AIM_US = 15.0
NOTE = "Sealing includes a test's writer. Garbage collections count: in a small run one of them decides a figure."
COLUMNS = ("part", "CPU µs a record", "records a CPU second", "aim")


def measure(count: int) -> Iterator[Figures]:
    """Seal so many events in one chain, check them in both ways, and do only the cryptography of it."""
    values = [encode(a_seizure(f"S-{number}")) for number in range(count)]
    records: list[Record] = []
    writer = Writer(KEY)
    costs = [
        ("seal, verified before it is given out", cpu_us(lambda: records.extend(map(writer.write, values)), count)),
        ("check singly", cpu_us(lambda: checked(records, singly=True), count)),
        (f"check by chain, {BATCH:,} at a time", walk := cpu_us(lambda: checked(records, singly=False), count)),
        *bare(values),
    ]
    held = "held" if walk <= WALK_AIM_US else "missed"
    aims = {costs[2][0]: f"at most {WALK_AIM_US:.0f} µs: {held}"}
    rows = [(name, cost, a_cpu_second(cost), aims.get(name, "")) for name, cost in costs]
    note = f"{count:,} seizures of {len(values[0])} bytes, each once. {NOTE}"
    yield Figures("Seals", COLUMNS, rows, note)


def checked(records: Sequence[Record], *, singly: bool) -> None:
    """Check as the loop does, a batch at a time; every seal has to hold."""
    expected = expecting(KEY)
    for start in range(0, len(records), BATCH):
        verdicts = verify_records(records[start : start + BATCH], expected, singly=singly)
        if any(verdict.error for verdict in verdicts):
            raise AssertionError("a seal of the benchmark does not hold")


def bare(values: Sequence[bytes]) -> Iterator[tuple[str, float]]:
    """Name and cost of the cryptography alone, over the same bytes."""
    count, public = len(values), KEY.key.public_key()
    signatures: list[bytes] = []
    yield "Ed25519: sign", cpu_us(lambda: signatures.extend(map(KEY.key.sign, values)), count)
    pairs = list(zip(signatures, values, strict=True))
    yield "Ed25519: verify", cpu_us(lambda: [public.verify(*pair) for pair in pairs], count)
    yield "SHA-256", cpu_us(lambda: [sha256(value).digest() for value in values], count)
