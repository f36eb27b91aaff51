"""What the region does at each start before it sends: takes up the log's heads, and sends what a decision still owes.

It changes with what can be lost. Both steps find nothing to do on a healthy database.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from psycopg import Connection

from consumers.granting.forwarding import clear_again
from consumers.quarantine.telling import mark_told
from consumers.source import Broker, KafkaTopicReader
from consumers.store.bounds import PATIENT
from consumers.store.connection import connector
from consumers.store.outbox import RegionOutbox
from consumers.store.session import Session
from consumers.store.taking_up import Said, TakenUp, take_up
from consumers.tracing.redeliver import redeliver
from interfocal.installation.installation import Installation
from interfocal.process.logs import log
from producers.comparison import READ_RECORDS, Found, check_not_ahead, newest
from producers.relay import RelayLimits
from schemas.errors import Temporary, TopicAhead
from schemas.events.quarantined import Quarantined
from schemas.record import SEAL_HEADER, Link, Record, TopicReader
from schemas.topics import GRANT, is_compacted, is_short_lived, stream_of
from schemas.trust.chain import Expectation, verify_records
from schemas.trust.seal import Seal, link_hash
from schemas.wire.codec import decode

WAIT_S = 0.2
AWAY_S = 2.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """The region's own topics, and its database."""

    installation: Installation
    topics: Sequence[str]

    def reader(self) -> KafkaTopicReader:
        """A reader outside any group."""
        return KafkaTopicReader(Broker(self.installation.bootstrap, "region.recovery", self.installation.prefix))

    def session(self) -> Session:
        """The regional database, for statements that take as long as a topic is long."""
        return Session(connector(self.installation.region_url, "region.recovery", bounds=PATIENT))

    def expectation(self) -> Expectation:
        """Only what the region itself has sealed counts."""
        return self.installation.seals

    def take_up_log(self, outbox: RegionOutbox) -> int:
        """Of a database that was made anew or restored beside a log that was not: go on after the log's heads.

        Returns how many chains were taken up. Raises BrokerAway or StoreAway.
        """
        with closing(self.reader()) as reader:
            ahead = topics_ahead(reader, there(reader, self.topics), self.expectation(), outbox)
            settled = self.settle(reader, ahead, whole=False)
        taken_up = [told for told in settled if told.life is not None]
        for told in taken_up:
            log().warning("log_taken_up", topic=told.topic, events=told.events, marked=told.marked, life=told.life)
        return len(taken_up)

    def settle(self, reader: TopicReader, topics: Sequence[str], *, whole: bool) -> Sequence[TakenUp]:
        """Bring the outbox into agreement with these topics, each in a transaction of its own.

        ``whole`` looks also for what Kafka had acknowledged and lacks now, on topics that are kept for good: no relay
        may run then.
        """
        expected = self.expectation()
        with closing(self.session()) as session:
            settled = []
            for topic in topics:
                every = partial(said, reader, topic, expected)
                whole_too = whole and not is_short_lived(topic)
                settled.append(session.transact(partial(_settled, every=every, topic=topic, whole=whole_too)))
        return settled

    def send_what_is_owed(self) -> int:
        """Write again the deliveries that a folded decision lists and no inbox has. Raises BrokerAway or StoreAway."""
        inboxes = [topic for topic in self.topics if stream_of(topic) in {"inbox", GRANT}]
        expected = self.expectation()
        with closing(self.reader()) as reader:
            found = (one for topic in there(reader, inboxes) for one in said(reader, topic, expected))
            in_inboxes = frozenset(one.event_id for one in found)
        with closing(self.session()) as session:
            added = session.transact(lambda transaction: redeliver(transaction, in_inboxes))
        if added:
            log().warning("deliveries_written_again", deliveries=added)
        return added

    def clear_what_is_erased(self) -> int:
        """Clear the topics of grants again of what is erased and lies there still. Raises BrokerAway or StoreAway."""
        topics = [topic for topic in self.topics if is_compacted(topic)]
        with closing(self.reader()) as reader:
            there = [(topic, grant) for topic in topics for grant in lasting_keys(reader, topic)]
        with closing(Session(connector(self.installation.region_url, "region.recovery"))) as session:
            return session.transact(lambda transaction: clear_again(transaction, there))

    def note_what_was_told(self) -> int:
        """Mark the entries of the quarantine whose senders were told already. Raises BrokerAway or StoreAway."""
        with closing(self.reader()) as reader:
            told = set(told_places(reader, there(reader, self.topics), self.expectation()))
        with closing(self.session()) as session:
            session.transact(lambda transaction: mark_told(transaction, told))
        return len(told)


