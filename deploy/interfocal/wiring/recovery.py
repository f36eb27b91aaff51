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

from consumers.source import Broker, KafkaTopicReader
from consumers.store.connection import connector
from consumers.store.outbox import RegionOutbox
from consumers.store.session import Session
from consumers.store.taking_up import Said, TakenUp, take_up
from consumers.tracing.redeliver import redeliver
from interfocal.installation.installation import Installation
from interfocal.process.logs import log
from producers.comparison import READ_RECORDS, Found, judge, newest
from producers.relay import RelayLimits
from schemas.errors import Temporary, TopicAhead
from schemas.record import SEAL_HEADER, Link, TopicReader
from schemas.topics import DECISION_TOPIC
from schemas.trust.chain import Expectation, verify_records
from schemas.trust.seal import link_hash

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
        return Expectation(self.installation.directory.region, self.installation.ring)

    def take_up_log(self, outbox: RegionOutbox) -> int:
        """Of a database that was made anew or restored beside a log that was not: go on after the log's heads.

        Returns how many chains were taken up. Raises BrokerAway or StoreAway.
        """
        with closing(self.reader()) as reader:
            ahead = topics_ahead(reader, self.topics, self.expectation(), outbox)
            settled = self.settle(reader, ahead, whole=False)
        taken_up = [told for told in settled if told.life is not None]
        for told in taken_up:
            log().warning("log_taken_up", topic=told.topic, events=told.events, marked=told.marked, life=told.life)
        return len(taken_up)

    def settle(self, reader: TopicReader, topics: Sequence[str], *, whole: bool) -> Sequence[TakenUp]:
        """Bring the outbox into agreement with these topics, each in a transaction of its own.

        ``whole`` looks also for what Kafka had acknowledged and lacks now: no relay may run then.
        """
        expected = self.expectation()
        with closing(Session(connector(self.installation.region_url, "region.recovery"))) as session:
            return [
                session.transact(
                    partial(_settled, said=partial(said, reader, topic, expected), topic=topic, whole=whole)
                )
                for topic in topics
            ]

    def send_what_is_owed(self) -> int:
        """Write again the deliveries that a folded decision lists and no inbox has. Raises BrokerAway or StoreAway."""
        inboxes = [topic for topic in self.topics if topic != DECISION_TOPIC]
        expected = self.expectation()
        with closing(self.reader()) as reader:
            in_inboxes = frozenset(one.event_id for topic in inboxes for one in said(reader, topic, expected))
        with closing(Session(connector(self.installation.region_url, "region.recovery"))) as session:
            added = session.transact(lambda transaction: redeliver(transaction, in_inboxes))
        if added:
            log().warning("deliveries_written_again", deliveries=added)
        return added


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
    """Whether a relay would refuse to send to this topic."""
    try:
        judge(topic, head, found, ())
    except TopicAhead:
        return True
    return False


def said(reader: TopicReader, topic: str, expected: Expectation) -> Iterator[Said]:
    """Everything on a topic under the region's seal, in its order."""
    bounds = reader.bounds([topic])[topic]
    for start in range(bounds.start, bounds.end, READ_RECORDS):
        records = list(reader.read(topic, start, min(start + READ_RECORDS, bounds.end)))
        for verdict in verify_records(records, expected):
            record, seal = verdict.record, verdict.seal
            if seal is not None and record.value is not None:
                link = link_hash(record.header_values(SEAL_HEADER)[0], record.value)
                yield Said(seal.claims.event_id, (seal.claims.life, seal.claims.seq), link, record.offset)


def _settled(transaction: Connection[Any], said: Callable[[], Iterator[Said]], topic: str, *, whole: bool) -> TakenUp:
    return take_up(transaction, topic, said(), whole=whole)


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
