"""The only place that asks the machine for time and chance. It changes never; tests pass their own instead."""

import secrets
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, UTC, in whole milliseconds (what events can hold)."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def random_bytes(count: int) -> bytes:
    """Unpredictable bytes, for keys."""
    return secrets.token_bytes(count)


def random_token() -> str:
    """An unpredictable word of 43 signs, for API keys."""
    return secrets.token_urlsafe(32)
