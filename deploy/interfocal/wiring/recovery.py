"""What the region does at each start before it sends: takes up the log's heads, and sends what a decision still owes.

It changes with what can be lost. Both steps find nothing to do on a healthy database.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from consumers.quarantine.telling import mark_told
from consumers.source import Broker, KafkaTopicReader
from consumers.store.connection import connector
from consumers.store.outbox import RegionOutbox, adopt
from consumers.store.session import Session
from consumers.tracing.redeliver import redeliver
from interfocal.installation.installation import Installation
from interfocal.process.logs import log
from producers.comparison import newest
from producers.relay import RelayLimits
from schemas.errors import Temporary
from schemas.events.quarantined import Quarantined
from schemas.record import Link, TopicReader
from schemas.topics import stream_of
from schemas.trust.chain import Expectation, verify_records
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

    def expectation(self) -> Expectation:
        """Only what the region itself has sealed counts."""
        return self.installation.seals

    def take_up_log(self, outbox: RegionOutbox) -> int:
        """Of a database that was made anew beside a log that was not: begin a new life after the log's heads.

        Returns how many chains were taken up. Raises BrokerAway or StoreAway.
        """
        if outbox.heads():
            return 0
        reader = self.reader()
        try:
            heads = dict(log_heads(reader, self.topics, self.expectation()))
        finally:
            reader.close()
        if heads:
            session = Session(connector(self.installation.region_url, "region.recovery"))
            session.transact(lambda transaction: adopt(transaction, heads))
            session.close()
            log().warning("log_taken_up", chains=len(heads))
        return len(heads)

    def send_what_is_owed(self) -> int:
        """Write again the deliveries that a folded decision lists and no inbox has. Raises BrokerAway or StoreAway."""
        reader = self.reader()
        try:
            in_inboxes = frozenset(delivered(reader, self.topics, self.expectation()))
        finally:
            reader.close()
        session = Session(connector(self.installation.region_url, "region.recovery"))
        added = session.transact(lambda transaction: redeliver(transaction, in_inboxes))
        session.close()
        if added:
            log().warning("deliveries_written_again", deliveries=added)
        return added

    def note_what_was_told(self) -> int:
        """Mark the entries of the quarantine whose senders were told already. Raises BrokerAway or StoreAway."""
        reader = self.reader()
        try:
            told = set(told_places(reader, self.topics, self.expectation()))
        finally:
            reader.close()
        session = Session(connector(self.installation.region_url, "region.recovery"))
        session.transact(lambda transaction: mark_told(transaction, told))
        session.close()
        return len(told)


def told_places(reader: TopicReader, topics: Sequence[str], expected: Expectation) -> Iterator[tuple[str, int]]:
    """Topic and offset of every record of which its sender was told, as far as that is kept."""
    for topic, bounds in reader.bounds([topic for topic in topics if stream_of(topic) == "quarantine"]).items():
        for verdict in verify_records(list(reader.read(topic, bounds.start, bounds.end)), expected):
            if verdict.seal is not None and verdict.record.value is not None:
                _, event = decode(verdict.record.value)
                if isinstance(event, Quarantined):
                    yield event.topic, event.offset


def log_heads(reader: TopicReader, topics: Sequence[str], expected: Expectation) -> Iterator[tuple[str, Link]]:
    """For each topic that has records of ours: the start of the life after its highest number."""
    for topic, bounds in reader.bounds(topics).items():
        found = newest(reader, topic, bounds, expected, RelayLimits().window)
        if found:
            life, seq = max(record.number for record in found)
            yield topic, Link(life + 1, 0, None, (life, seq))


def delivered(reader: TopicReader, topics: Sequence[str], expected: Expectation) -> Iterator[str]:
    """Event ids of everything that lies on the inbox topics under a valid seal."""
    for topic, bounds in reader.bounds([topic for topic in topics if stream_of(topic) == "inbox"]).items():
        verdicts = verify_records(list(reader.read(topic, bounds.start, bounds.end)), expected)
        yield from (verdict.seal.claims.event_id for verdict in verdicts if verdict.seal is not None)


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
