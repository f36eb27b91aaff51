"""Plants records that nobody can use, as only the cluster's administrator could. It changes with what he could do."""

from collections.abc import Sequence

from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from producers.publisher import KafkaPublisher
from schemas.record import Draft, Entry

NOBODY = "00000000-0000-0000-0000-000000000000"
JUNK: Sequence[tuple[bytes, bytes]] = (
    (b"not an event at all", b"no seal"),
    (b"\x00\x00\x00\x00\x65" + b"\xff" * 40, b""),
    (b"\x00\x00\x00\x27\x0f", b"eyJhbGciOiJub25lIn0.."),
    (b"\x00\x00\x00\x00\x65\x00\x00\x00", b"eyJhbGciOiJFZDI1NTE5In0..AAAA"),
    (b"", b"."),
    (b"\x01" * 2000, b"a.b.c"),
)


def plant(installation: Installation, topics: Sequence[str]) -> int:
    """Put one piece of junk on each of these topics in turn; returns how many. Raises BrokerAway."""
    publisher = KafkaPublisher(admin_access_of(installation), installation.prefix, "stranger")
    try:
        publisher.warm(topics)
        sent = [publisher.send(_entry(topic, *junk)) for topic, junk in zip(_cycle(topics), JUNK, strict=False)]
        return len([delivery.result(timeout_s=60) for delivery in sent])
    finally:
        publisher.close()


def _cycle(topics: Sequence[str]) -> Sequence[str]:
    return [topics[place % len(topics)] for place in range(len(JUNK))]


def _entry(topic: str, value: bytes, seal: bytes) -> Entry:
    return Entry(row=0, draft=Draft(topic, NOBODY, NOBODY, value), life=1, seq=1, seal=seal)
