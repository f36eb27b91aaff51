"""Acts, decisions and receipts in the region's database. It changes with the tables of ``0004_tracing``.

An act's body is kept here without its sealed part and attachments, for no fold reads them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from consumers.checked import CheckedEvent
from consumers.store.many import write_many
from consumers.tracing.trace import Act, TraceKey
from consumers.tracing.wants import Want, settled_by
from schemas.events.decision import Decision
from schemas.events.envelope import Event
from schemas.events.receipt import Receipt
from schemas.events.trace import TraceAct
from schemas.topics import member_topic

SETTLE = (
    "insert into decided (kind, subject, hop, cause, decision_id) values (%s, %s, %s, %s, %s) on conflict do nothing"
)
ActId = tuple[str, str, str]
"""Topic, event id, SHA-256 of the value."""


@dataclass(slots=True)
class History:
    """What is stored of one trace, with the standing of each act as last written (place, standing, reason)."""

    acts: list[Act] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    standings: dict[ActId, tuple[int, str, str | None]] = field(default_factory=dict)


def act_id(act: Act) -> ActId:
    """What tells an act from every other value."""
    return member_topic(act.event.member, "trace"), act.event.event_id, act.sha256


def add_acts(transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
    """Write acts that are not here yet; they wait until their trace is folded."""
    write_many(
        transaction,
        "insert into trace_act (topic, event_id, sha256, requester, trace_id, member, act, hop, cause, recorded_at,"
        " life, seq, releasable_to, embargo_until, expires_at, body)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [_act_row(checked, checked.event) for checked in events if isinstance(checked.event, TraceAct)],
    )


def add_receipts(transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
    """Write receipts that are not here yet."""
    write_many(
        transaction,
        "insert into receipt (topic, event_id, value_sha256, member, of_event, sha256, delivery_id, received_at,"
        " body) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [_receipt_row(checked, checked.event) for checked in events if isinstance(checked.event, Receipt)],
    )


def add_decisions(transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
    """Write decisions and what they settle; of two values under one id the lowest (life, number) stays."""
    decisions = [(checked, checked.event) for checked in events if isinstance(checked.event, Decision)]
    write_many(
        transaction,
        "insert into decision (event_id, sha256, kind, subject, requester, trace_id, hop, cause, decided_by,"
        " recorded_at, life, seq, body) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict (event_id) do update set sha256 = excluded.sha256, recorded_at = excluded.recorded_at,"
        " decided_by = excluded.decided_by, life = excluded.life, seq = excluded.seq, body = excluded.body"
        " where (excluded.life, excluded.seq) < (decision.life, decision.seq)",
        [_decision_row(checked, decision) for checked, decision in decisions],
    )
    settled = [(settled_by(decision), decision.event_id) for _, decision in decisions]
    write_many(transaction, SETTLE, [_settled_row(want, decision) for want, decision in settled if want])


def forget(transaction: Connection[Any], events: Sequence[CheckedEvent]) -> None:
    """Delete acts, receipts and decisions, and what the decisions have settled."""
    of = [(checked.record.topic, checked.event.event_id, checked.sha256) for checked in events]
    decisions = [checked.event.event_id for checked in events if isinstance(checked.event, Decision)]
    with transaction.cursor() as cursor:
        cursor.executemany("delete from trace_act where topic = %s and event_id = %s and sha256 = %s", of)
        cursor.executemany("delete from receipt where topic = %s and event_id = %s and value_sha256 = %s", of)
    transaction.execute("delete from decision where event_id = any(%s)", [decisions])
    transaction.execute("delete from decided where decision_id = any(%s)", [decisions])


def settle(transaction: Connection[Any], want: Want, decision_id: str) -> bool:
    """Write that a want is settled; False when it was before."""
    return transaction.execute(SETTLE, _settled_row(want, decision_id)).rowcount == 1


def traces_of_requests(transaction: Connection[Any], request_ids: Iterable[str]) -> set[TraceKey]:
    """The traces whose request has one of these event ids."""
    wanted = sorted(set(request_ids))
    if not wanted:
        return set()
    rows = transaction.execute("select requester, trace_id from trace where request_id = any(%s)", [wanted])
    return {TraceKey(*row) for row in rows}


def traces_with_acts(transaction: Connection[Any], events: Sequence[CheckedEvent]) -> set[TraceKey]:
    """The traces that have an act under the id of one of these, whatever its value."""
    if not events:
        return set()
    rows = transaction.execute(
        "select distinct requester, trace_id from trace_act"
        " where (topic, event_id) in (select * from unnest(%s::text[], %s::text[]))",
        [[checked.record.topic for checked in events], [checked.event.event_id for checked in events]],
    )
    return {TraceKey(*row) for row in rows}


def histories(transaction: Connection[Any], keys: Iterable[TraceKey]) -> Mapping[TraceKey, History]:
    """All that is stored of these traces."""
    found = {key: History() for key in sorted(keys)}
    if not found:
        return found
    pairs = [[key.requester for key in found], [key.trace_id for key in found]]
    _load_acts(transaction, found, pairs)
    for requester, trace_id, body in transaction.execute(
        "select requester, trace_id, body from decision"
        " where (requester, trace_id) in (select * from unnest(%s::text[], %s::text[]))",
        pairs,
    ):
        found[TraceKey(requester, trace_id)].decisions.append(Decision.model_validate(body))
    _load_receipts(transaction, found)
    return found


def _load_acts(transaction: Connection[Any], found: Mapping[TraceKey, History], pairs: list[list[str]]) -> None:
    rows = transaction.execute(
        "select requester, trace_id, body, sha256, life, seq, place, standing, reason, exists ("
        "   select from trace_act as other where other.topic = act.topic and other.event_id = act.event_id"
        "   and (other.requester, other.trace_id) <> (act.requester, act.trace_id)"
        "   and (other.life, other.seq, other.sha256) < (act.life, act.seq, act.sha256))"
        " from trace_act as act where (requester, trace_id) in (select * from unnest(%s::text[], %s::text[]))",
        pairs,
    )
    for requester, trace_id, body, sha256, life, seq, place, standing, reason, overruled in rows:
        act = Act(TraceAct.model_validate(body), sha256, life, seq, overruled)
        history = found[TraceKey(requester, trace_id)]
        history.acts.append(act)
        history.standings[act_id(act)] = (place, standing, reason)


def _load_receipts(transaction: Connection[Any], found: Mapping[TraceKey, History]) -> None:
    by_request: dict[str, list[History]] = {}
    for key, history in found.items():
        by_request.setdefault(key.request_id, []).append(history)
    rows = transaction.execute("select of_event, body from receipt where of_event = any(%s)", [list(by_request)])
    for of_event, body in rows:
        for history in by_request[of_event]:
            history.receipts.append(Receipt.model_validate(body))


def _settled_row(want: Want, decision_id: str) -> tuple[object, ...]:
    return want.kind, want.subject, want.hop, want.cause, decision_id


def body_of(event: Event) -> dict[str, Any]:
    """An event as it is kept in a body column, without the parts that no fold reads."""
    return event.model_dump(mode="json", exclude={"sealed", "attachments"})


def _body(event: Event) -> Jsonb:
    return Jsonb(body_of(event))


def _act_row(checked: CheckedEvent, act: TraceAct) -> tuple[object, ...]:
    handling = act.handling
    named = None if handling.releasable_to is None else list(handling.releasable_to)
    return (
        *(checked.record.topic, act.event_id, checked.sha256, act.requester, act.trace_id, act.member, act.act),
        *(act.hop, act.cause, act.recorded_at, checked.claims.life, checked.claims.seq),
        *(named, handling.embargo_until, handling.expires_at, _body(act)),
    )


def _receipt_row(checked: CheckedEvent, receipt: Receipt) -> tuple[object, ...]:
    return (
        *(checked.record.topic, receipt.event_id, checked.sha256, receipt.member, receipt.of_event, receipt.sha256),
        *(receipt.delivery_id, receipt.received_at, _body(receipt)),
    )


def _decision_row(checked: CheckedEvent, decision: Decision) -> tuple[object, ...]:
    return (
        *(decision.event_id, checked.sha256, decision.kind, decision.subject, decision.requester, decision.trace_id),
        *(decision.hop, decision.cause, decision.decided_by, decision.recorded_at),
        *(checked.claims.life, checked.claims.seq, _body(decision)),
    )
