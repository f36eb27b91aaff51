"""Folds grants at a desk: those to its member, and those that its member gave. It changes with what a grant is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from consumers.checked import CheckedEvent, SetAside
from consumers.checking import Terms
from consumers.desk import sealed
from consumers.desk.original import check_original
from schemas.events.delivery import Delivery
from schemas.events.grant import Grant
from schemas.topics import GRANT

NOT_A_GRANT = "not_a_grant"


@dataclass(frozen=True, slots=True)
class GrantedHandler:
    """Implements ``consumers.checked.Handler`` for the topics that bring grants to one desk."""

    terms: Terms
    opener: sealed.Opener

    @property
    def streams(self) -> frozenset[str]:
        """Grants, the own ones and those of others."""
        return frozenset({GRANT})

    def bucket_keys(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Collection[str]:
        """One for all: grants are few, and a part, its grants and their erasure come on three topics."""
        del transaction, events
        return {"grants"}

    def fold(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> Sequence[SetAside]:
        """Keep what opens; what does not open as it says is set aside."""
        reasons = [(event, self._kept(transaction, event)) for event in events]
        return [SetAside(one.record.topic, one.event.event_id, reason) for one, reason in reasons if reason]

    def take_back(self, transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
        """Forget what the events brought."""
        sealed.forget(transaction, [checked.event.event_id for checked in events])

    def _kept(self, transaction: Connection[Any], carrier: CheckedEvent) -> str | None:
        grant = self._grant(carrier)
        if isinstance(grant, str):
            return grant
        if grant.member == self.opener.member and grant.addressee != self.opener.member:
            sealed.keep_given(transaction, grant.record_id, grant.of_event, grant.hop, grant.addressee)
            sealed.drop_if_erased(transaction, carrier, grant)
            return None
        return self.opener.check(grant) or sealed.keep_grant(transaction, carrier, grant)

    def _grant(self, carrier: CheckedEvent) -> Grant | str:
        if isinstance(carrier.event, Grant):
            return carrier.event
        original = check_original(carrier.event, self.terms) if isinstance(carrier.event, Delivery) else NOT_A_GRANT
        if isinstance(original, str):
            return original
        return original.event if isinstance(original.event, Grant) else NOT_A_GRANT
