"""``interfocal erase``: takes back the keys to what this member sealed in a trace. It changes with what is erased."""

from typing import Annotated

import typer

from interfocal.commands.desk_printing import print_json, print_notes
from interfocal.commands.desk_sending import sentences
from interfocal.commands.submit import HERE, As, AsJson, Var
from interfocal.desk.acts import DeskActs
from interfocal.desk.erasing import erase as erase_grants
from interfocal.installation.installation import open_installation

LIMIT = "Copies that brokers, people or their backups made before are out of reach; an honest addressee deletes."

TRACE = typer.Argument(help="The trace's id, its beginning, or the asker's own reference.")
Hop = Annotated[int | None, typer.Option("--hop", min=1, help="Only what was granted for this hop.")]
Own = Annotated[bool, typer.Option("--own", help="The own desk's keys too: nobody opens the parts again.")]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("erase")(erase)


def erase(
    trace: Annotated[str, TRACE],
    member: As,
    hop: Hop = None,
    own: Own = False,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Erase the grants of a trace: nobody is given them again, and its addressees delete them and say so.

    Exit 1 where an erasure is rejected.
    """
    desk = DeskActs(open_installation(var), member)
    answers = erase_grants(desk, trace, hop, own=own)
    directory = desk.installation.directory
    if as_json:
        erased = [answer.model_dump(mode="json") for answer in answers]
        print_json({"member": desk.code, "erasures": erased, "limit": LIMIT}, directory)
    else:
        for answer in answers:
            for sentence in sentences(answer):
                typer.echo(f"rejected: {sentence}", err=True)
            if answer.event_id:
                typer.echo(f"{desk.code}: erasure accepted, event {answer.event_id}")
        typer.echo(LIMIT)
        print_notes([desk.code], directory)
    if not all(answer.event_id for answer in answers):
        raise typer.Exit(1)
