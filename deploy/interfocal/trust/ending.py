"""Finds the last records that an ended key's owner sealed himself. It changes with what is known of a theft.

A number that two records have is a fork: one of them is not the owner's, and all that follows may hang on it. What is
honest ends before the first fork; the owner seals the rest again in a new life.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from producers.outbox.reading import OutboxReading
from schemas.directory import LastHonest
from schemas.record import SEAL_HEADER, TopicReader
from schemas.trust.chain import Expectation, verify_records
from schemas.trust.seal import link_hash, read_seal

READ_RECORDS = 500
Number = tuple[int, int]
"""Life and number."""


@dataclass(frozen=True, slots=True)
class Log:
    """The owner's topics, and what their seals are checked against."""

    reader: TopicReader
    expected: Expectation

    def links(self, topic: str, kid: str) -> Iterator[tuple[Number, str]]:
        """Number and link of every record of a topic that a key has sealed; raises BrokerAway."""
        bounds = self.reader.bounds([topic])[topic]
        for start in range(bounds.start, bounds.end, READ_RECORDS):
            records = list(self.reader.read(topic, start, min(start + READ_RECORDS, bounds.end)))
            for verdict in verify_records(records, self.expected, singly=True):
                if verdict.seal is not None and verdict.seal.claims.kid == kid and verdict.record.value is not None:
                    (header,) = verdict.record.header_values(SEAL_HEADER)
                    claims = verdict.seal.claims
                    yield (claims.life, claims.seq), link_hash(header, verdict.record.value)


def on_log(log: Log, kid: str, limits: Mapping[str, Number | None]) -> tuple[LastHonest, ...]:
    """The last honest record of each topic (topic -> the highest number that may be honest; None: all on the log)."""
    found = (_last(topic, dict_of(log.links(topic, kid)), limit) for topic, limit in limits.items())
    return tuple(last for last in found if last is not None)


def dict_of(links: Iterator[tuple[Number, str]]) -> dict[Number, set[str]]:
    """The links of each number: more than one is a fork."""
    found: dict[Number, set[str]] = {}
    for number, link in links:
        found.setdefault(number, set()).add(link)
    return found


def in_outbox(outbox: OutboxReading, kid: str) -> dict[str, Number]:
    """The highest number that this outbox has sealed with a key on each topic."""
    found: dict[str, Number] = {}
    for row in outbox.all_rows():
        if row.seal is None or row.life is None or row.seq is None or read_seal(row.seal).claims.kid != kid:
            continue
        topic = row.draft.topic
        found[topic] = max(found.get(topic, (0, 0)), (row.life, row.seq))
    return found


def _last(topic: str, links: Mapping[Number, set[str]], limit: Number | None) -> LastHonest | None:
    last: LastHonest | None = None
    for number in sorted(links):
        if len(links[number]) > 1 or (limit is not None and number > limit):
            break
        (link,) = links[number]
        last = LastHonest(topic=topic, life=number[0], seq=number[1], hash=link)
    return last
