"""What a topic holds of an outbox, before anything is sent to it. It changes when the two can differ in another way.

Only records under a valid seal of the topic's own owner count: anybody else's bytes can neither stop a relay nor make
it believe that its rows are published. A record may stand on a topic twice, and late, when a connection was given up
while it was on its way; so the last record is not always that of the highest number, and a window is read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.errors import TopicAhead, TopicBehind
from schemas.record import SEAL_HEADER, Entry, Link, TopicBounds, TopicReader
from schemas.topics import is_short_lived
from schemas.trust.chain import Expectation, verify_records
from schemas.trust.seal import SealClaims, link_hash

READ_RECORDS = 500
NOTHING_SEALED = Link(life=1, seq=0, prev=None)


@dataclass(frozen=True, slots=True)
class Found:
    """A validly sealed record of a topic: its claims, its seal header, its hash in the chain, and where it stands."""

    claims: SealClaims
    seal: bytes
    link: str
    offset: int

    @property
    def number(self) -> tuple[int, int]:
        """Life and number, in the order of a chain."""
        return self.claims.life, self.claims.seq


def newest(reader: TopicReader, topic: str, bounds: TopicBounds, expected: Expectation, window: int) -> Sequence[Found]:
    """The last ``window`` validly sealed records of a topic, newest first; raises BrokerAway."""
    found: list[Found] = []
    end = bounds.end
    while end > bounds.start and len(found) < window:
        start = max(bounds.start, end - READ_RECORDS)
        found += _valid(reader, topic, (start, end), expected)
        end = start
    return found


def _valid(reader: TopicReader, topic: str, span: tuple[int, int], expected: Expectation) -> Iterator[Found]:
    verdicts = verify_records(list(reader.read(topic, *span)), expected)
    for verdict in reversed(verdicts):
        record = verdict.record
        if verdict.seal is not None and record.value is not None:
            (header,) = record.header_values(SEAL_HEADER)
            yield Found(verdict.seal.claims, header, link_hash(header, record.value), record.offset)


def judge(topic: str, head: Link | None, found: Sequence[Found], unacknowledged: Sequence[Entry]) -> Mapping[int, int]:
    """Which unacknowledged rows the topic holds already (row -> first offset).

    Raises TopicAhead when the topic holds numbers that the outbox never gave (``topic_ahead``), or other events under
    the outbox's numbers or other numbers for its events (``chain_differs``): both happen after the loss or the
    restore of an outbox, and sending on would give one number to two events. Raises TopicBehind when the topic lacks
    numbers that Kafka had acknowledged: its log was shortened, or the key that sealed them was ended.
    """
    check_not_ahead(topic, head, found)
    known = head or NOTHING_SEALED
    mine = {entry.draft.event_id: entry for entry in unacknowledged if entry.draft.topic == topic}
    _check_acknowledged(topic, known, found, mine.values())
    offsets: dict[int, int] = {}
    for record in found:
        entry = mine.get(record.claims.event_id)
        if entry is None:
            continue
        if record.seal != entry.seal:
            raise _ahead(topic, known, record.number, "chain_differs")
        offsets[entry.row] = min(record.offset, offsets.get(entry.row, record.offset))
    return offsets


def check_not_ahead(topic: str, head: Link | None, found: Sequence[Found]) -> None:
    """Raise TopicAhead when the topic holds what the outbox never gave. It may lack what was numbered and not sent."""
    known = head or NOTHING_SEALED
    if any(record.number > (known.life, known.seq) for record in found):
        raise _ahead(topic, known, max(record.number for record in found), "topic_ahead")
    at_head = [record for record in found if record.number == (known.life, known.seq)]
    if any(record.link != known.prev for record in at_head):
        raise _ahead(topic, known, (known.life, known.seq), "chain_differs")


def _check_acknowledged(topic: str, head: Link, found: Sequence[Found], waiting: Iterable[Entry]) -> None:
    """Topics that are not kept for good lose their records in time; all others hold what Kafka has acknowledged."""
    numbers = [entry.seq for entry in waiting if entry.life == head.life]
    acknowledged = min(numbers) - 1 if numbers else head.seq
    reached = max((record.number for record in found), default=(0, 0))
    if not acknowledged or is_short_lived(topic) or reached >= (head.life, acknowledged):
        return
    raise TopicBehind(
        f"{topic} holds nothing of ours after number {reached[1]} of life {reached[0]}, but Kafka has acknowledged"
        f" number {acknowledged} of life {head.life}: the log was shortened, or the key of the rest was ended. Nothing"
        " of its outbox is sent until it is recovered.",
        parameters={
            "topic": topic,
            "topic_number": f"{reached[0]}:{reached[1]}",
            "outbox_number": f"{head.life}:{acknowledged}",
        },
    )


def _ahead(topic: str, head: Link, number: tuple[int, int], code: str) -> TopicAhead:
    what = "reaches" if code == "topic_ahead" else "holds another event at"
    return TopicAhead(
        f"{topic} {what} number {number[1]} of life {number[0]}, but its outbox stands at number {head.seq} of life"
        f" {head.life}: the outbox was lost, restored or copied. Nothing of it is sent until it is recovered.",
        code=code,
        parameters={
            "topic": topic,
            "topic_number": f"{number[0]}:{number[1]}",
            "outbox_number": f"{head.life}:{head.seq}",
        },
    )
