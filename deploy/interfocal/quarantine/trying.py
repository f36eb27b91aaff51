"""What releasing entries would do, tried on the loop's own path and undone. It changes with how records are retried."""

from collections.abc import Sequence
from typing import Any, NoReturn

from psycopg import Connection

from consumers.checking import Terms
from consumers.folding import Outcome, Rules
from consumers.quarantine import settling
from consumers.quarantine.entries import QuarantineEntry
from consumers.quarantine.retrying import retry
from consumers.store.session import Session
from schemas.errors import Stop, Temporary

TRIAL = "trial"
USED = "would be used"


def try_out(session: Session, entries: Sequence[QuarantineEntry], terms: Terms, rules: Rules) -> dict[int, str]:
    """Entry number -> ``would be used``, or the reason for which it would go on waiting. Nothing is kept."""
    return {entry.number: _tried(session, entry, terms, rules) for entry in entries}


class _Undone(Exception):  # no error: it carries what was found out of a transaction that is undone
    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def _tried(session: Session, entry: QuarantineEntry, terms: Terms, rules: Rules) -> str:
    place = (entry.faulty.record.topic, entry.faulty.record.offset)

    def work(transaction: Connection[Any]) -> NoReturn:
        settling.release(transaction, place, TRIAL)
        raise _Undone(_said(retry(transaction, place, terms, rules)))

    try:
        session.transact(work)
    except _Undone as undone:
        return undone.said
    except (Temporary, Stop):
        raise
    except Exception as error:  # noqa: BLE001  # whatever a handler raises is what the loop would find
        return f"handler_failed ({type(error).__name__})"


def _said(outcome: Outcome | None) -> str:
    if outcome is None:
        return "somebody else works on it"
    return outcome.quarantined[0].reason if outcome.quarantined else USED
