"""Grants this desk's sealed parts to those who have to answer, once a hop. It changes with what is asked before.

The region says who has to answer; whether that member is given the key, this desk judges by its own directory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from psycopg import Connection

from consumers.desk.sealed import HeldGrant, Opener, keep_given
from consumers.store.session import Session
from schemas.directory import Directory
from schemas.errors import ExchangeError, Rejected, Unusable
from schemas.steps import Reached, Step, not_watched
from schemas.trust.sealed_parts import GRANT_SUITE, Place, Terms, wrap

BATCH = 50
IDLE_S = 5.0
AWAY_S = 2.0
AWAKE_S = 0.2  # before the start barrier nobody wakes the worker when it opens
NO_CHANNEL = "none"
DUE = """
    with wanted as (
        select part.event_id, told.hop, told.accountable as addressee from sealed_part as part join inbox as told
          on told.act = 'request' and told.from_member = part.member and told.accountable is not null
          and (told.requester, told.trace_id) = (part.requester, part.trace_id)
          and (part.act = 'request' or told.hop = part.hop)
        where part.member = %(own)s and part.requester = %(own)s
        union select event_id, hop, requester from sealed_part where member = %(own)s and requester <> %(own)s
    )
    select wanted.hop, wanted.addressee, part.releasable_to,
           held.member, held.record_id, held.of_event, held.ciphertext_sha256, held.hop, held.opening_key, held.wrapped
    from wanted
    join sealed_part as part on part.member = %(own)s and part.event_id = wanted.event_id
    join held_grant as held on held.member = %(own)s and held.of_event = wanted.event_id and held.hop = 0
    where wanted.addressee <> %(own)s
      and not exists (select from given_grant as given
          where (given.of_event, given.hop, given.addressee) = (wanted.event_id, wanted.hop, wanted.addressee))
      and not exists (select from refused_grant as refused where refused.directory_version = %(version)s
          and (refused.of_event, refused.hop, refused.addressee) = (wanted.event_id, wanted.hop, wanted.addressee))
    order by wanted.event_id, wanted.hop limit %(limit)s
"""

SubmitGrants = Callable[[Sequence[Mapping[str, Any]]], Sequence[str | Rejected]]
"""Hands grants to the member's own intake in one bulk: for each its record id, or why it is not taken."""

OpeningKeyOf = Callable[[str], tuple[str, X25519PublicKey] | None]
"""Id and public half of the key that opens for a member now."""


@dataclass(frozen=True, slots=True)
class DueGrant:
    """A grant that a hop calls for; ``own`` is the own desk's, from which it is made."""

    hop: int
    addressee: str
    releasable_to: Sequence[str] | None
    own: HeldGrant


def refusal(directory: Directory, own: str, due: DueGrant) -> str | None:
    """Why a member is not given the key, whoever named it: a code; None when nothing speaks against it. Pure."""
    if not directory.has(due.addressee):
        return "not_a_member"
    if directory.channel(own, due.addressee) == NO_CHANNEL:
        return "no_channel"
    if due.releasable_to is not None and due.addressee not in due.releasable_to:
        return "not_releasable"
    return None


def due_grants(connection: Connection[Any], own: str, version: int, limit: int = BATCH) -> Sequence[DueGrant]:
    """What is called for, was not given, and was not refused by this version of the directory."""
    rows = connection.execute(DUE, {"own": own, "version": version, "limit": limit}).fetchall()
    return [DueGrant(hop, addressee, allowed, HeldGrant(*held)) for hop, addressee, allowed, *held in rows]


@dataclass(frozen=True, slots=True)
class GrantingWorker:
    """One member's. ``may_send`` is the start barrier; ``work`` is set by whoever folds what may call for a grant.

    ``trouble`` is told why grants wait or are refused.
    """

    session: Session
    directory: Directory
    opener: Opener
    opening_key_of: OpeningKeyOf
    submit: SubmitGrants
    may_send: Callable[[], bool]
    work: Event
    trouble: Callable[[ExchangeError], None]
    reached: Reached = not_watched

    def run(self, stop: Event) -> None:
        """Grant until ``stop`` is set (and ``work`` with it); waits while parts are away."""
        while not stop.is_set():
            ready = self.may_send()
            try:
                judged = self.run_once() if ready else 0
            except ExchangeError as error:
                self.trouble(error)
                stop.wait(AWAY_S)
                continue
            if not judged:
                self.work.wait(IDLE_S if ready else AWAKE_S)
                self.work.clear()

    def run_once(self) -> int:
        """Judge what is due, at most one batch; returns how many. Raises Temporary."""
        own, version = self.opener.member, self.directory.version
        due = self.session.transact(lambda connection: due_grants(connection, own, version))
        judged = [(one, self._record(one)) for one in due]
        for one, record in judged:
            if isinstance(record, Unusable):
                self._refuse(one, record)
        self._give([(one, record) for one, record in judged if not isinstance(record, Unusable)])
        return len(due)

    def _record(self, due: DueGrant) -> Mapping[str, Any] | Unusable:
        """The grant in the harmonised form, or why it is not given."""
        reason = refusal(self.directory, self.opener.member, due)
        key = None if reason else self.opening_key_of(due.addressee)
        if reason or key is None:
            code = reason or "no_opening_key"
            return Unusable(f"the key to a sealed part is not given to {due.addressee}: {code}", code=code)
        try:
            content_key = self.opener.content_key(due.own)
        except Unusable as error:
            return error
        kid, public = key
        place = Place(self.opener.region, due.own.member, due.own.of_event)
        terms = Terms(place, due.own.ciphertext_sha256, due.hop, due.addressee, kid)
        return {
            "national_id": f"{due.own.of_event}:{due.hop}:{due.addressee}",
            "of_event": due.own.of_event,
            "ciphertext_sha256": terms.ciphertext_sha256,
            "hop": due.hop,
            "addressee": due.addressee,
            "opening_key": kid,
            "suite": GRANT_SUITE,
            "wrapped": wrap(content_key, terms, public),
            "handling": {"codes": ["H0"]},
        }

    def _give(self, records: Sequence[tuple[DueGrant, Mapping[str, Any]]]) -> None:
        if not records:
            return
        answers = self.submit([record for _, record in records])
        self.reached(Step.GRANTED)
        for (due, _), answer in zip(records, answers, strict=True):
            if isinstance(answer, Rejected):
                self._refuse(due, Unusable(str(answer), code=answer.code))
            else:
                self._note_given(due, answer)

    def _note_given(self, due: DueGrant, record_id: str) -> None:
        self.session.transact(
            lambda connection: keep_given(connection, record_id, due.own.of_event, due.hop, due.addressee)
        )

    def _refuse(self, due: DueGrant, why: Unusable) -> None:
        self.trouble(why)
        self.session.transact(
            lambda connection: connection.execute(
                "insert into refused_grant (of_event, hop, addressee, reason, directory_version)"
                " values (%s, %s, %s, %s, %s) on conflict (of_event, hop, addressee) do update"
                " set reason = excluded.reason, directory_version = excluded.directory_version",
                [due.own.of_event, due.hop, due.addressee, why.code, self.directory.version],
            )
        )
