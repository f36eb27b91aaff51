"""``interfocal trace list|show|explain --as XX``: traces as one desk knows them. It changes with what is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from consumers.audit.log import Deed, Kind
from consumers.desk.inbox import Confirmed, confirmations, deliveries_of, inbox_of
from consumers.desk.known import KnownAct, KnownTrace
from consumers.desk.sealed import opened_parts, refused_in
from consumers.tracing.explain import Wording
from interfocal.audit.acting import Said
from interfocal.audit.logs import AuditLog
from interfocal.commands.desk_printing import (
    SHORT_ID,
    print_csv,
    print_json,
    print_line,
    print_notes,
    print_table,
)
from interfocal.desk.acts import DeskActs
from interfocal.desk.sealed_views import sealed_lines, sealed_rows
from interfocal.desk.views import (
    Row,
    explanation,
    instant_shown,
    mark_rows,
    part_lines,
    role_of,
    trace_document,
    trace_row,
)
from interfocal.installation.installation import open_installation
from interfocal.installation.opening import opener_of
from interfocal.listing import Form
from schemas.codes.lists import load_code_lists

COLUMNS = ("asker_reference", "trace_id", "requester", "role", "state", "outcome", "hop", "accountable", "rule")
SHOWN = ("asker's reference", "trace", "asked by", "this desk", "state", "hop", "to answer", "rule")
MARK_COLUMNS = ("mark", "as_read", "state", "visual", "spoken", "digits")
MARKS_SHOWN = ("mark", "as read", "state", "visual key", "spoken key", "digits key")


@dataclass(frozen=True, slots=True)
class DeskAsked:
    """Which desk is asked, in which form the answer is wanted, and who wants it, why."""

    var: Path
    member: str
    form: Form
    said: Said

    def desk(self) -> DeskActs:
        """The desk; raises Misconfigured, BrokerAway or StoreAway naming what is missing."""
        return DeskActs(open_installation(self.var), self.member)

    def log(self, desk: DeskActs, what: Row) -> None:
        """What is shown next is logged first, in the desk's own log."""
        kind = Kind.EXPORT if self.form is Form.CSV else Kind.CONSULTATION
        acting = self.said.acting(desk.installation.directory, desk.code)
        AuditLog(desk.installation, desk.code).note(acting, Deed(kind, what))


def list_traces_of(asked: DeskAsked, state: str | None, asker: str | None, limit: int) -> None:
    """List the traces in which the member is asker or accountable, the newest first."""
    desk = asked.desk()
    known = [trace for trace in desk.traces(limit=limit) if _wanted(trace, state, asker)]
    rows, directory = [trace_row(trace) for trace in known], desk.installation.directory
    asked.log(desk, {"list": "traces", "records": [trace.key.trace_id for trace in known]})
    if asked.form is Form.JSON:
        print_json({"member": desk.code, "traces": rows}, directory)
    elif asked.form is Form.CSV:
        print_csv(rows, COLUMNS, directory)
    else:
        print_table(SHOWN, map(_cells, rows))
        typer.echo(f"{len(rows)} traces, as far as the desk of {desk.code} knows.")
        print_notes([desk.code, rows], directory)


def show_trace_of(asked: DeskAsked, name: str) -> None:
    """Show every act of one trace that this desk has seen or sent, marks verbatim beside their match keys."""
    desk = asked.desk()
    trace = desk.find(name)
    opener = opener_of(desk.installation, desk.code)
    opened = desk.read(lambda connection: opened_parts(connection, opener, trace.key))
    refused = desk.read(lambda connection: refused_in(connection, trace.key))
    own = [act.event_id for act in trace.acts if act.sent]
    confirmed = desk.read(lambda connection: confirmations(connection, own))
    document = {**trace_document(trace, confirmed), **sealed_rows(opened, refused)}
    directory = desk.installation.directory
    asked.log(desk, {"trace": trace.key.trace_id, "opened": [one.event_id for one in opened if one.part]})
    if asked.form is Form.JSON:
        print_json({"member": desk.code, "trace": document}, directory)
        return
    wording = Wording(load_code_lists(), directory)
    asker = f"asked by {wording.member(trace.key.requester)}, reference {trace.reference or 'not known'}"
    print_line(f"Trace {trace.key.trace_id}, {asker}")
    outcome = f" ({trace.outcome})" if trace.outcome else ""
    print_line(f"{desk.code} is {role_of(trace)}; as far as its desk knows: {trace.state.value}{outcome}")
    hops = [(hop.number, hop.state.value, hop.accountable, hop.rule) for hop in trace.hops]
    print_table(("hop", "state", "to answer", "rule"), hops)
    for act in trace.acts:
        _print_act(act, wording)
        _print_confirmed(confirmed.get(act.event_id, ()), wording)
    for line in ("", *sealed_lines(opened, refused)):
        print_line(line)
    print_notes([desk.code, document], directory)


def explain_trace_of(asked: DeskAsked, name: str) -> None:
    """Explain why a request came here: the rule, and the evidence that this desk was shown."""
    desk = asked.desk()
    trace = desk.find(name)
    entries = desk.read(lambda connection: inbox_of(connection, [trace.key]))
    deliveries = desk.read(lambda connection: deliveries_of(connection, entries))
    asked.log(desk, {"explained": trace.key.trace_id})
    directory = desk.installation.directory
    sentences = explanation(trace, deliveries, Wording(load_code_lists(), directory))
    if asked.form is Form.JSON:
        print_json(_explained(trace, sentences), directory)
        return
    for line in [*sentences, *([directory.notice] if directory.notice else [])]:
        print_line(line)
    print_notes(sentences, directory)


def _wanted(trace: KnownTrace, state: str | None, asker: str | None) -> bool:
    return state in (None, trace.state.value) and (asker is None or asker.upper() == trace.key.requester)


def _cells(row: Row) -> list[str | int | None]:
    state = f"{row['state']} ({row['outcome']})" if row["outcome"] else row["state"]
    trace = row["trace_id"][:SHORT_ID]
    about = (row["asker_reference"], trace, row["requester"], row["role"], state)
    return [*about, row["hop"], row["accountable"], row["rule"]]


def _print_act(act: KnownAct, wording: Wording) -> None:
    way = "sent" if act.sent else "received"
    turn = "" if act.in_turn else " — out of turn, changes nothing"
    label = wording.label("trace-act", act.act)
    print_line("")
    print_line(f"{instant_shown(act.at)} UTC  {act.member}: {label}, hop {act.hop}, {way}{turn}")
    print_line(f"  event {act.event_id}{f', answers {act.cause}' if act.cause else ''}")
    for line in part_lines(act.act, act.part, wording):
        print_line(f"  {line}")
    if marks := mark_rows(act.part):
        print_table(MARKS_SHOWN, ([mark.get(name) for name in MARK_COLUMNS] for mark in marks))


def _print_confirmed(receipts: Sequence[Confirmed], wording: Wording) -> None:
    for one in receipts:
        erased = f", {len(one.erased)} grants erased there" if one.erased else ""
        by, at = wording.member(one.by), instant_shown(one.received_at)
        print_line(f"  received by {by} on {at} UTC, receipt {one.receipt}{erased}")


def _explained(trace: KnownTrace, sentences: list[str]) -> Row:
    return {"trace_id": trace.key.trace_id, "requester": trace.key.requester, "explanation": sentences}
