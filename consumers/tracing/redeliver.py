"""Deliveries that a folded decision lists and no inbox has: written again, byte for byte. It changes with recovery.

An outbox that was lost with its database may have sent a decision and not all of its deliveries.
"""

from collections.abc import Container, Sequence
from typing import Any

from psycopg import Connection

from consumers.store import outbox
from consumers.tracing import knowledge
from consumers.tracing.carrying import carried, original_of
from consumers.tracing.deciding import delivery_draft
from consumers.tracing.knowledge import Arrival
from schemas.events.decision import Decision, PlannedDelivery
from schemas.record import Draft
from schemas.topics import GRANT, RECEIPT, member_topic


def redeliver(transaction: Connection[Any], in_inboxes: Container[str]) -> int:
    """Add to the outbox what neither it nor any inbox has; how many deliveries that were.

    ``in_inboxes`` has the event ids that were read from the region's own inbox topics, from the first to the end.
    """
    added = 0
    outbox.hold_additions(transaction)
    with transaction.cursor(name="decisions") as decisions:  # on the server: there may be more than memory holds
        for sha256, body in decisions.execute("select sha256, body from decision order by recorded_at, event_id"):
            decision = Decision.model_validate(body)
            lacking = [planned for planned in decision.deliveries if planned.event_id not in in_inboxes]
            lacking = [planned for planned in lacking if not outbox.contains(transaction, planned.event_id)]
            drafts = _drafts(transaction, decision, sha256, lacking) if lacking else []
            for draft in drafts:
                outbox.add(transaction, draft)
            added += len(drafts)
    return added


def _drafts(
    transaction: Connection[Any], decision: Decision, sha256: str, lacking: Sequence[PlannedDelivery]
) -> Sequence[Draft]:
    """The deliveries; none where the original is in quarantine, or erased."""
    if place := _carried_from(decision):
        original = original_of(transaction, *place)
        return [carried(decision, sha256, planned, original) for planned in lacking] if original else []
    arrival = _arrival(transaction, decision)
    return [delivery_draft(decision, sha256, planned, arrival) for planned in lacking] if arrival else []


def _carried_from(decision: Decision) -> tuple[str, str, str] | None:
    """Topic, event id and SHA-256 of what a decision about no trace sends on."""
    if decision.forwarding:
        grant = decision.forwarding
        return member_topic(grant.granted_by, GRANT), decision.subject, grant.sha256
    if decision.receipted:
        receipt = decision.receipted
        return member_topic(receipt.receipted_by, RECEIPT), decision.subject, receipt.sha256
    if decision.missing_receipt:
        act = decision.missing_receipt
        return member_topic(decision.deliveries[0].inbox, "trace"), act.of_event, act.sha256
    return None


def _arrival(transaction: Connection[Any], decision: Decision) -> Arrival | None:
    row = transaction.execute(
        "select member, sha256 from trace_act where event_id = %s and requester = %s and trace_id = %s"
        " order by standing <> 'counted', standing <> 'out_of_turn', member, sha256 limit 1",
        [decision.subject, decision.requester, decision.trace_id],
    ).fetchone()
    return knowledge.arrival_of(transaction, row[0], decision.subject, row[1]) if row else None
