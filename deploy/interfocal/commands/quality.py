"""``interfocal quality``: how complete a member's records are. It changes with what is shown of it."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from interfocal.commands.submit import HERE, As, AsJson, Var, printable
from interfocal.installation.installation import Places, open_directory
from interfocal.limits import limits_of
from interfocal.listing import console, print_footnotes
from producers.outbox import open_read_only
from producers.quality import measure, measured_json
from schemas.marks.reference import load_reference
from schemas.marks.suggest import own_suggest

Month = Annotated[str | None, typer.Option("--month", help="Only this month, as 2026-03.")]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("quality")(quality)


def quality(member: As, month: Month = None, as_json: AsJson = False, var: Var = HERE) -> None:
    """Show completeness per field, ambiguous makes and warnings, by national system and month.

    Counted afresh over the newest revision of each record in the member's own outbox.
    """
    directory = open_directory(var)
    entry = directory.member(member)
    outbox = open_read_only(Places(var).outbox(entry.owner))
    try:
        found = measured_json(measure(outbox.newest(), load_reference(), own_suggest()))
    finally:
        outbox.close()
    found = [one for one in found if month in {None, one["month"]}]
    footnotes = directory.footnotes([entry.code])
    if as_json:
        shown = {"limits": limits_of(directory), "footnotes": footnotes, "member": entry.code, "quality": found}
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for one in found:
        show(one)
    if not found:
        typer.echo("no records")
    print_footnotes(footnotes)


def show(one: dict[str, Any]) -> None:
    """Print one system and month."""
    typer.echo(f"{one['system']} {one['month']}: {one['records']} records")
    table = Table("field", "complete")
    for name, share in one["completeness"].items():
        table.add_row(printable(name), f"{share:.0%}")
    console().print(table)
    makes = ", ".join(f"{count} {kind}" for kind, count in one["makes"].items())
    typer.echo(f"makes: {makes}")
    for code, count in one["warnings"].items():
        typer.echo(f"warnings {code}: {count}")
