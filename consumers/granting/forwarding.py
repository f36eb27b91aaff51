"""Sends grants on to their addressees, and clears the topics of those that are erased. It changes with what is owed.

Each is decided once: first the decision, then the grant after it. What is erased is never sent on again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from consumers.store import buckets, outbox
from consumers.tracing.carrying import Carriage, carriage_decision, original_of, sent
from schemas.directory import Directory
from schemas.events.decision import Decision, ForwardedGrant, Undeliverable
from schemas.tombstone import tombstone
from schemas.topics import GRANT, forwarded_topic, member_topic

FORWARDING, UNDELIVERABLE = "forwarding", "undeliverable"
BATCH = 100
OWED = """
    select member, record_id, event_id, sha256, addressee, of_event from given_grant
    where not forwarded and addressee <> member
      and not exists (select from decision where decision.subject = given_grant.event_id)
    order by member, record_id limit %s
"""
TO_CLEAR = """
    select distinct erased_grant.member, erased_grant.record_id, delivery ->> 'inbox'
    from erased_grant join decision on not erased_grant.cleared and decision.kind = 'forwarding'
      and decision.body -> 'forwarding' ->> 'grant' = erased_grant.record_id
      and decision.body -> 'forwarding' ->> 'granted_by' = erased_grant.member
    cross join jsonb_array_elements(decision.body -> 'deliveries') as delivery
"""


@dataclass(frozen=True, slots=True)
class Given:
    """One grant that the region has."""

    member: str
    record_id: str
    event_id: str
    sha256: str
    addressee: str
    of_event: str


@dataclass(frozen=True, slots=True)
class Forwarder:
    """What the region sends grants on by: its directory, and the clock."""

    directory: Directory
    now: Callable[[], datetime]

    def forward(self, transaction: Connection[Any]) -> int:
        """Send on what waits, at most one batch; how many decisions were taken."""
        waiting = [Given(*row) for row in transaction.execute(OWED, [BATCH]).fetchall()]
        buckets.lock(transaction, (f"grant:{given.record_id}" for given in waiting))
        return outbox.add_new(
            transaction, [group for given in waiting for group in self._forwarded(transaction, given)]
        )

    def clear(self, transaction: Connection[Any]) -> int:
        """Put a tombstone into the outbox for each forwarded grant that is erased; how many were new."""
        found = transaction.execute(TO_CLEAR).fetchall()
        if not found:
            return 0
        transaction.execute(
            "update erased_grant set cleared = true where (member, record_id) in"
            " (select * from unnest(%s::text[], %s::text[]))",
            [[member for member, _, _ in found], [grant for _, grant, _ in found]],
        )
        return outbox.add_new(
            transaction, [(tombstone(forwarded_topic(inbox), grant), ()) for _, grant, inbox in found]
        )

    def _forwarded(self, transaction: Connection[Any], given: Given) -> Sequence[outbox.Group]:
        marked = transaction.execute(
            "update given_grant set forwarded = true where member = %s and record_id = %s and not forwarded",
            [given.member, given.record_id],
        )
        original = original_of(transaction, member_topic(given.member, GRANT), given.event_id, given.sha256)
        if marked.rowcount == 0 or original is None:  # erased meanwhile, or another instance was faster
            return ()
        return [sent(self._decision(given), original)]

    def _decision(self, given: Given) -> Decision:
        goes_on = self.directory.has(given.addressee)
        what = Carriage(FORWARDING if goes_on else UNDELIVERABLE, given.event_id, given.addressee, GRANT)
        forwarded = ForwardedGrant(
            grant=given.record_id, granted_by=given.member, sha256=given.sha256, of_event=given.of_event
        )
        part = forwarded if goes_on else Undeliverable(reason="no_addressee")
        return carriage_decision(self.directory, self.now(), what, {what.kind: part})


def clear_again(transaction: Connection[Any], on_log: Iterable[tuple[str, str]]) -> int:
    """Clear topics once more of erased grants that still lie there (topic, grant), though a tombstone was sent."""
    erased = {grant for (grant,) in transaction.execute("select record_id from erased_grant").fetchall()}
    owed = [tombstone(topic, grant) for topic, grant in on_log if grant in erased]
    transaction.execute(
        "delete from region_outbox where event_id = any(%s) and published_offset is not null",
        [[draft.event_id for draft in owed]],
    )
    return outbox.add_new(transaction, [(draft, ()) for draft in owed])
