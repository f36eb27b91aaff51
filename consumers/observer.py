"""What a loop tells whoever watches it: metrics, logs, pages. It changes when operators need to know more."""

from collections.abc import Sequence
from typing import Protocol

from consumers.checked import CheckedEvent
from consumers.quarantine.entries import Faulty
from schemas.errors import ExchangeError
from schemas.trust.gaps import Gap


class Observer(Protocol):
    """Told after the fact, on the loop's thread: each method returns at once and raises nothing."""

    def folded(self, topic: str, events: Sequence[CheckedEvent]) -> None:
        """These new events of a topic took effect, in this order."""

    def quarantined(self, faulty: Faulty) -> None:
        """One record went to quarantine."""

    def conflict(self, topic: str, event_id: str) -> None:
        """Another value came under an id that was applied before: ``revision_conflict``, both are kept."""

    def gap(self, topic: str, first: int, last: int) -> None:
        """``log_gap``: these offsets are not on a topic that is kept for good."""

    def chain_gap(self, gap: Gap) -> None:
        """A writer's chain jumped over these numbers; they may come late."""

    def loss(self, topic: str, first: int, last: int) -> None:
        """These offsets left a topic with retention before they were read."""

    def paused(self, topic: str, reason: str) -> None:
        """A topic is paused: at its limit of quarantine, until a person acts."""

    def resumed(self, topic: str) -> None:
        """A person let the topic flow again."""

    def lag(self, topic: str, records: int) -> None:
        """How many records of a topic are not folded; broker and database have just answered."""

    def heartbeat(self, topic: str, clock_offset_s: float) -> None:
        """A member's heartbeat, and by how much its clock seems to be ahead of the broker's (negative: behind)."""

    def away(self, error: ExchangeError) -> None:
        """Broker or database do not answer; the loop tries again."""


class Unobserved:
    """An observer for whom nothing matters."""

    def folded(self, topic: str, events: Sequence[CheckedEvent]) -> None:
        """Ignored."""

    def quarantined(self, faulty: Faulty) -> None:
        """Ignored."""

    def conflict(self, topic: str, event_id: str) -> None:
        """Ignored."""

    def gap(self, topic: str, first: int, last: int) -> None:
        """Ignored."""

    def chain_gap(self, gap: Gap) -> None:
        """Ignored."""

    def loss(self, topic: str, first: int, last: int) -> None:
        """Ignored."""

    def paused(self, topic: str, reason: str) -> None:
        """Ignored."""

    def resumed(self, topic: str) -> None:
        """Ignored."""

    def lag(self, topic: str, records: int) -> None:
        """Ignored."""

    def away(self, error: ExchangeError) -> None:
        """Ignored."""

    def heartbeat(self, topic: str, clock_offset_s: float) -> None:
        """Ignored."""
