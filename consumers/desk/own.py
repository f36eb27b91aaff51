"""Folds what the desk's own member has said: acts, and receipts for deliveries. It changes with what a desk sends.

A desk that lost its database, or was given an old one, learns from there what it has receipted and sent. Until it has,
it sends nothing by itself.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, SetAside
from consumers.desk import sealed
from consumers.desk.inbox import SubmittedAct, keep_submissions
from consumers.store.many import write_many
from schemas.events.receipt import Receipt
from schemas.events.trace import TraceAct
from schemas.wire.codec import event_json

STREAMS = ("receipt", "trace")

RECALL = """
    update inbox set receipt_event = given.event_id, received_at = given.received_at
    from own_receipt as given
    where given.delivery_id = inbox.event_id and inbox.receipt_event is null and inbox.event_id = any(%s)
"""


@dataclass(frozen=True, slots=True)
class OwnHandler:
    """Implements ``consumers.checked.Handler`` for one member's own topics."""

    @property
    def streams(self) -> frozenset[str]:
        """Receipts and acts."""
        return frozenset(STREAMS)

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """The deliveries of receipts: another instance may be folding one of them. And the grants of parts."""
        del transaction
        return {"grants", *(checked.event.delivery_id for checked in events if isinstance(checked.event, Receipt))}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Note the receipts and acts; nothing is set aside, whatever the region thinks of an act."""
        said = [checked.event for checked in events]
        receipts = [event for event in said if isinstance(event, Receipt)]
        write_many(
            transaction,
            "insert into own_receipt (delivery_id, event_id, received_at) values (%s, %s, %s) on conflict do nothing",
            [(receipt.delivery_id, receipt.event_id, receipt.received_at) for receipt in receipts],
        )
        recall(transaction, [receipt.delivery_id for receipt in receipts])
        acts = [event for event in said if isinstance(event, TraceAct)]
        keep_submissions(transaction, [submitted(act) for act in acts])
        sealed.keep_sealed(transaction, acts)
        for act in acts:
            sealed.erase(transaction, act.member, [act])
        return ()

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Forget the receipts and acts; a delivery stays marked, for its receipt was given."""
        ids = [checked.event.event_id for checked in events]
        transaction.execute("delete from own_receipt where event_id = any(%s)", [ids])
        transaction.execute("delete from submission where event_id = any(%s)", [ids])


def recall(transaction: Connection[Any], deliveries: Iterable[str]) -> None:
    """Mark those of these deliveries for which a receipt was given, as received when that says; buckets are locked."""
    if wanted := list(deliveries):
        transaction.execute(RECALL, [wanted])


def submitted(act: TraceAct) -> SubmittedAct:
    """An act of the member's own topic as the desk keeps what it sends."""
    return SubmittedAct(
        own_reference=act.own_reference or act.event_id,
        act=act.act,
        requester=act.requester,
        trace_id=act.trace_id,
        hop=act.hop,
        cause=act.cause,
        event_id=act.event_id,
        submitted_at=act.recorded_at,
        body=event_json(act),
    )
