"""Folds deliveries into a focal point's inbox. It changes when a desk keeps more of what reaches it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from consumers.checked import CheckedEvent, SetAside
from consumers.checking import Terms
from consumers.desk import sealed
from consumers.desk.original import check_original
from consumers.desk.own import recall
from consumers.store.many import write_many
from schemas.events.delivery import Delivery
from schemas.events.envelope import MemberEvent
from schemas.events.trace import TraceAct
from schemas.topics import stream_of
from schemas.wire.codec import event_json

INSERT = """
    insert into inbox (event_id, of_event, sha256, from_member, act, purpose, requester, trace_id, hop, rule,
                       accountable, decision_id, own_reference, recorded_at, body)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (event_id) do nothing
"""


@dataclass(frozen=True, slots=True)
class DeskHandler:
    """Implements ``consumers.checked.Handler`` for one member's inbox."""

    terms: Terms
    member: str

    @property
    def streams(self) -> frozenset[str]:
        """Inboxes only."""
        return frozenset({"inbox"})

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """The deliveries: another instance may be folding the receipt for one of them. And the grants of parts."""
        del transaction
        return {"grants", *(checked.event.event_id for checked in events)}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """One inbox row for each delivery whose original holds; the others are set aside."""
        aside: list[SetAside] = []
        rows: list[tuple[object, ...]] = []
        acts: list[TraceAct] = []
        for event in events:
            delivery = event.event
            if not isinstance(delivery, Delivery):
                raise TypeError(f"an inbox holds deliveries, not {type(delivery).__name__}")
            original = check_original(delivery, self.terms)
            if isinstance(original, str):
                aside.append(SetAside(event.record.topic, delivery.event_id, original))
            else:
                rows.append(inbox_row(delivery, original))
                acts += [original.event] if isinstance(original.event, TraceAct) else []
        sealed.keep_sealed(transaction, acts)
        sealed.erase(transaction, self.member, acts)
        write_many(transaction, INSERT, rows)
        recall(transaction, [str(row[0]) for row in rows])
        return aside

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Delete the deliveries from the inbox."""
        ids = [checked.event.event_id for checked in events]
        transaction.execute(
            "delete from sealed_part using inbox where inbox.event_id = any(%s)"
            " and (sealed_part.member, sealed_part.event_id) = (inbox.from_member, inbox.of_event)",
            [ids],
        )
        transaction.execute("delete from inbox where event_id = any(%s)", [ids])


def inbox_row(delivery: Delivery, original: CheckedEvent) -> tuple[object, ...]:
    """The columns of ``INSERT``."""
    event = original.event
    act = event.act if isinstance(event, TraceAct) else stream_of(original.record.topic)
    own_reference = event.own_reference if isinstance(event, MemberEvent) else None
    return (
        *(delivery.event_id, event.event_id, original.sha256, event.member, act, delivery.purpose),
        *(delivery.requester, delivery.trace_id, delivery.hop, delivery.rule, delivery.accountable),
        *(delivery.decision_id, own_reference, event.recorded_at, Jsonb(event_json(event))),
    )
