"""Takes a version of the directory into a database, and folds nothing there by another. It changes with what a key is.

A verdict on a seal follows from the record and from the directory in force. What was folded by an earlier version is
therefore judged again by a later one: what its owner did not seal, as it turns out, is taken back, and its topic is
read again from there, so that the loop finds what may stand in its place. What waits for a key is tried again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, Handler
from consumers.checking import Terms
from consumers.desk.original import original_record
from consumers.quarantine import settling
from consumers.quarantine.handler import share_of
from consumers.store import buckets, positions
from consumers.store import events as applied
from consumers.store.session import Session
from schemas.errors import Temporary, Unsealed
from schemas.events.delivery import Delivery
from schemas.record import Record
from schemas.topics import GRANT, REGION, owner_of, stream_of
from schemas.trust.chain import Expectation, check_record
from schemas.trust.faults import Fault
from schemas.trust.keys import PublicKey
from schemas.wire.codec import decode

READ_ROWS = 1_000
BY_KEYS = (Fault.UNKNOWN_SIGNING_KEY, Fault.SIGNING_KEY_NOT_VALID, Fault.KEY_ENDED)
REASONS = (*BY_KEYS, *(f"original_{fault}" for fault in BY_KEYS))
"""Reasons of quarantine that another version of the directory may take away."""

CARRIES_OTHERS = frozenset({"inbox", GRANT})
"""Streams of the region whose events hold seals of every member."""


def carries_others(topic: str) -> bool:
    """Whether a topic's events hold seals of other members beside the region's."""
    return owner_of(topic) == REGION and stream_of(topic) in CARRIES_OTHERS


class OtherDirectory(Temporary):
    """The database goes by another version of the directory than this process: it is about to be wired anew."""

    default_code = "other_directory"


@dataclass(frozen=True)
class Standing:
    """What a process goes by: the directory's version, and what each key that counts may seal (kid -> text)."""

    version: int
    keys: Mapping[str, tuple[str, str]]

    @cached_property
    def fingerprint(self) -> str:
        """The same for processes that judge every seal alike."""
        told = json.dumps([self.version, sorted(self.keys.items())])
        return hashlib.sha256(told.encode()).hexdigest()


def standing_of(terms: Terms) -> Standing:
    """What follows from a version of the directory for the judgement of seals."""
    keys = terms.seals.ring.keys.values()
    return Standing(terms.directory_version, {key.kid: (key.owner, _may_seal(key)) for key in keys})


class Adoption:
    """One loop's: before anything is read, its database goes by the directory of this process, or is made to."""

    def __init__(self, session: Session, terms: Terms, handlers: Sequence[Handler]) -> None:
        self._session, self._terms, self._handlers = session, terms, handlers
        self._standing = standing_of(terms)
        self._made_sure = False

    def make_sure(self) -> bool:
        """True the first time, when what waits may be tried again. Raises OtherDirectory."""
        if self._made_sure:
            return False
        self._session.transact(lambda transaction: adopt(transaction, self._terms, self._handlers))
        self._made_sure = True
        return True

    def checked(self, transaction: Connection[Any]) -> Connection[Any]:
        """The transaction, once it is known that nobody changes the directory under it. Raises OtherDirectory."""
        check_adopted(transaction, self._standing)
        return transaction


def check_adopted(transaction: Connection[Any], standing: Standing) -> None:
    """Raise OtherDirectory unless the database goes by this; nobody changes that until the transaction ends."""
    row = transaction.execute("select fingerprint from directory_in_force for share").fetchone()
    if row is None or row[0] != standing.fingerprint:
        raise OtherDirectory("the database goes by another directory than this process, which is wired anew by it")


def adopt(transaction: Connection[Any], terms: Terms, handlers: Sequence[Handler]) -> int:
    """Have the database go by this version; how many applied events were taken back.

    Raises OtherDirectory when it goes by a later one.
    """
    mine = standing_of(terms)
    transaction.execute("insert into directory_in_force (version, fingerprint) values (0, '') on conflict do nothing")
    row = transaction.execute("select version, fingerprint from directory_in_force for update").fetchone()
    version, fingerprint = row or (0, "")
    if fingerprint == mine.fingerprint:
        return 0
    if version > mine.version:
        raise OtherDirectory(f"the database goes by version {version} of the directory, and this process by another")
    known = transaction.execute("select kid, owner, may_seal from key_in_force").fetchall()
    owners = {owner for kid, owner, may_seal in known if mine.keys.get(kid) != (owner, may_seal)}
    taken_back = _take_back(transaction, terms, handlers, owners) if owners else 0
    settling.release_all(transaction, REASONS, f"directory {mine.version}, {mine.fingerprint[:8]}")
    _write(transaction, mine)
    return taken_back


def _take_back(transaction: Connection[Any], terms: Terms, handlers: Sequence[Handler], owners: set[str]) -> int:
    """Undo every applied event of these owners, or that carries one of theirs, whose seal does not hold any more."""
    rows = transaction.execute("select topic from topic_position order by topic").fetchall()
    topics = [topic for (topic,) in rows if owner_of(topic) in owners or carries_others(topic)]
    positions.lock(transaction, topics)
    count = 0
    for topic in topics:
        places = [(topic, record.offset) for record in _records(transaction, topic) if not _holds(record, terms.seals)]
        for start in range(0, len(places), READ_ROWS):
            _undo(transaction, handlers, applied.at(transaction, places[start : start + READ_ROWS]))
        if places:
            positions.go_back(transaction, topic, min(offset for _, offset in places))
        count += len(places)
    return count


def _records(transaction: Connection[Any], topic: str) -> Iterator[Record]:
    with transaction.cursor(name="applied_records") as cursor:
        cursor.itersize = READ_ROWS
        cursor.execute(applied.RECORDS, [topic])
        for row in cursor:
            yield applied.record_of(row)


def _holds(record: Record, seals: Expectation) -> bool:
    """Whether a record that was verified once may still be used: keys have changed, and bytes have not."""
    try:
        check_record(record, seals)
        if carries_others(record.topic) and record.value is not None:
            _, event = decode(record.value)
            if isinstance(event, Delivery):
                check_record(original_record(event), seals)
    except Unsealed:
        return False
    return True


def _undo(transaction: Connection[Any], handlers: Sequence[Handler], events: Sequence[CheckedEvent]) -> None:
    shares = [(handler, share_of(handler, events)) for handler in handlers]
    buckets.lock(transaction, (key for handler, own in shares for key in handler.bucket_keys(transaction, own)))
    for handler, own in shares:
        if own:
            handler.take_back(transaction, own)
    applied.remove(transaction, events)


def _may_seal(key: PublicKey) -> str:
    honest = None
    if key.honest is not None:
        honest = sorted((last.topic, last.life, last.seq, last.hash) for last in key.honest.values())
    return json.dumps([key.raw.hex(), key.valid_from_s, key.valid_until_s, honest])


def _write(transaction: Connection[Any], standing: Standing) -> None:
    transaction.execute("delete from key_in_force")
    transaction.cursor().executemany(
        "insert into key_in_force (kid, owner, may_seal) values (%s, %s, %s)",
        [(kid, owner, may_seal) for kid, (owner, may_seal) in standing.keys.items()],
    )
    transaction.execute(
        "update directory_in_force set version = %s, fingerprint = %s, adopted_at = now()",
        [standing.version, standing.fingerprint],
    )
