"""What a fold of a trace changes in the database. It changes with the tables that show traces."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import Connection

from consumers.quarantine.entries import Faulty, PostgresQuarantine, Verdict
from consumers.store.many import write_many
from consumers.tracing.rows import ActId, History, act_id
from consumers.tracing.shown import Columns, hop_columns, standing_columns, trace_columns
from consumers.tracing.trace import Trace
from consumers.tracing.wants import Want, wants
from schemas.record import SEAL_HEADER, Record

Row = tuple[object, ...]


def write_standings(transaction: Connection[Any], trace: Trace, history: History) -> None:
    """Write the standing of each act where it is another than before."""
    now = {
        act_id(told.act): tuple(standing_columns(told, place).values())
        for place, told in enumerate(trace.standings, start=1)
    }
    changed = [(*row, *identity) for identity, row in now.items() if history.standings.get(identity) != row]
    write_many(
        transaction,
        "update trace_act set place = %s, standing = %s, reason = %s"
        " where topic = %s and event_id = %s and sha256 = %s",
        changed,
    )


def write_traces(transaction: Connection[Any], traces: Sequence[Trace]) -> None:
    """Replace what is shown of these traces and their hops."""
    keys = [(trace.key.requester, trace.key.trace_id) for trace in traces]
    write_many(transaction, "delete from trace where requester = %s and trace_id = %s", keys)
    write_many(transaction, "delete from trace_hop where requester = %s and trace_id = %s", keys)
    _insert(transaction, "trace", [trace_columns(trace) for trace in traces])
    _insert(transaction, "trace_hop", [hop_columns(trace, hop) for trace in traces for hop in trace.hops])


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
    write_many(
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


def _insert(transaction: Connection[Any], table: str, shown: Sequence[Columns]) -> None:
    if shown:
        names = ", ".join(shown[0])
        holes = ", ".join(["%s"] * len(shown[0]))
        statement = f"insert into {table} ({names}) values ({holes})"
        write_many(transaction, statement, [tuple(columns.values()) for columns in shown])