def there(reader: TopicReader, topics: Sequence[str]) -> Sequence[str]:
    """Those of these topics that are there: what is missing stands in nobody's way."""
    found = reader.partitions(topics)
    return [topic for topic in topics if topic in found]


def told_places(reader: TopicReader, topics: Sequence[str], expected: Expectation) -> Iterator[tuple[str, int]]:
    """Topic and offset of every record of which its sender was told, as far as that is kept."""
    for topic in (topic for topic in topics if stream_of(topic) == "quarantine"):
        for _, value, _ in sealed_records(reader, topic, expected):
            _, event = decode(value)
            if isinstance(event, Quarantined):
                yield event.topic, event.offset


def lasting_keys(reader: TopicReader, topic: str) -> frozenset[str]:
    """The keys of a compacted topic whose last record is no tombstone."""
    bounds = reader.bounds([topic])[topic]
    last = {record.key: record.value for record in reader.read(topic, bounds.start, bounds.end)}
    return frozenset(key.decode(errors="replace") for key, value in last.items() if key and value is not None)


def topics_ahead(
    reader: TopicReader, topics: Sequence[str], expected: Expectation, outbox: RegionOutbox
) -> Sequence[str]:
    """Topics that hold numbers which the outbox never gave, or other events under its numbers."""
    window = RelayLimits().window
    bounds = reader.bounds(topics)
    found = {topic: newest(reader, topic, bounds[topic], expected, window) for topic in topics}
    heads = outbox.heads()  # after the log: another instance numbers a row before it sends it
    return [topic for topic in topics if is_ahead(topic, heads.get(topic), found[topic])]


def is_ahead(topic: str, head: Link | None, found: Sequence[Found]) -> bool:
    """Whether a topic holds what the outbox never gave.

    That it lacks something says nothing here: another instance may send while this one looks.
    """
    try:
        check_not_ahead(topic, head, found)
    except TopicAhead:
        return True
    return False


def said(reader: TopicReader, topic: str, expected: Expectation) -> Iterator[Said]:
    """Everything on a topic under the region's seal, in its order."""
    for record, value, seal in sealed_records(reader, topic, expected):
        link = link_hash(record.header_values(SEAL_HEADER)[0], value)
        yield Said(seal.claims.event_id, (seal.claims.life, seal.claims.seq), link, record.offset)


def sealed_records(reader: TopicReader, topic: str, expected: Expectation) -> Iterator[tuple[Record, bytes, Seal]]:
    """Every validly sealed record of a topic with its value; in portions, for a topic may be larger than memory."""
    bounds = reader.bounds([topic])[topic]
    for start in range(bounds.start, bounds.end, READ_RECORDS):
        records = list(reader.read(topic, start, min(start + READ_RECORDS, bounds.end)))
        for verdict in verify_records(records, expected):
            if verdict.seal is not None and verdict.record.value is not None:
                yield verdict.record, verdict.record.value, verdict.seal


def _settled(transaction: Connection[Any], every: Callable[[], Iterator[Said]], topic: str, *, whole: bool) -> TakenUp:
    return take_up(transaction, topic, every(), whole=whole)


def until_done(step: Callable[[], int], stop: threading.Event, ready: Callable[[], bool] = lambda: True) -> None:
    """Take a step once it is ``ready``, again while broker or store are away, until it is done or ``stop`` is set."""
    while not stop.is_set():
        if not ready():
            stop.wait(WAIT_S)
            continue
        try:
            step()
        except Temporary as error:
            log().warning("recovery_waits", code=error.code, reason=str(error))
            stop.wait(AWAY_S)
        else:
            return
