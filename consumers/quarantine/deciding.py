"""What persons decide about the quarantine: release, discard, and a second person for many. It changes with those.

A decision is the region's own event: it takes effect when it is folded, here and in every database that is rebuilt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection

from consumers.quarantine import settling
from consumers.quarantine.entries import PostgresQuarantine, QuarantineEntry, Wanted
from consumers.store import outbox
from schemas.codes.lists import load_code_lists
from schemas.errors import Rejected
from schemas.events.decision import Decision, QuarantinedRecord
from schemas.events.envelope import Handling
from schemas.events.ids import decision_record_id, event_id, quarantine_entry_id, value_sha256
from schemas.record import Draft
from schemas.topics import DECISION_TOPIC, REGION
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode

ALONE = 1
"""So many entries one person may discard without a second."""

Kind = Literal["release", "discard"]


@dataclass(frozen=True, slots=True)
class Because:
    """Who decides and why: a person's own mark, a code of ``settling-reason``, and the second person's mark."""

    by: str
    reason: str
    confirmed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """In whose name is decided, by which directory, and when."""

    region: str
    directory_version: int
    exercise: bool
    now: Callable[[], datetime]


def decide_about(
    transaction: Connection[Any], desk: Desk, kind: Kind, entries: Sequence[QuarantineEntry], because: Because
) -> list[Decision]:
    """Write a decision about each of these entries to the region's outbox.

    Raises Rejected, with a sentence for the person, when the reason is no code of the list, an entry is settled or
    was decided about just now, or several are to be discarded and no second person agrees.
    """
    check_reason(because.reason)
    for entry in entries:
        if entry.settlement is not None:
            raise Rejected(f"entry {entry.number} is {entry.settlement.how} already; list those that wait")
    if kind == "discard" and len(entries) > ALONE and because.confirmed_by in {None, because.by}:
        raise Rejected(f"{len(entries)} entries are discarded only when a second person confirms it")
    decisions = [decision_about(desk, kind, entry, because) for entry in entries]
    outbox.hold_additions(transaction)
    for entry, decision in zip(entries, decisions, strict=True):
        if outbox.contains(transaction, decision.event_id):
            raise Rejected(f"entry {entry.number} was decided about, and that decision is on its way: wait for it")
        outbox.add(transaction, draft_of(decision))
    return decisions


def propose(transaction: Connection[Any], entries: Sequence[QuarantineEntry], because: Because) -> int:
    """Keep the proposal to discard these entries, for a second person to confirm; its number."""
    check_reason(because.reason)
    row = transaction.execute(
        "insert into discard_proposal (entries, because, proposed_by) values (%s, %s, %s) returning id",
        [[entry.number for entry in entries], because.reason, because.by],
    ).fetchone()
    return int(row[0]) if row else 0


def confirm(transaction: Connection[Any], desk: Desk, proposal: int, by: str) -> list[Decision]:
    """Discard what was proposed, now that a second person agrees. Raises Rejected as ``decide_about``."""
    row = transaction.execute(
        "select entries, because, proposed_by, confirmed_by from discard_proposal where id = %s for update", [proposal]
    ).fetchone()
    if row is None or row[3] is not None:
        raise Rejected(f"there is no proposal {proposal} that waits for a second person")
    numbers, reason, proposed_by, _ = row
    if by == proposed_by:
        raise Rejected(f"{by} made proposal {proposal}: another person has to confirm it")
    wanted = Wanted(numbers=tuple(numbers))
    entries = PostgresQuarantine(transaction).entries(wanted, len(numbers))
    transaction.execute(
        "update discard_proposal set confirmed_by = %s, confirmed_at = now() where id = %s", [by, proposal]
    )
    return decide_about(transaction, desk, "discard", entries, Because(proposed_by, reason, by))


def settle_at_desk(
    transaction: Connection[Any], kind: Kind, entries: Sequence[QuarantineEntry], because: Because
) -> None:
    """Release or discard entries of a desk's own quarantine, at once: a desk decides nothing for others."""
    act = settling.release if kind == "release" else settling.discard
    for entry in entries:
        act(transaction, (entry.faulty.record.topic, entry.faulty.record.offset), f"{because.by} {because.reason}")


def check_reason(reason: str) -> None:
    """Raise Rejected when a reason is no code of ``settling-reason``."""
    reasons = load_code_lists()["settling-reason"]
    if reason not in reasons:
        raise Rejected(f"{reason!r} is no reason to settle an entry; there are: {', '.join(reasons.codes)}")


def decision_about(desk: Desk, kind: Kind, entry: QuarantineEntry, because: Because) -> Decision:
    """The decision's event. A release that follows another is caused by it; else the same one is meant."""
    record = entry.faulty.record
    subject = quarantine_entry_id(desk.region, record.topic, record.offset)
    own_id = decision_record_id(desk.region, kind, subject, None, entry.released_by)
    part = QuarantinedRecord(
        topic=record.topic,
        offset=record.offset,
        sha256=value_sha256(record.value) if record.value is not None else None,
        reason=entry.faulty.reason,
        because=because.reason,
    )
    return Decision(
        event_id=event_id(own_id, 1),
        record_id=own_id,
        revision=1,
        member=REGION.upper(),
        recorded_at=desk.now(),
        status="active",
        exercise=desk.exercise,
        handling=Handling(),
        kind=kind,
        subject=subject,
        cause=entry.released_by,
        decided_by=because.by,
        confirmed_by=because.confirmed_by,
        directory_version=desk.directory_version,
        release=part if kind == "release" else None,
        discard=part if kind == "discard" else None,
    )


def draft_of(decision: Decision) -> Draft:
    """The decision as it goes into the outbox, keyed by what it is about."""
    headers = headers_for(decision, "decision")
    return Draft(DECISION_TOPIC, decision.event_id, decision.subject, encode(decision), headers)
