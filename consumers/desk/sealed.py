"""What a desk keeps of sealed parts and of the grants that open them. It changes with the tables of ``0031``.

Grants stay encrypted here: they are opened when a person looks, and when another member is granted the same part.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from consumers.checked import CheckedEvent
from consumers.tracing.effects import move_to_quarantine
from consumers.tracing.trace import TraceKey
from schemas.errors import Unusable
from schemas.events.envelope import Sealed
from schemas.events.grant import Grant
from schemas.events.sealed_part import SealedPart, part_of
from schemas.events.trace import TraceAct
from schemas.topics import GRANT, member_topic
from schemas.trust.opening import OpeningKeys
from schemas.trust.sealed_parts import (
    WRONG_BINDING,
    Place,
    Terms,
    ciphertext_sha256,
    open_part,
    terms_of,
    unwrap,
)

GRANT_COLUMNS = "member, record_id, of_event, ciphertext_sha256, hop, opening_key, wrapped"
NOT_GRANTED = "not_granted"
NO_OPENING_KEY = "no_opening_key"
ERASED = "erased"
WRONG_CIPHERTEXT = """
    delete from held_grant using sealed_part
    where (sealed_part.member, sealed_part.event_id) = (held_grant.member, held_grant.of_event)
      and sealed_part.ciphertext_sha256 <> held_grant.ciphertext_sha256
      and (sealed_part.member, sealed_part.event_id) in (select * from unnest(%s::text[], %s::text[]))
    returning carrier_topic, carrier_event, carrier_sha256
"""


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """One grant to this desk."""

    member: str
    record_id: str
    of_event: str
    ciphertext_sha256: str
    hop: int
    opening_key: str
    wrapped: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A sealed part as its desk sees it: opened, or why it is not."""

    member: str
    event_id: str
    act: str
    part: SealedPart | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Opener:
    """What one member's desk opens grants with."""

    region: str
    member: str
    keys: OpeningKeys

    def content_key(self, grant: HeldGrant) -> bytes:
        """The key of the part that a grant is for; raises Unusable (``no_opening_key``, ``grant_wrong_binding``)."""
        place = Place(self.region, grant.member, grant.of_event)
        terms = Terms(place, grant.ciphertext_sha256, grant.hop, self.member, grant.opening_key)
        return self._unwrapped(grant.wrapped, terms)

    def check(self, grant: Grant) -> str | None:
        """Why a grant to this desk does not open; None when it does."""
        if grant.addressee != self.member:
            return WRONG_BINDING
        try:
            self._unwrapped(grant.wrapped, terms_of(grant, self.region))
        except Unusable as error:
            return error.code
        return None

    def _unwrapped(self, wrapped: str, terms: Terms) -> bytes:
        key = self.keys.find(terms.opening_key)
        if key is None:
            raise Unusable(f"the opening key {terms.opening_key} is not at this desk", code=NO_OPENING_KEY)
        return unwrap(wrapped, terms, key)


def keep_sealed(transaction: Connection[Any], acts: Iterable[TraceAct]) -> None:
    """Keep the sealed parts of acts; a grant for another ciphertext than theirs goes to quarantine."""
    known = [act for act in acts if act.sealed is not None]
    if not known:
        return
    with transaction.cursor() as cursor:
        cursor.executemany(
            "insert into sealed_part (member, event_id, requester, trace_id, hop, act, releasable_to, suite,"
            " ciphertext, ciphertext_sha256) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            [_sealed_row(act, act.sealed) for act in known if act.sealed],
        )
    pairs = [[act.member for act in known], [act.event_id for act in known]]
    moved = transaction.execute(WRONG_CIPHERTEXT, pairs).fetchall()
    move_to_quarantine(transaction, {(row[0], row[1], row[2]): WRONG_BINDING for row in moved})


