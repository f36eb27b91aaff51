"""A record of a member on its way to another, as it was read. It changes with what a delivery carries of it."""

from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from consumers.checking import topic_of
from consumers.tracing.decide import delivery_of
from schemas.events.decision import Decision, PlannedDelivery
from schemas.events.delivery import Original
from schemas.record import Draft
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode
from schemas.wire.traceparent import own_context


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
    appended_at = datetime.fromtimestamp(appended_ms // 1000, UTC).replace(microsecond=appended_ms % 1000 * 1000)
    return Original(topic=topic, offset=offset, appended_at=appended_at, key=key, value=bytes(value), seal=seal)
