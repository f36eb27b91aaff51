"""Sends a receipt for every delivery that is in the inbox, once the desk has caught up. It changes with receipts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from threading import Event
from typing import Any

from consumers.desk.inbox import InboxEntry, mark_receipts, without_receipt
from consumers.store.session import Session
from schemas.errors import ExchangeError, Rejected
from schemas.steps import Reached, Step, not_watched
from schemas.wire.traceparent import MARK

BATCH = 100
IDLE_S = 5.0
AWAY_S = 2.0
AWAKE_S = 0.2  # before the start barrier nobody wakes the worker when it opens

SubmitReceipts = Callable[[Sequence[Mapping[str, Any]]], Sequence[str | Rejected]]
"""Hands receipts to the member's own intake in one bulk; raises Temporary, or Rejected for the bulk.

Returns for each its event id, or why intake does not take it.
"""


def receipt_record(entry: InboxEntry) -> dict[str, Any]:
    """The receipt in the harmonised form; the same for the same delivery, so that a second try is no second receipt."""
    return {
        "national_id": entry.event_id,
        "of_event": entry.of_event,
        "sha256": entry.sha256,
        "delivery_id": entry.event_id,
        "received_at": entry.received_at.astimezone(UTC).isoformat(),
        "handling": {"codes": ["H0"]},
        **erased_of(entry),
        **({MARK: entry.traceparent} if entry.traceparent else {}),
    }


def erased_of(entry: InboxEntry) -> dict[str, Any]:
    """What the receipt of an erasure says: its delivery is in the inbox only once its grants are deleted there."""
    erasure = entry.body.get("erasure")
    return {"erased": erasure["grants"]} if erasure else {}


@dataclass(frozen=True, slots=True)
class ReceiptWorker:
    """One member's. ``may_send`` is the start barrier; ``work`` is set by whoever folds a delivery.

    ``trouble`` is told why receipts wait. ``refused`` are deliveries whose receipt intake does not take: they are tried
    again when nothing else waits, and stand in nobody's way.
    """

    session: Session
    submit: SubmitReceipts
    may_send: Callable[[], bool]
    work: Event
    trouble: Callable[[ExchangeError], None]
    reached: Reached = not_watched
    refused: set[str] = field(default_factory=set)

    def run(self, stop: Event) -> None:
        """Send receipts until ``stop`` is set (and ``work`` with it); waits while parts are away."""
        while not stop.is_set():
            ready = self.may_send()
            try:
                sent = self.run_once() if ready else 0
            except ExchangeError as error:  # also a rejected bulk: it is tried again, and never stops other desks
                self.trouble(error)
                stop.wait(AWAY_S)
                continue
            if not sent:
                self.work.wait(IDLE_S if ready else AWAKE_S)
                self.work.clear()
                self.refused.clear()

    def run_once(self) -> int:
        """Send what waits, at most one batch; returns how many intake has judged. Raises Temporary."""
        limit = BATCH + len(self.refused)
        found = self.session.transact(lambda connection: without_receipt(connection, limit))
        waiting = [entry for entry in found if entry.event_id not in self.refused]
        if waiting:
            receipts = self.submit([receipt_record(entry) for entry in waiting])
            self.reached(Step.RECEIPT_ACCEPTED)
            self._keep(waiting, receipts)
        return len(waiting)

    def _keep(self, entries: Sequence[InboxEntry], receipts: Sequence[str | Rejected]) -> None:
        answers = {entry.event_id: receipt for entry, receipt in zip(entries, receipts, strict=True)}
        given = {delivery: receipt for delivery, receipt in answers.items() if isinstance(receipt, str)}
        self.session.transact(lambda connection: mark_receipts(connection, given))
        for delivery, answer in answers.items():
            if isinstance(answer, Rejected):
                self.refused.add(delivery)
                self.trouble(answer)
