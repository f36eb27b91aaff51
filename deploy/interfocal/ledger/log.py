"""Reads topics raw, from their first offset, and says what is on them. It changes with what a proof needs of the log.

It shares no loop with the pipeline: its own reader, every seal checked, every offset from 0 to the end seen.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from consumers.checked import CheckedEvent
from consumers.checking import Terms, check_records
from consumers.quarantine.entries import Faulty, Verdict
from consumers.store.missing_offsets import MissingOffsets
from schemas.record import Record, TopicBounds, TopicReader
from schemas.topics import is_compacted, is_short_lived
from schemas.trust.gaps import Gap, chain_gaps
from schemas.trust.seal import Seal, link_hash, read_seal

PAGE = 2_000
OF_CHAINS = "chain_gap"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that should not be: a stable code, and where."""

    code: str
    where: str


@dataclass(frozen=True, slots=True)
class TopicLog:
    """One topic: its whole events in log order, what is sealed but unusable, bytes that belong to nobody, the end."""

    topic: str
    events: Sequence[CheckedEvent]
    unusable: Sequence[Faulty]
    foreign: Sequence[int]
    end: int
    problems: Sequence[Problem]


def read_log(reader: TopicReader, topics: Sequence[str], terms: Terms) -> Mapping[str, TopicLog]:
    """Every topic, whole; of one that is missing, that it is. Raises BrokerAway."""
    partitions = reader.partitions(topics)
    bounds = reader.bounds([topic for topic in topics if topic in partitions])
    logs = {topic: TopicLog(topic, (), (), (), 0, [Problem("topic_missing", topic)]) for topic in topics}
    for topic, within in bounds.items():
        found = read_topic(reader, topic, within, terms)
        odd = [] if partitions[topic] == 1 else [Problem("partitions_differ", f"{topic}: {partitions[topic]}")]
        logs[topic] = replace(found, problems=[*odd, *found.problems])
    return logs


def read_topic(reader: TopicReader, topic: str, bounds: TopicBounds, terms: Terms) -> TopicLog:
    """One topic from offset 0 to its end; one with retention from what is left of it."""
    events: list[CheckedEvent] = []
    faulty: list[Faulty] = []
    problems: list[Problem] = []
    end = bounds.end
    expected = bounds.start if is_short_lived(topic) else 0
    for page in pages(reader.read(topic, expected, end)):
        for record in page:
            if record.offset != expected and not is_compacted(topic):
                problems.append(_missing(topic, expected, record.offset))
            expected = record.next_offset
        for checked in check_records(topic, page, terms):
            if isinstance(checked, CheckedEvent):
                events.append(checked)
            elif isinstance(checked, Faulty):
                faulty.append(checked)
    if expected != end and not is_compacted(topic):
        problems.append(_missing(topic, expected, end))
    foreign = [fault.record.offset for fault in faulty if fault.verdict is Verdict.FOREIGN]
    unusable = [fault for fault in faulty if fault.verdict is not Verdict.FOREIGN]
    problems += [] if is_compacted(topic) else gaps(events, unusable)
    return TopicLog(topic, events, unusable, foreign, end, problems)


def pages(records: Iterable[Record]) -> Iterator[list[Record]]:
    """The records in portions, so that memory does not grow with the raw log."""
    page: list[Record] = []
    for record in records:
        page.append(record)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def gaps(events: Sequence[CheckedEvent], unusable: Sequence[Faulty]) -> list[Problem]:
    """Numbers that a chain lacks, that came for the first time after a higher one, or that were given twice."""
    records = sorted([e.record for e in events] + [f.record for f in unusable], key=lambda record: record.offset)
    sealed = [(record, seal) for record in records if (seal := seal_of(record)) is not None]
    lacking = chain_gaps((seal for _, seal in sealed), from_lowest=any(is_short_lived(r.topic) for r in records))
    found = [Problem(OF_CHAINS, gap_place(gap)) for gap in lacking]
    found += [Problem("out_of_order", f"{record.topic} {record.offset}") for record in overtaken(sealed)]
    return found + [Problem("chain_fork", number_place(record, seal)) for record, seal in forked(sealed)]


def gap_place(gap: Gap) -> str:
    """Where numbers are missing, in one line."""
    return f"{gap.topic} life {gap.life}: {gap.first} to {gap.last}"


def number_place(record: Record, seal: Seal) -> str:
    """Where a number of a chain stands, in one line."""
    return f"{record.topic} life {seal.claims.life}: {seal.claims.seq} at offset {record.offset}"


def offsets_place(missing: MissingOffsets) -> str:
    """Where offsets are missing, in one line."""
    return f"{missing.topic} {missing.first} to {missing.last}"


def _missing(topic: str, first: int, found: int) -> Problem:
    return Problem("offset_not_on_log", offsets_place(MissingOffsets(topic, first, found - 1)))


def overtaken(sealed: Iterable[tuple[Record, Seal]]) -> Iterator[Record]:
    """Records whose number was not there before, though a higher one was; a repeat may come at any time."""
    seen: set[tuple[int, int]] = set()
    highest = (0, 0)
    for record, seal in sealed:
        number = (seal.claims.life, seal.claims.seq)
        if number < highest and number not in seen:
            yield record
        seen.add(number)
        highest = max(highest, number)


def forked(sealed: Sequence[tuple[Record, Seal]]) -> Iterator[tuple[Record, Seal]]:
    """Records that share a number with another one, or follow another than that which stands before their number.

    Both prove that somebody has sealed two histories with the chain's key, also where only one of them is here.
    """
    links: dict[tuple[int, int], str] = {}
    twice: list[tuple[Record, Seal]] = []
    for record, seal in sealed:
        link = link_hash(seal.header, record.value or b"")
        if links.setdefault((seal.claims.life, seal.claims.seq), link) != link:
            twice.append((record, seal))
    yield from twice
    given = {(seal.claims.life, seal.claims.seq) for _, seal in twice}
    for record, seal in sealed:
        before = (seal.claims.life, seal.claims.seq - 1)
        if before not in given and links.get(before, seal.claims.prev) != seal.claims.prev:
            yield record, seal


def seal_of(record: Record) -> Seal | None:
    """The seal of a record that was checked before."""
    values = record.header_values("seal")
    return read_seal(values[0]) if len(values) == 1 else None
