"""Sends receipts on to whose event they are for, and tells senders of receipts that do not come.

It changes with what a sender is owed. Each is decided once: first the decision, then its delivery after it. What is
delivered is the addressee's own signed receipt, or, where none comes, the sender's own event with the notice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from consumers.receipts.handler import mark
from consumers.store import outbox
from consumers.tracing.carrying import Carriage, carriage_decision, original_of, sent
from schemas.directory import Directory
from schemas.events.decision import Decision, ForwardedReceipt, MissingReceipt
from schemas.events.delivery import NOTICE
from schemas.topics import RECEIPT, member_topic

RECEIPTED, MISSING = "receipted", "missing_receipt"

BATCH = 100
OF_THE_SENDER = """
    join trace_act as act on act.event_id = planned.of_event
        and (act.requester, act.trace_id) = (planned.requester, planned.trace_id)
"""
GIVEN = f"""
    from planned_delivery as planned {OF_THE_SENDER}
    join receipt on receipt.delivery_id = planned.delivery_id and receipt.member = planned.inbox
        and receipt.of_event = planned.of_event and receipt.sha256 = act.sha256
    where not planned.settled
"""
"""Receipts by the addressee itself for exactly what was sent; any other is none."""

TO_FORWARD = f"""
    select planned.delivery_id, planned.inbox, act.member, planned.of_event, receipt.event_id, receipt.value_sha256
    {GIVEN} order by planned.decided_at, planned.delivery_id limit %s for update of planned skip locked
"""
TO_TELL = f"""
    select planned.delivery_id, planned.inbox, act.member, planned.of_event, act.event_id, act.sha256,
        planned.decided_at
    from planned_delivery as planned {OF_THE_SENDER}
    where not planned.settled and not planned.told and planned.decided_at < %s and act.standing = 'counted'
        and act.member <> planned.inbox
    order by planned.decided_at, planned.delivery_id limit %s for update of planned skip locked
"""


@dataclass(frozen=True, slots=True)
class Owed:
    """What somebody is owed: of one delivery, who got it, who sent what it brought, and the record that goes on."""

    delivery_id: str
    addressee: str
    sender: str
    of_event: str
    record: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReceiptForwarder:
    """What the region goes by: its directory, the clock, and after how long a receipt is missing."""

    directory: Directory
    now: Callable[[], datetime]
    overdue: timedelta

    def forward(self, transaction: Connection[Any]) -> int:
        """Settle deliveries whose receipt is here, at most a batch; how many. A sender's own needs no forwarding."""
        waiting = [Owed(*row) for row in transaction.execute(TO_FORWARD, [BATCH]).fetchall()]
        mark(transaction, "settled", [owed.delivery_id for owed in waiting])
        going_on: list[outbox.Group] = []
        for owed in waiting:
            receipt = original_of(transaction, member_topic(owed.addressee, RECEIPT), owed.record, owed.sha256)
            if receipt is not None and owed.sender != owed.addressee:
                going_on.append(sent(self.receipted(owed), receipt))
        outbox.add_new(transaction, going_on)
        return len(waiting)

    def tell(self, transaction: Connection[Any]) -> int:
        """Tell senders of receipts that are overdue, at most a batch; how many."""
        rows = transaction.execute(TO_TELL, [self.now() - self.overdue, BATCH]).fetchall()
        late = [(Owed(*columns), decided_at) for *columns, decided_at in rows]
        mark(transaction, "told", [owed.delivery_id for owed, _ in late])
        notices: list[outbox.Group] = []
        for owed, decided_at in late:
            act = original_of(transaction, member_topic(owed.sender, "trace"), owed.record, owed.sha256)
            if act is not None:
                notices.append(sent(self.missing(owed, decided_at), act))
        outbox.add_new(transaction, notices)
        return len(late)

    def receipted(self, owed: Owed) -> Decision:
        """That a receipt goes on to the sender."""
        part = ForwardedReceipt(
            receipted_by=owed.addressee, sha256=owed.sha256, of_event=owed.of_event, delivery_id=owed.delivery_id
        )
        what = Carriage(RECEIPTED, owed.record, owed.sender, RECEIPT)
        return carriage_decision(self.directory, self.now(), what, {RECEIPTED: part})

    def missing(self, owed: Owed, since: datetime) -> Decision:
        """That a receipt does not come."""
        part = MissingReceipt(addressee=owed.addressee, of_event=owed.of_event, sha256=owed.sha256, since=since)
        what = Carriage(MISSING, owed.delivery_id, owed.sender, NOTICE)
        return carriage_decision(self.directory, self.now(), what, {MISSING: part})


def unforwarded(connection: Connection[Any]) -> int:
    """How many receipts are here that nobody has settled."""
    (count,) = connection.execute(f"select count(*) {GIVEN}".encode()).fetchone() or (0,)
    return int(count)
