"""How entries of the quarantine come to their end: released and used, or discarded. It changes with what an end is.

A release only asks the loop to try again; what the loop finds settles the entry, or is its new reason. A record that
was discarded is never used, whatever a later version of the program could do with it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from consumers.quarantine.entries import ENTRY_COLUMNS, Faulty, QuarantineEntry, entry_of

Place = tuple[str, int]
"""Topic and offset."""

FULL = "quarantine_full"
DISCARDED = "discarded"
DUE = "settled is null and released_by is not null and tried_by is distinct from released_by"


def release(transaction: Connection[Any], place: Place, by: str) -> bool:
    """Have an entry tried again; False when none waits there."""
    result = transaction.execute(
        "update quarantine set released_by = %s where topic = %s and log_offset = %s and settled is null", [by, *place]
    )
    return result.rowcount == 1


def release_all(transaction: Connection[Any], reasons: Sequence[str], by: str) -> None:
    """Have every entry with one of these reasons tried again."""
    transaction.execute(
        "update quarantine set released_by = %s where settled is null and reason = any(%s)", [by, list(reasons)]
    )


def next_due(transaction: Connection[Any]) -> Place | None:
    """Where the next released entry stands that was not tried since."""
    row = transaction.execute(f"select topic, log_offset from quarantine where {DUE} order by id limit 1").fetchone()
    return (row[0], row[1]) if row else None


def locked(transaction: Connection[Any], place: Place) -> QuarantineEntry | None:
    """That entry, locked until the transaction ends; None when somebody else has tried it meanwhile."""
    row = transaction.execute(
        f"select {ENTRY_COLUMNS} from quarantine where topic = %s and log_offset = %s and {DUE} for update", [*place]
    ).fetchone()
    return entry_of(row) if row else None


def was_used(transaction: Connection[Any], entry: QuarantineEntry) -> None:
    """A released record has taken effect."""
    _tried(transaction, entry, "settled = 'released', settled_by = released_by, settled_at = now()", [])


def was_not_used(transaction: Connection[Any], entry: QuarantineEntry, why: Faulty) -> None:
    """A released record cannot be used still; this is why, now."""
    changes = "verdict = %s, reason = %s, parameters = %s, event_id = %s, member = %s"
    found = [why.verdict.value, why.reason, Jsonb(dict(why.parameters)), why.event_id, why.member]
    _tried(transaction, entry, changes, found)


def discard(transaction: Connection[Any], place: Place, by: str) -> None:
    """A record is never to be used, from now on; an entry for it is settled, whether it is there yet or not."""
    transaction.execute("insert into discarded values (%s, %s, %s) on conflict do nothing", [*place, by])
    settle_discarded(transaction, [place[0]])


def discarded(transaction: Connection[Any], topics: Sequence[str]) -> Collection[Place]:
    """Where records of these topics stand that are never to be used."""
    rows = transaction.execute("select topic, log_offset from discarded where topic = any(%s)", [list(topics)])
    return {(topic, offset) for topic, offset in rows}


def settle_discarded(transaction: Connection[Any], topics: Sequence[str]) -> None:
    """Settle every waiting entry of these topics whose record is never to be used."""
    transaction.execute(
        "update quarantine as entry set settled = 'discarded', settled_by = discarded_by, settled_at = now()"
        " from discarded where entry.topic = any(%s) and entry.settled is null"
        " and (entry.topic, entry.log_offset) = (discarded.topic, discarded.log_offset)",
        [list(topics)],
    )


def let_flow_again(transaction: Connection[Any], waiting: Mapping[str, int], limit: int) -> None:
    """End the pause of those topics (topic -> entries that wait) that have room in the quarantine again."""
    transaction.execute(
        "update topic_position set paused = null where topic = any(%s) and paused = %s",
        [[topic for topic, count in waiting.items() if count < limit], FULL],
    )


def _tried(transaction: Connection[Any], entry: QuarantineEntry, changes: str, found: Sequence[object]) -> None:
    transaction.execute(
        f"update quarantine set tried_by = released_by, {changes} where id = %s".encode(), [*found, entry.number]
    )
