"""``interfocal config check``: the settings as they are, and what is wrong with them. It changes with what is shown."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from interfocal.commands.submit import HERE, AsJson, Var, printable
from interfocal.installation.settings_told import SettingsTold, told_settings
from interfocal.listing import console

Problems = Annotated[bool, typer.Option("--problems", help="Show only what is wrong.")]


def register(program: typer.Typer) -> None:
    """Add the group ``config``."""
    group = typer.Typer(help="Look at the settings of an installation.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command("check")(check)
    program.add_typer(group, name="config")


def check(problems: Problems = False, as_json: AsJson = False, var: Var = HERE) -> None:
    """Show each setting with its source, secrets masked, and what is wrong; exit 1 when they cannot be used so."""
    told = told_settings(var.resolve())
    if as_json:
        typer.echo(json.dumps(asdict(told) | {"footnotes": {}}, indent=2))
    else:
        show(told, only_problems=problems, var=var)
    if told.problems:
        raise typer.Exit(1)


def show(told: SettingsTold, *, only_problems: bool, var: Path) -> None:
    """A table of the settings, then a line for each problem."""
    if not only_problems:
        table = Table("setting", "value", "from")
        for one in told.settings:
            table.add_row(*map(printable, (one.name, one.value, one.source)))
        console().print(table)
    for problem in told.problems:
        typer.echo(f"{printable(problem.sentence).plain}  ->  {problem.mend}")
    if not told.problems:
        typer.echo(f"The settings of {var} can be used.")
