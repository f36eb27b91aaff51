"""What a topic's records say, one after the other, for a person who watches it. It changes when a record is told more.

It reads outside any group, so nothing that consumes the topic notices. Seals are checked, and gaps of the chain are
marked, as the region does it; what has no valid seal is decoded too, and proves nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from consumers.checked import CheckedEvent
from consumers.checking import Checked, Terms, check_records
from consumers.desk.original import check_original
from consumers.quarantine.entries import Verdict
from interfocal.quarantine.described import decoded
from schemas.events.delivery import Delivery
from schemas.record import SEAL_HEADER, Record, TopicBounds, TopicReader
from schemas.trust.gaps import ChainPosition, Gap, advance
from schemas.trust.seal import SealClaims, read_seal
from schemas.wire.catalogue import catalogue
from schemas.wire.codec import event_json

PORTION = 200
USABLE = "usable"
VALID = "valid"


@dataclass(frozen=True, slots=True)
class Content:
    """What is inside a record, as far as it can be read: schema, event, or why there is none.

    ``seal`` is ``valid`` or the reason why it is not; ``verdict`` says whether the event may take effect, ``reason``
    why not.
    """

    seal: str
    verdict: str
    reason: str | None
    schema: str | None
    event: Mapping[str, Any] | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One record. ``marks`` say what is missing just before it, ``original`` what a delivery delivers."""

    offset: int
    appended_at: str
    key: str | None
    life: int | None
    number: int | None
    marks: Sequence[str]
    content: Content
    original: Content | None


@dataclass(slots=True)
class Tail:
    """Where a reading of one topic stands: the next offset, and the chain's number there (None: not seen yet).

    From offset 0 on, a chain is counted from its first number; else from the first that is seen.
    """

    topic: str
    terms: Terms
    next_offset: int
    chain: ChainPosition | None = None
    counts_from_first: bool = field(init=False)

    def __post_init__(self) -> None:
        self.counts_from_first = self.next_offset == 0

    def tell(self, records: Sequence[Record]) -> list[Told]:
        """What these records say, which come next on the topic."""
        return [self._told(checked) for checked in check_records(self.topic, records, self.terms)]

    def _told(self, checked: Checked) -> Told:
        record, claims = checked.record, sealed_claims(checked)
        marks = [*self._hole(record), *(self._gaps(claims) if claims else [])]
        self.next_offset = record.next_offset
        delivery = checked.event if isinstance(checked, CheckedEvent) else None
        return Told(
            offset=record.offset,
            appended_at=datetime.fromtimestamp(record.appended_ms / 1000, UTC).isoformat(timespec="milliseconds"),
            key=None if record.key is None else record.key.decode(errors="replace"),
            life=claims.life if claims else None,
            number=claims.seq if claims else None,
            marks=marks,
            content=content_of(checked),
            original=original_of(delivery, self.terms) if isinstance(delivery, Delivery) else None,
        )

    def _hole(self, record: Record) -> Iterator[str]:
        if record.offset > self.next_offset:
            yield f"offsets {self.next_offset} to {record.offset - 1} are not on the log"
        if record.span > 1:
            yield f"offsets {record.offset} to {record.next_offset - 1} cannot be read"

    def _gaps(self, claims: SealClaims) -> Iterator[str]:
        at = self.chain
        if at is None and not self.counts_from_first:
            self.chain = ChainPosition(claims.topic, claims.chain, claims.life, claims.seq)
            return
        if at is not None and (claims.life, claims.seq) <= (at.life, at.seq):
            yield f"number {claims.seq} of life {claims.life} comes again, or late"
        self.chain, gaps = advance(at, claims)
        yield from (f"{_numbers(gap)} missing" for gap in gaps)


def open_tail(reader: TopicReader, topic: str, start: int, bounds: TopicBounds, terms: Terms) -> Tail:
    """A reading that begins at ``start``, within what the log holds. Raises BrokerAway.

    The record before is looked at, so that a gap just there is marked.
    """
    begin = min(max(start, bounds.start), bounds.end)
    tail = Tail(topic, terms, max(begin - 1, bounds.start))
    tail.tell(list(reader.read(topic, tail.next_offset, begin)))
    tail.next_offset = begin
    return tail


def read_on(reader: TopicReader, tail: Tail) -> Iterator[Told]:
    """What lies between a reading's position and the end of the log now; raises BrokerAway."""
    end = reader.bounds([tail.topic])[tail.topic].end
    records = iter(reader.read(tail.topic, tail.next_offset, end))
    while portion := list(islice(records, PORTION)):
        yield from tail.tell(portion)


def sealed_claims(checked: Checked) -> SealClaims | None:
    """What the seal says, None where it does not hold."""
    if isinstance(checked, CheckedEvent):
        return checked.claims
    if checked.verdict is Verdict.FOREIGN:
        return None
    return read_seal(checked.record.header_values(SEAL_HEADER)[0]).claims


def content_of(checked: Checked) -> Content:
    """What a record holds."""
    if isinstance(checked, CheckedEvent):
        return Content(VALID, USABLE, None, _schema_name(checked.schema_id), event_json(checked.event))
    seal = checked.reason if checked.verdict is Verdict.FOREIGN else VALID
    return _unusable(seal, checked.verdict.value, checked.reason, checked.record.value)


def original_of(delivery: Delivery, terms: Terms) -> Content:
    """What the record inside a delivery holds, its own seal checked as the desk does it."""
    found = check_original(delivery, terms)
    if isinstance(found, CheckedEvent):
        return content_of(found)
    return _unusable(found, Verdict.UNUSABLE.value, found, delivery.original.value)


def _unusable(seal: str, verdict: str, reason: str, value: bytes | None) -> Content:
    found = decoded(value)
    return Content(
        seal, verdict, reason, _schema_name(found.get("schema_id")), found.get("event"), found.get("problem")
    )


def _schema_name(schema_id: int | None) -> str | None:
    known = catalogue().get(schema_id) if schema_id is not None else None
    return known.name if known else None


def _numbers(gap: Gap) -> str:
    if gap.first == gap.last:
        return f"number {gap.first} of life {gap.life} is"
    return f"numbers {gap.first} to {gap.last} of life {gap.life} are"
