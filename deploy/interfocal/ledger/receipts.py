"""Which receipts went on to whose event they are for. Pure; it changes with what a sender is owed."""

from collections.abc import Iterator, Mapping, Sequence

from consumers.checked import CheckedEvent
from schemas.events.decision import Decision
from schemas.events.receipt import Receipt
from schemas.events.trace import TraceAct


def unforwarded(events: Sequence[CheckedEvent]) -> Iterator[str]:
    """Receipts by the addressee of a delivery, for exactly what was sent to it, that no decision has sent on.

    Who sent something to itself needs no receipt of its own.
    """
    decisions = [checked.event for checked in events if isinstance(checked.event, Decision)]
    planned = {
        one.event_id: (one.inbox, decision.subject)
        for decision in decisions
        if decision.trace_id is not None
        for one in decision.deliveries
    }
    done = {decision.receipted.delivery_id for decision in decisions if decision.receipted}
    senders = senders_of(events)
    for checked in events:
        receipt = checked.event
        if not isinstance(receipt, Receipt) or receipt.delivery_id in done:
            continue
        sender = senders.get((receipt.of_event, receipt.sha256))
        is_owed = planned.get(receipt.delivery_id) == (receipt.member, receipt.of_event)
        if is_owed and sender not in (None, receipt.member):
            yield receipt.event_id


def senders_of(events: Sequence[CheckedEvent]) -> Mapping[tuple[str, str], str]:
    """Whose act each is, by event id and SHA-256."""
    return {(c.event.event_id, c.sha256): c.event.member for c in events if isinstance(c.event, TraceAct)}
