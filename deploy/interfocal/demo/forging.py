"""Forges events on the topics, as a thief could who may write there and has no member's key.

Each forgery begins with a real event, so that nothing but its seal can give it away. It changes with what he could try.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from consumers.source import Broker, KafkaTopicReader
from consumers.store.connection import connector
from interfocal.clock import random_bytes
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from producers.publisher import KafkaPublisher
from schemas.errors import Unsealed
from schemas.record import SEAL_HEADER, Draft, Entry, Record, TopicBounds
from schemas.topics import owner_of
from schemas.trust.keys import SigningKey, signing_key_from_seed
from schemas.trust.seal import SealClaims, link_hash, read_seal, seal

SEED_BYTES = 32
STRANGER = "zz.1"


@dataclass(frozen=True, slots=True)
class Forgeries:
    """Where they lie: topic and offset of each."""

    places: Sequence[tuple[str, int]]

    def accepted(self, installation: Installation) -> int:
        """How many the region has folded; raises StoreAway."""
        with closing(connector(installation.region_url, "forgeries")()) as connection:
            query = "select count(*) from event where topic = %s and log_offset = %s"
            rows = [connection.execute(query, place).fetchone() for place in self.places]
        return sum(int(row[0]) for row in rows if row is not None)


def forge(installation: Installation, topics: Sequence[str]) -> Forgeries:
    """Forge the first event of each topic in every way; the topic that follows is where it is moved to."""
    access = admin_access_of(installation)
    with closing(KafkaTopicReader(Broker(access, "thief", installation.prefix))) as reader:
        first = {topic: first_event(reader, topic, within) for topic, within in reader.bounds(topics).items()}
    following = zip(topics, [*topics[1:], topics[0]], strict=True)
    forged = [one for topic, other in following for real in first[topic] for one in forgeries_of(real, other)]
    with closing(KafkaPublisher(access, installation.prefix, "thief")) as publisher:
        publisher.warm(topics)
        sent = [(one.draft.topic, publisher.send(one)) for one in forged]
        return Forgeries([(topic, delivery.result(timeout_s=60)) for topic, delivery in sent])


def first_event(reader: KafkaTopicReader, topic: str, within: TopicBounds) -> Sequence[Record]:
    """The first event of a topic, if there is one; raises BrokerAway."""
    return list(islice(filter(is_sealed, reader.read(topic, within.start, within.end)), 1))


def is_sealed(record: Record) -> bool:
    """Whether there is an event to begin with: junk lies there too."""
    try:
        return record.value is not None and bool([read_seal(said) for said in record.header_values(SEAL_HEADER)])
    except Unsealed:
        return False


def forgeries_of(real: Record, other_topic: str) -> list[Entry]:
    """An altered value under its real seal, a real event on another's topic, and seals made with a key of the thief."""
    header, value = real.header_values(SEAL_HEADER)[0], real.value or b""
    claims = read_seal(header).claims
    altered = value[:-1] + bytes([value[-1] ^ 1])
    later = claims._replace(seq=claims.seq + 1_000, prev=link_hash(header, value), after=None)
    elsewhere = later._replace(topic=other_topic, chain=owner_of(other_topic))
    return [
        _entry(real, claims, altered, header),
        _entry(real, claims._replace(topic=other_topic), value, header),
        *(
            _entry(real, one, value, seal(value, one, _thief(one)))
            for one in (later, later._replace(kid=STRANGER), later._replace(aud="elsewhere"), elsewhere)
        ),
    ]


def _thief(claims: SealClaims) -> SigningKey:
    """A key that calls itself what the claims say."""
    return signing_key_from_seed(claims.kid, claims.chain, random_bytes(SEED_BYTES))


def _entry(real: Record, claims: SealClaims, value: bytes, header: bytes) -> Entry:
    headers = tuple((name, said) for name, said in real.headers if name != SEAL_HEADER)
    key = (real.key or b"").decode()
    return Entry(0, Draft(claims.topic, claims.event_id, key, value, headers), claims.life, claims.seq, header)
