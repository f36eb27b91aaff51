"""The smallest event there is, for tests that need any one event."""

from typing import Any

from schemas.events.receipt import Receipt


def a_receipt(**changes: Any) -> Receipt:
    """One small event."""
    an_id = "00000000-0000-5000-8000-000000000001"
    fields = {
        "event_id": an_id,
        "record_id": an_id,
        "revision": 1,
        "member": "RS",
        "recorded_at": "2026-03-01T12:00:00Z",
        "status": "active",
        "exercise": True,
        "handling": {},
        "source": {"mapping": "desk", "mapping_version": 1, "content": "A" * 43},
        "of_event": an_id,
        "sha256": "A" * 43,
        "delivery_id": an_id,
        "received_at": "2026-03-01T12:00:00Z",
    }
    return Receipt.model_validate(fields | changes)
