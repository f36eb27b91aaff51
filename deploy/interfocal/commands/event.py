"""``interfocal event``: one event with all that proves it, for people outside. It changes with what is taken along."""

import json
from pathlib import Path
from typing import Annotated

import typer

from consumers.audit.log import Deed, Kind
from interfocal.audit.acting import Case, Person, Purpose, Said
from interfocal.audit.logs import AuditLog
from interfocal.commands.explain import ID_FORM
from interfocal.commands.submit import HERE, Var
from interfocal.exporting import applied, applied_at_desk, directory_here, exported
from interfocal.installation.installation import open_installation
from interfocal.installation.secrets import write_private
from interfocal.limits import say_exercise
from interfocal.listing import print_footnotes
from interfocal.wiring.loops import terms_of
from schemas.errors import Misconfigured

HELP = "Take an event along, with its seal and all that is needed to check it without Interfocal."

Desk = Annotated[str | None, typer.Option("--as", help="As the desk of this member has it; else as the region does.")]
Out = Annotated[Path | None, typer.Option("--out", help="A new file, which only you can read; else it is printed.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.callback()(lambda: None)
    app.command("export")(export)
    program.add_typer(app, name="event")


def export(
    event: Annotated[str, typer.Argument(metavar="EVENT_ID", help="Its id, or the first eight signs or more.")],
    out: Out = None,
    desk: Desk = None,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """Write event, seal, schema and signed directory as one JSON file; deploy/README.md says how to check it."""
    if not ID_FORM.fullmatch(event):
        raise Misconfigured(f"{event!r} is no event's id, nor the first eight signs or more of one")
    if out is not None and out.exists():
        raise Misconfigured(f"{out} is there already, and nothing is written over; name another file")
    installation = open_installation(var)
    say_exercise(installation.directory)
    acting = Said(person, purpose, case).acting(installation.directory, desk)
    terms, signed = terms_of(installation), directory_here(installation)
    find = applied_at_desk if desk else applied
    checked = AuditLog(installation, desk).read(
        lambda connection: find(connection, event, terms),
        acting,
        lambda found: Deed(Kind.EXPORT, {"event": found.event.event_id, "topic": found.record.topic}),
    )
    whole = exported(checked, installation.directory, signed)
    text = json.dumps(whole, indent=2, ensure_ascii=False)
    if out is None:
        typer.echo(text)
        return
    write_private(out, text.encode() + b"\n")
    typer.echo(f"{checked.event.event_id} of {checked.event.member} is in {out}, with seal, schema and directory")
    print_footnotes(whole["footnotes"])
