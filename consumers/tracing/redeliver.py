"""Deliveries that a folded decision lists and no inbox has: written again, byte for byte. It changes with recovery.

An outbox that was lost with its database may have sent a decision and not all of its deliveries.
"""

from collections.abc import Container
from typing import Any

from psycopg import Connection

from consumers.store import outbox
from consumers.tracing import knowledge
from consumers.tracing.deciding import delivery_draft
from consumers.tracing.knowledge import Arrival
from schemas.events.decision import Decision


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
            arrival = _arrival(transaction, decision) if lacking else None
            if arrival is not None:
                for planned in lacking:
                    outbox.add(transaction, delivery_draft(decision, sha256, planned, arrival))
                added += len(lacking)
    return added


def _arrival(transaction: Connection[Any], decision: Decision) -> Arrival | None:
    row = transaction.execute(
        "select member, sha256 from trace_act where event_id = %s and requester = %s and trace_id = %s"
        " order by standing <> 'counted', standing <> 'out_of_turn', member, sha256 limit 1",
        [decision.subject, decision.requester, decision.trace_id],
    ).fetchone()
    return knowledge.arrival_of(transaction, row[0], decision.subject, row[1]) if row else None