def keep_grant(transaction: Connection[Any], carrier: CheckedEvent, grant: Grant) -> str | None:
    """Keep a grant to this desk; why it may not be kept, as a code, or None. An erased one leaves nothing here."""
    if drop_if_erased(transaction, carrier, grant):
        return None
    row = transaction.execute(
        "select ciphertext_sha256 from sealed_part where (member, event_id) = (%s, %s)", [grant.member, grant.of_event]
    ).fetchone()
    if row is not None and row[0] != grant.ciphertext_sha256:
        return WRONG_BINDING
    transaction.execute(
        f"insert into held_grant ({GRANT_COLUMNS}, carrier_topic, carrier_event, carrier_sha256)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [
            *(grant.member, grant.record_id, grant.of_event, grant.ciphertext_sha256, grant.hop, grant.opening_key),
            *(grant.wrapped, carrier.record.topic, carrier.event.event_id, carrier.sha256),
        ],
    )
    return None


def drop_if_erased(transaction: Connection[Any], carrier: CheckedEvent, grant: Grant) -> bool:
    """Whether a grant is erased; the record that brought it is then kept nowhere."""
    row = transaction.execute(
        "select 1 from erased_grant where (member, record_id) = (%s, %s)", [grant.member, grant.record_id]
    ).fetchone()
    if row is not None:
        _drop_carriers(transaction, [(carrier.record.topic, carrier.event.event_id)])
    return row is not None


def keep_given(transaction: Connection[Any], record_id: str, of_event: str, hop: int, addressee: str) -> None:
    """Remember that this member has granted a part to another."""
    transaction.execute(
        "insert into given_grant (record_id, of_event, hop, addressee) values (%s, %s, %s, %s) on conflict do nothing",
        [record_id, of_event, hop, addressee],
    )


def erase(transaction: Connection[Any], own: str, acts: Iterable[TraceAct]) -> None:
    """Delete every grant that its own member erases in these acts, wherever this desk has it, and never take it again.

    ``own`` is the desk's member.
    """
    erased = [(act.member, grant, act.event_id) for act in acts if act.erasure for grant in act.erasure.grants]
    if not erased:
        return
    with transaction.cursor() as cursor:
        cursor.executemany(
            "insert into erased_grant (member, record_id, erased_by) values (%s, %s, %s) on conflict do nothing", erased
        )
    pairs = [[member for member, _, _ in erased], [grant for _, grant, _ in erased]]
    gone = transaction.execute(
        "delete from held_grant where (member, record_id) in (select * from unnest(%s::text[], %s::text[]))"
        " returning carrier_topic, carrier_event",
        pairs,
    ).fetchall()
    _drop_carriers(transaction, [(topic, event) for topic, event in gone])
    transaction.execute(  # what this member gave to others lies here as read from its own topic
        "delete from event where topic = %s and member = %s and record_id = any(%s)",
        [member_topic(own, GRANT), own, pairs[1]],
    )


def forget(transaction: Connection[Any], carriers: Sequence[str]) -> None:
    """Forget grants that these events brought."""
    transaction.execute("delete from held_grant where carrier_event = any(%s)", [list(carriers)])


def erased_grants(connection: Connection[Any], grants: Collection[str]) -> frozenset[str]:
    """Which of these grants this desk knows to be erased."""
    rows = connection.execute("select record_id from erased_grant where record_id = any(%s)", [list(grants)])
    return frozenset(record for (record,) in rows)


def opened_parts(connection: Connection[Any], opener: Opener, key: TraceKey) -> Sequence[Opened]:
    """The sealed parts of a trace, each opened or with the reason why not."""
    rows = connection.execute(
        "select member, event_id, act, suite, ciphertext from sealed_part where (requester, trace_id) = (%s, %s)"
        " order by hop, event_id",
        [key.requester, key.trace_id],
    ).fetchall()
    grants = _grants_of(connection, [(row[0], row[1]) for row in rows])
    return [_opened(opener, row, grants.get((row[0], row[1]), [])) for row in rows]


