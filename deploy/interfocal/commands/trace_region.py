"""Traces of the regional database on the command line. It changes with what is printed of them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection
from rich.console import Console
from rich.table import Table

from consumers.audit.log import Deed, Kind
from consumers.store.connection import connector
from consumers.store.session import Session
from consumers.tracing.deciding import Office
from consumers.tracing.duty import DutyOrder, route_by_hand
from consumers.tracing.explain import Wording, codes_named, explain
from consumers.tracing.reading import TraceLine, Wanted, find_trace, read_trace, trace_lines
from consumers.tracing.rows import body_of
from consumers.tracing.shown import hop_columns, trace_columns
from consumers.tracing.trace import Trace
from consumers.view.second_person import Question
from interfocal.audit.acting import Said
from interfocal.audit.counted import Counted, read_counted
from interfocal.audit.logs import AuditLog
from interfocal.clock import now
from interfocal.commands.submit import HERE, PIPE_WIDTH, Var, printable
from interfocal.installation.installation import Installation, open_installation
from interfocal.limits import limits_of, say_exercise
from schemas.codes.lists import load_code_lists
from schemas.directory import Directory, check_in_force
from schemas.marks.reference import load_reference

TraceName = Annotated[str, typer.Argument(help="The trace's id, its beginning, or the asker's own reference.")]
State = Annotated[str | None, typer.Option("--state", help="Only traces in this state.")]
Asker = Annotated[str | None, typer.Option("--asker", help="Only traces that this member asked for.")]
Duty = Annotated[bool, typer.Option("--duty", help="Only what stands on the duty officer's list.")]
To = Annotated[str, typer.Option("--to", help="The member that has to answer.")]
Because = Annotated[str, typer.Option("--because", help="Why, as a code of the list duty-reason.")]
By = Annotated[str, typer.Option("--by", help="The duty officer's own mark, no name.")]


@dataclass(frozen=True, slots=True)
class RegionAsked:
    """Which installation's region is asked, by whom and why, and whether the answer is wanted as JSON."""

    var: Path
    said: Said
    as_json: bool


def list_traces(asked: RegionAsked, wanted: Wanted, limit: int) -> None:
    """List the traces of the region, the newest first. Raises Rejected where so many are shown to two persons only."""
    installation = open_installation(asked.var)
    whole = {"list": "traces", "limit": limit, **asdict(wanted)}
    question = Question({"list": "traces"}, whole, installation.settings.view.rows_alone)

    def look(connection: Connection[Any]) -> Counted[Sequence[TraceLine]]:
        lines = trace_lines(connection, wanted, limit)
        return Counted(lines, len(lines), [line.trace_id for line in lines])

    directory = installation.directory
    say_exercise(directory)
    acting = asked.said.acting(directory)
    lines = read_counted(AuditLog(installation), acting, question, Kind.CONSULTATION, look)
    named = {code for line in lines for code in (line.requester, line.accountable) if code}
    if asked.as_json:
        _print_json({"traces": [_line_json(line) for line in lines]}, directory, named)
        return
    table = Table("reference", "trace", "asked by", "state", "hop", "accountable", "rule")
    for line in lines:
        state_shown = f"{line.state} ({line.outcome})" if line.outcome else line.state
        state_shown += ", basis changed" if line.basis_changed else ""
        cells = (line.own_reference or "", line.trace_id, line.requester, state_shown, str(line.hop))
        table.add_row(*map(printable, (*cells, line.accountable or "", line.rule or "")))
    _console().print(table)
    typer.echo(f"{len(lines)} traces.")
    _print_footnotes(directory, named)


def show_trace(asked: RegionAsked, trace: str) -> None:
    """Show one trace: its hops, and its acts in causal order with what they count for."""
    with _opened(asked.var) as region:
        found = read_trace(region.connection, find_trace(region.connection, trace))
        _log(region, asked.said, {"trace": found.key.trace_id})
    named = codes_named(found)
    if asked.as_json:
        _print_json(_trace_json(found), region.directory, named)
        return
    hops = Table("hop", "state", "accountable", "rule", "decision")
    for hop in found.hops:
        decision = hop.decision.event_id if hop.decision else ""
        hops.add_row(*map(printable, (str(hop.number), hop.state, hop.accountable or "", hop.rule or "", decision)))
    acts = Table("recorded", "act", "sent by", "hop", "standing", "event")
    for told in found.standings:
        event = told.act.event
        standing = f"{told.standing}: {told.reason}" if told.reason else told.standing.value
        cells = (f"{event.recorded_at:%Y-%m-%d %H:%M:%S}", event.act, event.member, str(event.hop), standing)
        acts.add_row(*map(printable, (*cells, event.event_id)))
    console = _console()
    outcome = f" ({found.outcome})" if found.outcome else ""
    console.print(printable(f"Trace {found.key.trace_id}, asked by {found.key.requester}: {found.state}{outcome}"))
    console.print(hops)
    console.print(acts)
    _print_footnotes(region.directory, named)


