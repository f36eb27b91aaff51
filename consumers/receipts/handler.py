"""Folds decisions into the deliveries for which the region expects a receipt. It changes with what is expected."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

from psycopg import Connection

from consumers.checked import CheckedEvent, SetAside
from consumers.store.many import write_many
from schemas.events.decision import Decision

EXPECT = """
    insert into planned_delivery (delivery_id, decision_id, inbox, of_event, requester, trace_id, decided_at)
    values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""


class ExpectedReceiptHandler:
    """Implements ``consumers.checked.Handler`` for the region's decisions.

    A delivery is open until its receipt has gone on to the sender of what was delivered; a notice that it is missing
    is decided once. Only deliveries of a trace are receipted to somebody: grants, receipts and notices are not.
    """

    @property
    def streams(self) -> frozenset[str]:
        """Decisions only: whether a receipt is there is asked when it is needed."""
        return frozenset({"decision"})

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """None: one instance folds decisions, and its rows depend on nothing else."""
        del transaction, events
        return ()

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Note what is planned, and what is settled or told of it."""
        decisions = _decisions(events)
        write_many(transaction, EXPECT, [row for decision in decisions for row in _planned(decision)])
        _note(transaction, decisions, done=True)
        return ()

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Forget what the decisions planned, settled or told."""
        decisions = _decisions(events)
        ids = [decision.event_id for decision in decisions]
        transaction.execute("delete from planned_delivery where decision_id = any(%s)", [ids])
        _note(transaction, decisions, done=False)


def _decisions(events: Iterable[CheckedEvent]) -> list[Decision]:
    return [checked.event for checked in events if isinstance(checked.event, Decision)]


def _note(transaction: Connection[Any], decisions: Sequence[Decision], *, done: bool) -> None:
    """Note of deliveries that decisions have settled them, or told of a missing receipt; or that none has."""
    settled = [decision.receipted.delivery_id for decision in decisions if decision.receipted]
    told = [decision.subject for decision in decisions if decision.missing_receipt]
    mark(transaction, "settled", settled, done=done)
    mark(transaction, "told", told, done=done)


def mark(
    transaction: Connection[Any], what: Literal["settled", "told"], deliveries: Sequence[str], *, done: bool = True
) -> None:
    """Note of planned deliveries that this was done, or was not."""
    if deliveries:
        transaction.execute(
            f"update planned_delivery set {what} = %s where delivery_id = any(%s)".encode(), [done, list(deliveries)]
        )


def _planned(decision: Decision) -> Iterable[tuple[object, ...]]:
    if decision.trace_id is None:
        return ()
    about = (decision.subject, decision.requester, decision.trace_id, decision.recorded_at)
    return [(planned.event_id, decision.event_id, planned.inbox, *about) for planned in decision.deliveries]