def given_in(connection: Connection[Any], key: TraceKey) -> Sequence[tuple[str, int, str]]:
    """Grants of the own parts of a trace that are not erased: record id, hop, addressee; by hop."""
    return connection.execute(
        "select given_grant.record_id, given_grant.hop, given_grant.addressee from given_grant"
        " join sealed_part on sealed_part.event_id = given_grant.of_event"
        " where (sealed_part.requester, sealed_part.trace_id) = (%s, %s)"
        "   and not exists (select from erased_grant where erased_grant.record_id = given_grant.record_id)"
        " order by given_grant.hop, given_grant.record_id",
        [key.requester, key.trace_id],
    ).fetchall()


def own_keys_in(connection: Connection[Any], own: str, key: TraceKey) -> Sequence[str]:
    """Record ids of the grants by which this desk opens its own parts of a trace."""
    rows = connection.execute(
        "select held_grant.record_id from held_grant join sealed_part"
        "   on (sealed_part.member, sealed_part.event_id) = (held_grant.member, held_grant.of_event)"
        " where held_grant.member = %s and (sealed_part.requester, sealed_part.trace_id) = (%s, %s) order by 1",
        [own, key.requester, key.trace_id],
    ).fetchall()
    return [record for (record,) in rows]


def refused_in(connection: Connection[Any], key: TraceKey) -> Sequence[tuple[int, str, str]]:
    """Grants of the own parts of a trace that this desk does not give: hop, addressee, reason."""
    return connection.execute(
        "select refused_grant.hop, refused_grant.addressee, refused_grant.reason from refused_grant"
        " join sealed_part on sealed_part.event_id = refused_grant.of_event"
        " where (sealed_part.requester, sealed_part.trace_id) = (%s, %s)"
        "   and not exists (select from given_grant as given where (given.of_event, given.hop, given.addressee)"
        "       = (refused_grant.of_event, refused_grant.hop, refused_grant.addressee))"
        " order by refused_grant.hop, refused_grant.addressee",
        [key.requester, key.trace_id],
    ).fetchall()


def _opened(opener: Opener, row: tuple[Any, ...], grants: Sequence[HeldGrant]) -> Opened:
    member, event_id, act, suite, ciphertext = row
    reason = NOT_GRANTED
    for grant in grants:
        try:
            content_key = opener.content_key(grant)
            sealed = Sealed(suite=suite, ciphertext=bytes(ciphertext))
            content = open_part(sealed, Place(opener.region, member, event_id), content_key)
        except Unusable as error:
            reason = error.code
        else:
            return Opened(member, event_id, act, part_of(content))
    return Opened(member, event_id, act, None, reason)


def _grants_of(
    connection: Connection[Any], of: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], Sequence[HeldGrant]]:
    found: dict[tuple[str, str], list[HeldGrant]] = {}
    with connection.cursor(row_factory=class_row(HeldGrant)) as cursor:
        cursor.execute(
            f"select {GRANT_COLUMNS} from held_grant"
            " where (member, of_event) in (select * from unnest(%s::text[], %s::text[])) order by hop, record_id",
            [[member for member, _ in of], [event for _, event in of]],
        )
        for grant in cursor.fetchall():
            found.setdefault((grant.member, grant.of_event), []).append(grant)
    return found


def _sealed_row(act: TraceAct, sealed: Sealed) -> tuple[object, ...]:
    allowed = act.handling.releasable_to
    return (
        *(act.member, act.event_id, act.requester, act.trace_id, act.hop, act.act),
        *(None if allowed is None else list(allowed), sealed.suite, sealed.ciphertext, ciphertext_sha256(sealed)),
    )


def _drop_carriers(transaction: Connection[Any], carriers: Sequence[tuple[str, str]]) -> None:
    """Nothing of an erased grant stays, not even the record that brought it."""
    transaction.execute(
        "delete from event where (topic, event_id) in (select * from unnest(%s::text[], %s::text[]))",
        [[topic for topic, _ in carriers], [event for _, event in carriers]],
    )