def explain_trace(asked: RegionAsked, trace: str) -> None:
    """Explain why a trace went where it went: rule, evidence, and what was looked at before."""
    with _opened(asked.var) as region:
        found = read_trace(region.connection, find_trace(region.connection, trace))
        _log(region, asked.said, {"explained": found.key.trace_id})
    sentences = explain(found, Wording(load_code_lists(), region.directory))
    if asked.as_json:
        decisions = [body_of(hop.decision) for hop in found.hops if hop.decision]
        shown = {"trace_id": found.key.trace_id, "explanation": sentences, "decisions": decisions}
        _print_json(shown, region.directory, codes_named(found))
        return
    for sentence in sentences:
        typer.echo(sentence)
    if region.directory.notice:
        typer.echo(region.directory.notice)
    _print_footnotes(region.directory, codes_named(found))


def route_trace(trace: TraceName, to: To, because: Because, by: By = "duty-officer", var: Var = HERE) -> None:
    """Route what stands on the duty officer's list; the decision names the officer and the reason."""
    with _opened(var) as region:
        check_in_force(region.directory, now())
        key = find_trace(region.connection, trace)
    office = Office(region.directory, load_reference(), now)
    session = Session(connector(region.installation.region_url, "duty officer"))
    try:
        decision = session.transact(lambda open_: route_by_hand(open_, office, DutyOrder(key, to, because, by)))
    finally:
        session.close()
    if decision.undeliverable:
        typer.echo(f"Trace {key.trace_id} cannot be delivered ({decision.undeliverable.reason}).", err=True)
        raise typer.Exit(1)
    typer.echo(f"Trace {key.trace_id} goes to {to.upper()} (decision {decision.event_id}).")
    _print_footnotes(region.directory, {key.requester, to.upper()})


@dataclass(frozen=True, slots=True)
class _Region:
    installation: Installation
    connection: Connection[Any]

    @property
    def directory(self) -> Directory:
        return self.installation.directory


@contextmanager
def _opened(var: Path) -> Iterator[_Region]:
    installation = open_installation(var)
    say_exercise(installation.directory)
    with connector(installation.region_url, "trace command")() as connection:
        yield _Region(installation, connection)


def _log(region: _Region, said: Said, what: dict[str, Any]) -> None:
    """What is shown next is logged first."""
    AuditLog(region.installation).note(said.acting(region.directory), Deed(Kind.CONSULTATION, what))


def _line_json(line: TraceLine) -> dict[str, Any]:
    return {
        "own_reference": line.own_reference,
        "trace_id": line.trace_id,
        "requester": line.requester,
        "recorded_at": line.recorded_at.isoformat() if line.recorded_at else None,
        "state": line.state,
        "outcome": line.outcome,
        "hop": line.hop,
        "accountable": line.accountable,
        "rule": line.rule,
        "basis_changed": line.basis_changed,
    }


def _trace_json(trace: Trace) -> dict[str, Any]:
    columns = trace_columns(trace)
    columns["recorded_at"] = columns["recorded_at"].isoformat() if columns["recorded_at"] else None
    acts = [
        {"standing": told.standing.value, "reason": told.reason, **body_of(told.act.event)} for told in trace.standings
    ]
    return {**columns, "hops": [hop_columns(trace, hop) for hop in trace.hops], "acts": acts}


def _print_json(shown: dict[str, Any], directory: Directory, named: Iterable[str]) -> None:
    whole = {"limits": limits_of(directory), "footnotes": directory.footnotes(named), **shown}
    typer.echo(json.dumps(whole, indent=2, ensure_ascii=False))


def _print_footnotes(directory: Directory, named: Iterable[str]) -> None:
    for code, footnote in directory.footnotes(named).items():
        typer.echo(f"{code}: {footnote}")


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)
