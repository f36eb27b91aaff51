"""Waits until nothing is under way any more: outboxes, topics, work, receipts. It changes when the path gets a stop."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from consumers.desk.granting import due_grants
from consumers.desk.inbox import UNRECEIPTED
from consumers.receipts.forwarding import unforwarded
from consumers.source import Broker, KafkaTopicReader
from interfocal.installation.access import access_of
from interfocal.installation.installation import Installation
from interfocal.wiring.desks import desk_topics
from interfocal.wiring.region import region_topics
from producers.outbox import open_read_only
from schemas.errors import StoreAway
from schemas.rights import OPERATOR

POLL_S = 0.1
UNSENT_GRANTS = (
    "select count(*) from given_grant where not forwarded and addressee <> member"
    " and not exists (select from decision where decision.subject = given_grant.event_id)"
)
DUE = "select count(*) from work where due_at is null or due_at <= now()"
UNTOLD = "select count(*) from quarantine where told_at is null and member is not null and topic not like 'region.%'"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What is left: outbox rows not acknowledged, records not folded, work (also senders to tell), rows, receipts.

    ``receipts`` and ``grants`` are those that desks owe, and that the region has not sent on.
    """

    outbox_rows: int = 0
    records: int = 0
    work: int = 0
    region_rows: int = 0
    receipts: int = 0
    grants: int = 0

    @property
    def nothing(self) -> bool:
        """Whether all came to rest."""
        return self == UnderWay()


def under_way(installation: Installation, reader: KafkaTopicReader) -> UnderWay:
    """Count afresh, the desks only once the region has come to rest; raises StoreAway or BrokerAway."""
    with psycopg.connect(installation.region_url) as region:
        outbox_rows = sum(unpublished(installation, owner) for owner in installation.owners_here)
        work = count(region, DUE) + count(region, UNTOLD)
        region_rows = count(region, "select count(*) from region_outbox where published_offset is null")
        grants = count(region, UNSENT_GRANTS)
        receipts = unforwarded(region)
        folded = positions(region)
    records = behind(reader, region_topics(installation), folded)
    left = UnderWay(outbox_rows, records, work, region_rows, receipts, grants)
    return desks_under_way(installation, reader) if left.nothing else left


def desks_under_way(installation: Installation, reader: KafkaTopicReader) -> UnderWay:
    """What the desks have not folded or receipted."""
    receipts = grants = 0
    folded: dict[str, int] = {}
    version = installation.directory.version
    for code, url in installation.desk_urls.items():
        with psycopg.connect(url) as desk:
            grants += len(due_grants(desk, code, version))
            receipts += count(desk, f"select count(*) from inbox where {UNRECEIPTED}")
            folded.update(positions(desk))
    topics = [topic for code in installation.desk_urls for topic in desk_topics(code)]
    return UnderWay(records=behind(reader, topics, folded), receipts=receipts, grants=grants)


def wait_drained(installation: Installation, limit_s: float, tell: Callable[[UnderWay], None]) -> UnderWay:
    """Return when nothing is under way, or what still is after ``limit_s``. Two counts in a row have to agree."""
    reader = KafkaTopicReader(Broker(access_of(installation, OPERATOR), "drain", installation.prefix))
    deadline = time.monotonic() + limit_s
    calm = 0
    try:
        while True:
            left = under_way(installation, reader)
            calm = calm + 1 if left.nothing else 0
            if calm > 1 or time.monotonic() > deadline:
                return left
            tell(left)
            time.sleep(POLL_S)
    finally:
        reader.close()


def unpublished(installation: Installation, owner: str) -> int:
    """Rows of a member's outbox that Kafka has not acknowledged."""
    outbox = open_read_only(installation.places.outbox(owner))
    try:
        rows = outbox.shared.rows("select count(*) from outbox where published_offset is null")
    finally:
        outbox.close()
    return int(rows[0][0])


def positions(connection: psycopg.Connection) -> Mapping[str, int]:
    """How far a database has folded each topic."""
    return dict(connection.execute("select topic, next_offset from topic_position").fetchall())


def behind(reader: KafkaTopicReader, topics: Sequence[str], folded: Mapping[str, int]) -> int:
    """Records of these topics that are not folded; the ends are read after the positions, never before."""
    return sum(max(bounds.end - folded.get(topic, 0), 0) for topic, bounds in reader.bounds(topics).items())


def count(connection: psycopg.Connection, query: str) -> int:
    """One figure; raises StoreAway when there is none."""
    row = connection.execute(query.encode()).fetchone()
    if row is None:
        raise StoreAway("the database gave no figure")
    return int(row[0])
