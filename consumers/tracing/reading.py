"""Traces as lists and one by one, for commands and pages. It changes with what people ask of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from consumers.tracing import rows
from consumers.tracing.fold import fold
from consumers.tracing.table import FOR_DUTY_OFFICER
from consumers.tracing.trace import Trace, TraceKey
from schemas.errors import Rejected


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One trace in a list: its request, and where its last hop stands."""

    requester: str
    trace_id: str
    own_reference: str | None
    recorded_at: datetime | None
    state: str
    outcome: str | None
    hop: int
    rule: str | None
    accountable: str | None
    basis_changed: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which traces: of one state, of one asker, or those on the duty officer's list; None and False leave it open."""

    state: str | None = None
    requester: str | None = None
    duty: bool = False


LINES = """
    select trace.requester, trace.trace_id, trace.own_reference, trace.recorded_at, trace.state, trace.outcome,
           trace.last_hop as hop, last.rule, last.accountable, exists (
               select from trace_hop as changed
               where changed.requester = trace.requester and changed.trace_id = trace.trace_id and changed.basis_changed
           ) as basis_changed
    from trace left join trace_hop as last
      on last.requester = trace.requester and last.trace_id = trace.trace_id and last.hop = trace.last_hop
"""
ON_DUTY = "(state = any(%s) or basis_changed and state <> 'closed')"


def trace_lines(connection: Connection[Any], wanted: Wanted, limit: int) -> Sequence[TraceLine]:
    """Traces whose request is here, the newest request first."""
    clauses, parameters = ["state <> 'waiting'"], list[object]()
    if wanted.state is not None:
        clauses.append("state = %s")
        parameters.append(wanted.state)
    if wanted.requester is not None:
        clauses.append("requester = %s")
        parameters.append(wanted.requester)
    if wanted.duty:
        clauses.append(ON_DUTY)
        parameters.append([state.value for state in FOR_DUTY_OFFICER])
    query = f"with lines as ({LINES}) select * from lines where {' and '.join(clauses)}"
    with connection.cursor(row_factory=class_row(TraceLine)) as cursor:
        return cursor.execute(
            f"{query} order by recorded_at desc nulls last, trace_id limit %s", [*parameters, limit]
        ).fetchall()


def find_trace(connection: Connection[Any], name: str) -> TraceKey:
    """The trace with this id, beginning of an id, or reference of the asker; raises Rejected where it is not one."""
    found = connection.execute(
        "select requester, trace_id from trace where starts_with(trace_id, lower(%s)) or own_reference = %s"
        " order by requester, trace_id limit 3",
        [name, name],
    ).fetchall()
    if len(found) == 1:
        return TraceKey(*found[0])
    if not found:
        raise Rejected(f"there is no trace {name}; list those there are")
    raise Rejected(f"several traces are called {name}: name one by its whole id")


def read_trace(connection: Connection[Any], key: TraceKey) -> Trace:
    """One trace with its hops, decisions and acts."""
    history = rows.histories(connection, [key])[key]
    return fold(key, history.acts, history.decisions, history.receipts)
