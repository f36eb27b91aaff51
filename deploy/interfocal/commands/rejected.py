"""``interfocal rejected``: what a member's intake did not accept, and why. It changes with what is kept of it."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from interfocal.commands.rejected_mending import Language, export_rejected, resubmit_rejected
from interfocal.commands.submit import HERE, PIPE_WIDTH, As, AsJson, Var, printable
from interfocal.installation.installation import Places, open_directory
from interfocal.limits import limits_of, say_exercise
from interfocal.listing import print_footnotes
from producers.intake.rejected import KeptRejection, kept_rejection
from producers.outbox import OutboxReading, open_read_only
from schemas.directory import Directory
from schemas.errors import Rejected
from schemas.messages.sentences import reading_language

HELP = "List, show and mend the records that a member's intake did not accept. Nothing of them leaves the member."

Number = Annotated[int, typer.Argument(help="The number in the list.")]
Closed = Annotated[bool, typer.Option("--closed", help="Also those that were accepted since.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("list")(list_rejected)
    app.command("show")(show_rejected)
    app.command("resubmit")(resubmit_rejected)
    app.command("export")(export_rejected)
    program.add_typer(app, name="rejected")


def list_rejected(
    member: As,
    closed: Closed = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 1000,
    language: Language = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """List a member's rejected records, the newest first."""
    directory = open_directory(var)
    spoken = reading_language(directory.member(member).languages, language)
    say_exercise(directory)
    outbox = _outbox(var, directory, member)
    kept = [kept_rejection(one, spoken) for one in outbox.rejected(closed=closed, limit=limit)]
    outbox.close()
    if as_json:
        rows = [one.model_dump(mode="json") for one in kept]
        shown = {"limits": limits_of(directory), "footnotes": footnotes(directory, member), "rejected": rows}
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    table = Table("number", "stream", "source", "row", "record", "column", "reason")
    for one in kept:
        for found in one.problems:
            row = found.parameters.get("row", str(one.row or ""))
            cells = (one.source, row, one.national_id, found.parameters.get("column", ""), found.message)
            table.add_row(str(one.id), one.stream, *map(printable, cells))
    _console().print(table)
    typer.echo(f"{len(kept)} rejected records.")
    print_footnotes(footnotes(directory, member))


def show_rejected(
    number: Number, member: As, language: Language = None, as_json: AsJson = False, var: Var = HERE
) -> None:
    """Show one rejected record: each problem, and the national record as it was sent."""
    directory = open_directory(var)
    spoken = reading_language(directory.member(member).languages, language)
    say_exercise(directory)
    outbox = _outbox(var, directory, member)
    found = outbox.find_rejected(number)
    outbox.close()
    if found is None:
        raise Rejected(f"there is no rejected record {number} of {member.upper()}; list those there are")
    kept = kept_rejection(found, spoken)
    if as_json:
        told = {"limits": limits_of(directory), "footnotes": footnotes(directory, member)}
        shown = {**told, **kept.model_dump(mode="json")}
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    _print_rejection(kept)
    print_footnotes(footnotes(directory, member))


def footnotes(directory: Directory, member: str) -> Mapping[str, str]:
    """What is due wherever this member is named."""
    return directory.footnotes([directory.member(member).code])


def _print_rejection(kept: KeptRejection) -> None:
    console = _console()
    at = datetime.fromisoformat(kept.rejected_at)
    told = f"{kept.stream} {kept.national_id} from {kept.source}, row {kept.row}, {at:%Y-%m-%d %H:%M} UTC"
    console.print(printable(told))
    if kept.closed_by:
        console.print(printable(f"accepted since, as event {kept.closed_by}"))
    for found in kept.problems:
        where = f" (column {found.parameters['column']})" if "column" in found.parameters else ""
        console.print(printable(f"- {found.message}{where}"))
    table = Table("column", "value")
    for column, value in kept.record.items():
        table.add_row(printable(column), printable(value if isinstance(value, str) else json.dumps(value)))
    console.print(table)


def _outbox(var: Path, directory: Directory, member: str) -> OutboxReading:
    return open_read_only(Places(var).outbox(directory.member(member).owner))


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)
