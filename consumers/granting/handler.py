"""Folds grants and erasures into the region's database. It changes with what the region keeps of a grant.

The region opens none. An erased grant is nowhere in its database, whichever of the two came first.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, SetAside
from consumers.store.many import write_many
from schemas.events.grant import Grant
from schemas.events.trace import TraceAct
from schemas.topics import GRANT, member_topic

STREAMS = frozenset({GRANT, "trace"})
KEEP = """
    insert into given_grant (member, record_id, event_id, sha256, addressee, of_event)
    select %s, %s, %s, %s, %s, %s
    where not exists (select from erased_grant where (erased_grant.member, erased_grant.record_id) = (%s, %s))
    on conflict do nothing
"""
FORGET_ERASED = """
    delete from event using erased_grant
    where event.topic = any(%s) and event.member = erased_grant.member and event.record_id = erased_grant.record_id
"""


class GrantHandler:
    """Implements ``consumers.checked.Handler``."""

    @property
    def streams(self) -> frozenset[str]:
        """Grants, and acts for the erasures among them."""
        return STREAMS

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """The grants: one topic brings them, and another erases them."""
        del transaction
        given = {checked.event.record_id for checked in events if isinstance(checked.event, Grant)}
        return {f"grant:{record}" for record in (*given, *(record for _, record, _ in erasures(events)))}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Keep grants that are not erased, and forget those that are."""
        given = [(checked, checked.event) for checked in events if isinstance(checked.event, Grant)]
        erased = list(erasures(events))
        if not given and not erased:
            return ()
        write_many(
            transaction,
            "insert into erased_grant (member, record_id, erased_by) values (%s, %s, %s) on conflict do nothing",
            erased,
        )
        write_many(transaction, KEEP, [_row(checked, grant) for checked, grant in given])
        forgotten = [(member, record) for member, record, _ in erased]
        write_many(transaction, "delete from given_grant where member = %s and record_id = %s", forgotten)
        members = {member for member, _, _ in erased} | {grant.member for _, grant in given}
        transaction.execute(FORGET_ERASED, [sorted(member_topic(member, GRANT) for member in members)])
        return ()

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Forget grants; what was erased stays erased, whoever said it."""
        ids = [checked.event.event_id for checked in events if isinstance(checked.event, Grant)]
        transaction.execute("delete from given_grant where event_id = any(%s)", [ids])


def erasures(events: Iterable[CheckedEvent]) -> Iterable[tuple[str, str, str]]:
    """Member, grant and the erasure's event id, for each grant that its own member erases in these events."""
    acts = (checked.event for checked in events if isinstance(checked.event, TraceAct))
    return ((act.member, grant, act.event_id) for act in acts if act.erasure for grant in act.erasure.grants)


def _row(checked: CheckedEvent, grant: Grant) -> tuple[object, ...]:
    key = (grant.member, grant.record_id)
    return (*key, grant.event_id, checked.sha256, grant.addressee, grant.of_event, *key)
