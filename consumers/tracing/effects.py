"""What a fold of a trace changes in the database. It changes with the tables that show traces."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import Connection

from consumers.quarantine import Faulty, PostgresQuarantine, Verdict
from consumers.tracing.rows import ActId, History, act_id
from consumers.tracing.table import State
from consumers.tracing.trace import Hop, Trace
from consumers.tracing.wants import Want, wants
from schemas.record import SEAL_HEADER, Record

Row = tuple[object, ...]


def write_standings(transaction: Connection[Any], trace: Trace, history: History) -> None:
    """Write the standing of each act where it is another than before."""
    now = {
        act_id(told.act): (place, told.standing.value, told.reason)
        for place, told in enumerate(trace.standings, start=1)
    }
    changed = [(*row, *identity) for identity, row in now.items() if history.standings.get(identity) != row]
    _many(
        transaction,
        "update trace_act set place = %s, standing = %s, reason = %s"
        " where topic = %s and event_id = %s and sha256 = %s",
        changed,
    )


def write_traces(transaction: Connection[Any], traces: Sequence[Trace]) -> None:
    """Replace what is shown of these traces and their hops."""
    keys = [(trace.key.requester, trace.key.trace_id) for trace in traces]
    _many(
        transaction,
        "insert into trace (requester, trace_id, request_id, state, outcome, last_hop, own_reference, priority,"
        " recorded_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (requester, trace_id) do update set"
        " state = excluded.state, outcome = excluded.outcome, last_hop = excluded.last_hop,"
        " own_reference = excluded.own_reference, priority = excluded.priority, recorded_at = excluded.recorded_at",
        [_trace_row(trace) for trace in traces],
    )
    _many(transaction, "delete from trace_hop where requester = %s and trace_id = %s", keys)
    _many(
        transaction,
        "insert into trace_hop (requester, trace_id, hop, state, opened_by, decision_id, rule, accountable,"
        " receipt_id, basis_changed) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [_hop_row(trace, hop) for trace in traces for hop in trace.hops],
    )


def write_work(transaction: Connection[Any], pairs: Sequence[tuple[Trace, History]]) -> None:
    """Replace the work of these traces: what they call for and nobody has decided."""
    wanted = {want: trace for trace, history in pairs for want in wants(trace, history.decisions)}
    for want in _settled(transaction, wanted):
        wanted.pop(want, None)
    keys = [[trace.key.requester for trace, _ in pairs], [trace.key.trace_id for trace, _ in pairs]]
    transaction.execute(
        "delete from work where (requester, trace_id) in (select * from unnest(%s::text[], %s::text[]))"
        " and not (kind, subject, hop, cause) in (select * from unnest(%s::text[], %s::text[], %s::int[], %s::text[]))",
        [*keys, *_columns(wanted)],
    )
    _many(
        transaction,
        "insert into work (kind, subject, hop, cause, requester, trace_id) values (%s, %s, %s, %s, %s, %s)"
        " on conflict do nothing",
        [(w.kind, w.subject, w.hop, w.cause, t.key.requester, t.key.trace_id) for w, t in wanted.items()],
    )


def move_to_quarantine(transaction: Connection[Any], reasons: Mapping[ActId, str]) -> None:
    """Put applied acts into quarantine that turn out to be wrong: each is then no longer among the applied events."""
    for (topic, event_id, sha256), reason in sorted(reasons.items()):
        row = transaction.execute(
            "delete from event where topic = %s and event_id = %s and sha256 = %s"
            " returning log_offset, appended_ms, key, value, seal, member",
            [topic, event_id, sha256],
        ).fetchone()
        if row is not None:
            offset, appended_ms, key, value, seal, member = row
            record = Record(topic, offset, key.encode(), value, ((SEAL_HEADER, seal.encode()),), appended_ms)
            faulty = Faulty(record, Verdict.UNUSABLE, reason, event_id=event_id, member=member)
            PostgresQuarantine(transaction).put([faulty])


def _settled(transaction: Connection[Any], wanted: Iterable[Want]) -> list[Want]:
    rows = transaction.execute(
        "select kind, subject, hop, cause from decided where (kind, subject, hop, cause)"
        " in (select * from unnest(%s::text[], %s::text[], %s::int[], %s::text[]))",
        _columns(wanted),
    )
    return [Want(*row) for row in rows]


def _columns(wanted: Iterable[Want]) -> list[list[Any]]:
    rows = sorted(wanted)
    return [[w.kind for w in rows], [w.subject for w in rows], [w.hop for w in rows], [w.cause for w in rows]]


def _trace_row(trace: Trace) -> Row:
    request = trace.request
    asked = request.request if request else None
    shown = (request.own_reference, asked.priority, request.recorded_at) if request and asked else (None, None, None)
    last = max((hop.number for hop in trace.hops), default=1) if trace.state is not State.WAITING else 0
    key = trace.key
    return (key.requester, key.trace_id, key.request_id, trace.state.value, trace.outcome, last, *shown)


def _hop_row(trace: Trace, hop: Hop) -> Row:
    decision = hop.decision.event_id if hop.decision else None
    return (
        *(trace.key.requester, trace.key.trace_id, hop.number, hop.state.value, hop.opened_by, decision, hop.rule),
        *(hop.accountable, hop.receipt, hop.basis_changed),
    )


def _many(transaction: Connection[Any], statement: str, rows: Sequence[Row]) -> None:
    if rows:
        with transaction.cursor() as cursor:
            cursor.executemany(statement, rows)
