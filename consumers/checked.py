"""What the loop hands to a handler, and what a handler answers. It changes when handlers need to know more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from psycopg import Connection

from schemas.events.envelope import Event
from schemas.record import Record
from schemas.trust.seal import SealClaims


@dataclass(frozen=True, slots=True)
class CheckedEvent:
    """An event whose seal, bounds, ids and owner were checked, with the record that brought it."""

    record: Record
    claims: SealClaims
    event: Event
    sha256: str
    schema_id: int


@dataclass(frozen=True, slots=True)
class SetAside:
    """A whole event that may not take effect: it goes to quarantine with this reason, in the same transaction."""

    topic: str
    event_id: str
    reason: str
    parameters: Mapping[str, str] = field(default_factory=dict)


class Handler(Protocol):
    """What is done with the events of some streams. Both methods run inside the loop's transaction.

    ``bucket_keys`` names all that ``fold`` may read or change beside its own rows (trace ids, blocking keys);
    the loop locks their buckets before it calls ``fold``. ``fold`` gets only events that were not applied
    before, each topic's in log order, and returns those it sets aside. It raises for an error of the data
    (the loop then finds the one event) and lets the database's own errors pass. ``take_back`` undoes the effects of
    events that turned out to be none, under the same locks: the database is then as if they had never come.
    """

    @property
    def streams(self) -> frozenset[str]:
        """Streams (second part of the topic's name) that this handler takes."""

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """Keys whose buckets are locked before ``fold``."""

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Write the effects of the events."""

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Undo the effects of events that were applied."""
