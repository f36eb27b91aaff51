"""Traces as canonical rows: what a rebuilt view is compared by. It changes with what a trace is known by.

Rows are a function of the facts: no positions, arrival times or surrogate keys. Acts that are set aside are not in
the view, but in the quarantine.
"""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from consumers.store.snapshot import snapshot
from consumers.tracing.rows import body_of
from consumers.tracing.shown import Columns, hop_columns, standing_columns, trace_columns
from consumers.tracing.table import Standing
from consumers.tracing.trace import ActStanding, Trace
from schemas.events.decision import Decision

Rows = Iterator[tuple[str, Columns]]
"""Pairs of table and row."""

KEYS = {
    "trace": ("requester", "trace_id"),
    "trace_hop": ("requester", "trace_id", "hop"),
    "trace_act": ("requester", "trace_id", "place"),
    "decision": ("event_id",),
}
QUERIES = {
    "trace": 'select * from trace order by requester collate "C", trace_id collate "C"',
    "trace_hop": 'select * from trace_hop order by requester collate "C", trace_id collate "C", hop',
    "trace_act": (
        "select requester, trace_id, event_id, sha256, place, standing, reason, body from trace_act"
        ' where standing <> \'set_aside\' order by requester collate "C", trace_id collate "C", place'
    ),
    "decision": 'select event_id, sha256, body from decision order by event_id collate "C"',
}
"""Each sorted by its key."""

AT_ONCE = 1_000


def dump_tracing(connection: Connection[Any]) -> Rows:
    """Every trace, hop, act and decision, one server-side cursor a table, in one snapshot (in the caller's, if any)."""
    with snapshot(connection):
        for table, query in QUERIES.items():
            with connection.cursor(name=f"dump_{table}") as cursor:
                cursor.itersize = AT_ONCE
                cursor.execute(query)
                names = [column.name for column in cursor.description or ()]
                for values in cursor:
                    yield table, _plain(dict(zip(names, values, strict=True)))


def trace_rows(trace: Trace) -> Rows:
    """The rows that one folded trace makes, as ``dump_tracing`` tells them."""
    yield "trace", _plain(trace_columns(trace))
    for hop in trace.hops:
        yield "trace_hop", hop_columns(trace, hop)
    for place, told in enumerate(trace.standings, start=1):
        if told.standing is not Standing.SET_ASIDE:
            yield "trace_act", _act_row(told, place)


def decision_row(decision: Decision, sha256: str) -> tuple[str, Columns]:
    """The row that a decision makes, as ``dump_tracing`` tells it; ``sha256`` is that of its value."""
    return "decision", {"event_id": decision.event_id, "sha256": sha256, "body": body_of(decision)}


def _act_row(told: ActStanding, place: int) -> Columns:
    event = told.act.event
    return {
        "requester": event.requester,
        "trace_id": event.trace_id,
        "event_id": event.event_id,
        "sha256": told.act.sha256,
        **standing_columns(told, place),
        "body": body_of(event),
    }


def _plain(columns: Columns) -> Columns:
    """Without the instant, which the request's body has, and which databases hand out in their own time zone."""
    return {name: value for name, value in columns.items() if name != "recorded_at"}
