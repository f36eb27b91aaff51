"""``interfocal top``: a live view of members, streams and processes. It changes with what fits on a screen."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from interfocal.clock import now
from interfocal.commands.submit import HERE, AsJson, Var
from interfocal.doctor.of_flow import LATE_S, span
from interfocal.installation.installation import Installation, open_half
from interfocal.limits import limits_of
from interfocal.listing import console
from interfocal.watching.board import SHOWN_STREAMS, Board, MemberLine, StreamLine, read_board
from interfocal.watching.figures import Waiting
from interfocal.watching.validity import SOON
from schemas.directory import Directory

Once = Annotated[bool, typer.Option("--once", help="Print one picture and end.")]
EVERY_S = 1.0
UNKNOWN = "-"
GOOD, BAD, QUIET = "green", "bold red", "dim"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("top")(top)


def top(once: Once = False, as_json: AsJson = False, var: Var = HERE) -> None:
    """Show members, streams, lag, outboxes, quarantine and traces, again every second until Ctrl-C."""
    installation = open_half(var.resolve())
    if as_json:
        typer.echo(json.dumps(document(installation, read_board(installation, now())), indent=2, ensure_ascii=False))
    elif once:
        console().print(picture(installation, read_board(installation, now())))
    else:
        watch(installation, Console())


def watch(installation: Installation, screen: Console) -> None:
    """Draw anew every second; Ctrl-C ends it."""
    with suppress(KeyboardInterrupt), Live(console=screen, screen=screen.is_terminal, auto_refresh=False) as live:
        while True:
            live.update(picture(installation, read_board(installation, now())), refresh=True)
            time.sleep(EVERY_S)


def picture(installation: Installation, board: Board) -> RenderableType:
    """Everything of one moment: members, processes, the region, what could not be read, footnotes."""
    notes = installation.directory.footnotes(line.code for line in board.members)
    return Group(
        Text(f"{installation.directory.title}, {now():%Y-%m-%d %H:%M:%S} UTC. Counts since each process started."),
        members_table(board),
        Text.assemble("processes  ", *_processes(board)),
        Text(f"traces     {_counts(board.traces)}"),
        Text.assemble("directory  ", _directory(installation.directory)),
        Text.assemble("region     ", *_region(board)),
        *(Text(trouble, style=BAD) for trouble in board.troubles),
        *(Text(f"{code}: {note}", style=QUIET) for code, note in notes.items()),
    )


def members_table(board: Board) -> Table:
    """One row a member."""
    table = Table("member", "heartbeat", "outbox", box=None, pad_edge=False, header_style="bold")
    for stream in SHOWN_STREAMS:
        table.add_column(f"{stream}\nacc  pub  fold  lag", justify="right")
    for name in ("inbox\nlag", "quaran-\ntine"):
        table.add_column(name, justify="right")
    for line in board.members:
        streams = [_stream(line.streams[stream]) for stream in SHOWN_STREAMS]
        inbox, quarantine = _number(line.inbox_lag, bad=True), _number(line.quarantine, bad=True)
        table.add_row(line.code, _heartbeat(line), _outbox(line.outbox), *streams, inbox, quarantine)
    return table


def document(installation: Installation, board: Board) -> dict[str, Any]:
    """The same for programs; of processes their names, addresses and whether each is ready."""
    processes = [{"process": p.process, "address": p.address, "ready": p.ready} for p in board.processes]
    whole = {name: value for name, value in asdict(board).items() if name != "processes"}
    footnotes = installation.directory.footnotes(line.code for line in board.members)
    in_force = {"version": installation.directory.version, "expires_at": installation.directory.expires_at.isoformat()}
    whole |= {"processes": processes, "directory": in_force}
    return {**whole, "limits": limits_of(installation.directory), "footnotes": footnotes}


def _stream(line: StreamLine) -> Text:
    counts = "".join(f"{_digits(value):>5}" for value in (line.accepted, line.published, line.folded))
    return Text.assemble(counts, " ", _number(line.lag, bad=True, width=4))


def _heartbeat(line: MemberLine) -> Text:
    if line.heartbeat_s is None:
        return Text("none yet", style=BAD)
    return Text(span(line.heartbeat_s), style=BAD if line.heartbeat_s > LATE_S else GOOD)


def _outbox(waiting: Waiting | None) -> Text:
    if waiting is None:
        return Text(UNKNOWN, style=QUIET)
    if not waiting.count:
        return Text("empty", style=QUIET)
    return Text(f"{waiting.count}, {span(waiting.oldest_s)}", style=BAD if waiting.oldest_s > LATE_S else "")


def _number(value: float | None, *, bad: bool = False, width: int = 0) -> Text:
    style = QUIET if not value else BAD if bad else ""
    return Text(f"{_digits(value):>{width}}", style=style)


def _digits(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f}"


def _processes(board: Board) -> list[Text]:
    if not board.processes:
        return [Text("none was ever started here", style=BAD)]
    states = {True: GOOD, False: "yellow"}
    shown = [Text(f"{p.process}  ", style=BAD if p.samples is None else states[p.ready]) for p in board.processes]
    return [*shown, Text("(green: ready, yellow: not yet, red: away)", style=QUIET)]


def _region(board: Board) -> list[Text]:
    if board.work is None or board.gaps is None or board.paused is None:
        return [Text("its database does not answer", style=BAD)]
    facts = [("work that waits for a decision", board.work), ("gaps in chains", board.gaps)]
    shown = [Text(f"{count} {name}, ", style=BAD if count else QUIET) for name, count in facts]
    paused = f"paused: {', '.join(board.paused)}" if board.paused else "no topic paused"
    return [*shown, Text(paused, style=BAD if board.paused else QUIET)]


def _directory(directory: Directory) -> Text:
    left = directory.expires_at - now()
    until = "has expired" if left <= timedelta() else f"expires in {span(left.total_seconds())}"
    return Text(f"version {directory.version}, which {until}", style=BAD if left < SOON else QUIET)


def _counts(counts: Mapping[str, int] | None) -> str:
    if counts is None:
        return UNKNOWN
    return ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(counts.items())) or "none"
