"""The steps of an event's path, in order: after each of them a process may die and nothing is lost or doubled.

It changes when the path gets a step. Whoever takes a step calls ``reached`` right after it; tests kill there.
"""

from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    """One step, from a national record to the receipt for its delivery, and to who opens its sealed part."""

    ACCEPTED = "accepted"  # a member's outbox has committed event and revision
    SEALED = "sealed"  # an outbox has committed numbers and seals
    SENT = "sent"  # the sealed rows are handed to the publisher
    ACKNOWLEDGED = "acknowledged"  # Kafka has answered; the outbox does not know it yet
    MARKED = "marked"  # the outbox of a member has committed the offsets
    POLLED = "polled"  # a loop has read records
    CHECKED = "checked"  # seals, bounds, ids and owners are checked
    FOLDED = "folded"  # effects are written, in an open transaction
    WORK_DERIVED = "work_derived"  # what the facts call for is written, in the same transaction
    POSITIONED = "positioned"  # positions are moved, in the same transaction
    COMMITTED = "committed"  # that transaction is committed
    DECIDED = "decided"  # a decision and its deliveries are committed to the region's outbox
    DECISION_PUBLISHED = "decision_published"  # the region's outbox has committed a decision's offset
    DELIVERY_PUBLISHED = "delivery_published"  # likewise a delivery's
    INBOX_FOLDED = "inbox_folded"  # a desk has committed a delivery
    RECEIPT_ACCEPTED = "receipt_accepted"  # the desk's member has accepted the receipt for it
    RECEIPT_FOLDED = "receipt_folded"  # the region has committed the receipt
    RECEIPT_FORWARDED = "receipt_forwarded"  # likewise its way to the sender
    GRANTED = "granted"  # the asker's member has accepted the grant to who has to answer; its desk does not know it yet
    GRANT_FORWARDED = "grant_forwarded"  # the region has committed the grant's way to its addressee


Reached = Callable[[Step], None]


def not_watched(step: Step) -> None:
    """What is called after each step when nobody watches."""
