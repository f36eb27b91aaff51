"""The region sends a member's record on to another member, as it was read: the decision, then its delivery.

It changes with what a delivery carries, or with what a decision about no trace says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from consumers.checking import topic_of
from consumers.store import outbox
from consumers.tracing.decide import REGION_MEMBER, delivery_of
from consumers.tracing.deciding import decision_draft
from schemas.directory import Directory
from schemas.events.decision import Decision, PlannedDelivery
from schemas.events.delivery import Original
from schemas.events.envelope import Handling
from schemas.events.ids import decision_record_id, delivery_event_id, event_id, value_sha256
from schemas.record import Draft, broker_instant
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode
from schemas.wire.traceparent import own_context


@dataclass(frozen=True, slots=True)
class Carriage:
    """What is decided about a ``subject``, and whom it brings a record for what purpose."""

    kind: str
    subject: str
    inbox: str
    purpose: str


def carriage_decision(directory: Directory, at: datetime, what: Carriage, part: Mapping[str, Any]) -> Decision:
    """The decision, which is about no trace; it lists no delivery to who is not in the directory."""
    record = decision_record_id(directory.region, what.kind, what.subject, None, None)
    own_id = event_id(record, 1)
    planned = PlannedDelivery(event_id=delivery_event_id(own_id, what.inbox), inbox=what.inbox, purpose=what.purpose)
    return Decision(
        event_id=own_id,
        record_id=record,
        revision=1,
        member=REGION_MEMBER,
        recorded_at=at,
        status="active",
        exercise=directory.exercise,
        handling=Handling(),
        kind=what.kind,
        subject=what.subject,
        directory_version=directory.version,
        deliveries=(planned,) if directory.has(what.inbox) else (),
        **part,
    )


def sent(decision: Decision, original: Original) -> outbox.Group:
    """The decision for the outbox, and the deliveries that it lists."""
    drafted = decision_draft(decision, own_context(decision.subject))
    sha256 = value_sha256(drafted.value)
    return drafted, [carried(decision, sha256, planned, original) for planned in decision.deliveries]


def carried(decision: Decision, sha256: str, planned: PlannedDelivery, original: Original) -> Draft:
    """A delivery under the original's own key: the same bytes whenever it is made of the same decision and original."""
    delivery = delivery_of(decision, sha256, planned, original)
    headers = headers_for(delivery, "delivery", own_context(decision.subject))
    return Draft(topic_of(delivery), delivery.event_id, original.key, encode(delivery), headers)


def original_of(connection: Connection[Any], topic: str, event: str, sha256: str) -> Original | None:
    """An applied record as it was read; None where it was taken back, or is erased."""
    row = connection.execute(
        "select log_offset, appended_ms, key, value, seal from event"
        " where topic = %s and event_id = %s and sha256 = %s",
        [topic, event, sha256],
    ).fetchone()
    if row is None:
        return None
    offset, appended_ms, key, value, seal = row
    appended_at = broker_instant(appended_ms)
    return Original(topic=topic, offset=offset, appended_at=appended_at, key=key, value=bytes(value), seal=seal)
