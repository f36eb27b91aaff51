"""Sealed records for tests: keys from fixed seeds, and runs that a relay would have written."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID, uuid5

from schemas.record import SEAL_HEADER, Draft, Link, Record
from schemas.trust.chain import Expectation
from schemas.trust.keys import KeyRing, PublicKey, SigningKey, SigningKeys, signing_key_from_seed
from schemas.trust.seal import SealClaims, link_hash
from schemas.trust.sealer import sealer

AUD = "test-region"
SEALED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEALED_AT_S = int(SEALED_AT.timestamp())
YEAR_S = 365 * 24 * 3600
NAMESPACE = UUID(int=7)


def a_key(kid: str = "rs-1", owner: str = "rs") -> SigningKey:
    """The same key for the same id, every time."""
    return signing_key_from_seed(kid, owner, sha256(kid.encode()).digest())


def public(key: SigningKey) -> PublicKey:
    return key.public(SEALED_AT_S - YEAR_S, SEALED_AT_S + YEAR_S)


def held(*keys: SigningKey) -> SigningKeys:
    """Keys as their owner has them."""
    return SigningKeys(tuple((public(key), key) for key in keys))


def expecting(*keys: SigningKey, aud: str = AUD) -> Expectation:
    return Expectation(aud, KeyRing.of(public(key) for key in keys))


def an_id(text: str) -> str:
    return str(uuid5(NAMESPACE, text))


def claims(**changes: object) -> SealClaims:
    """The claims of a chain's first seal, but for what is given."""
    first = SealClaims(
        kid="rs-1",
        aud=AUD,
        topic="rs.trace",
        event_id=an_id("event"),
        key=an_id("record"),
        chain="rs",
        life=1,
        seq=1,
        prev=None,
        iat=SEALED_AT_S,
    )
    return first._replace(**changes)  # type: ignore[arg-type]  # tests also claim what a type forbids


def record_of(value: bytes, stated: SealClaims, header: bytes, offset: int = 0) -> Record:
    """The record as a relay sends it."""
    headers = ((SEAL_HEADER, header), ("ce_id", stated.event_id.encode()))
    return Record(stated.topic, offset, stated.key.encode() or None, value, headers)


@dataclass(slots=True)
class Writer:
    """One chain's relay: every record that it makes is the next number."""

    key: SigningKey = field(default_factory=a_key)
    topic: str = "rs.trace"
    link: Link = field(default_factory=lambda: Link(1, 0, None))

    def write(self, value: bytes) -> Record:
        number = self.link.seq + 1
        draft = Draft(self.topic, an_id(f"{self.link.life}.{number}"), an_id("record"), value)
        header = sealer(held(self.key), AUD, lambda: SEALED_AT)(draft, self.link, number)
        self.link = Link(self.link.life, number, link_hash(header, value))
        headers = ((SEAL_HEADER, header), ("ce_id", draft.event_id.encode()))
        return Record(self.topic, number - 1, draft.key.encode(), value, headers)

    def begin_life(self) -> None:
        """What a relay does after its outbox was lost."""
        self.link = Link(self.link.life + 1, 0, None, after=(self.link.life, self.link.seq))


def a_run(values: Sequence[bytes], key: SigningKey | None = None) -> list[Record]:
    """Records of one chain in order, numbered from 1."""
    writer = Writer(key or a_key())
    return [writer.write(value) for value in values]


def seal_of(record: Record) -> bytes:
    return record.header_values(SEAL_HEADER)[0]


def with_seal(record: Record, header: bytes) -> Record:
    """The record with another seal header in the place of its own."""
    others = tuple(pair for pair in record.headers if pair[0] != SEAL_HEADER)
    return replace(record, headers=((SEAL_HEADER, header), *others))
