"""Tries released records again, on the way that every record takes. It changes with what trying again means.

One transaction for each: effects, event row and the entry's end, all or none. Positions stay where they are.
"""

from collections.abc import Callable, Mapping
from typing import Any

from psycopg import Connection

from consumers.adoption import check_adopted, standing_of
from consumers.checking import Terms, check_record, events_of
from consumers.folding import Outcome, Rules, effects, fault_of_failure
from consumers.quarantine import settling
from consumers.quarantine.entries import Faulty, PostgresQuarantine, QuarantineEntry
from consumers.quarantine.settling import Place
from consumers.store import chains, positions
from consumers.store.session import Session
from schemas.errors import Stop, Temporary


class Retrying:
    """One loop's share. ``due`` says that records may have been released; one thread runs it."""

    def __init__(self, session: Session, terms: Terms, rules: Rules) -> None:
        self._session = session
        self._terms = terms
        self._rules = rules
        self._standing = standing_of(terms)
        self.due = True

    def try_all(self, tell: Callable[[Outcome], None]) -> int:
        """Try every released record, if any are due, and tell what became of each; how many have taken effect.

        Raises StoreAway or Stop.
        """
        used = 0
        while self.due and (place := self._session.transact(settling.next_due)) is not None:
            outcome = self._try(place)
            if outcome is not None:
                tell(outcome)
                used += len(outcome.events)
        self.due = False
        return used

    def _try(self, place: Place) -> Outcome | None:
        try:
            return self._session.transact(lambda transaction: self._retried(transaction, place))
        except (Temporary, Stop):
            raise
        except Exception as error:  # noqa: BLE001  # whatever a handler raises over one record must not stop the others
            failure = error
        return self._session.transact(lambda transaction: self._failed(transaction, place, failure))

    def _retried(self, transaction: Connection[Any], place: Place) -> Outcome | None:
        check_adopted(transaction, self._standing)
        return retry(transaction, place, self._terms, self._rules)

    def _failed(self, transaction: Connection[Any], place: Place, error: Exception) -> Outcome | None:
        entry = settling.locked(transaction, place)
        if entry is None:
            return None
        checked = check_record(entry.faulty.record, self._terms)
        why = checked if isinstance(checked, Faulty) else fault_of_failure(checked, error)
        settling.was_not_used(transaction, entry, why)
        return Outcome(quarantined=[why])


def retry(transaction: Connection[Any], place: Place, terms: Terms, rules: Rules) -> Outcome | None:
    """Try one entry in this transaction; None when somebody else has. Raises what a handler or the driver raises."""
    positions.lock(transaction, [place[0]])
    entry = settling.locked(transaction, place)
    if entry is None:
        return None
    checked = check_record(entry.faulty.record, terms)
    if isinstance(checked, Faulty):
        settling.was_not_used(transaction, entry, checked)
        return Outcome(quarantined=[checked])
    chains.follow(transaction, [checked.claims])
    new, aside = effects(transaction, list(events_of([checked])), rules)
    if aside:
        settling.was_not_used(transaction, entry, aside[0])
        return Outcome(quarantined=aside)
    settling.was_used(transaction, entry)
    settling.let_flow_again(transaction, waiting_of(transaction, entry), rules.quarantine_limit)
    return Outcome(events=new.new, conflicts=new.conflicts)


def waiting_of(transaction: Connection[Any], entry: QuarantineEntry) -> Mapping[str, int]:
    """How many entries wait of the topic of this one."""
    return PostgresQuarantine(transaction).waiting([entry.faulty.record.topic])
