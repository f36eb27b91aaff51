"""``interfocal provision``: make the topics that the directory calls for. It changes with what is provisioned."""

from pathlib import Path
from typing import Annotated

import typer

from interfocal.installation import open_installation
from interfocal.preparing import make_topics

Var = Annotated[Path, typer.Option(help="Folder of the installation")]


def register(app: typer.Typer) -> None:
    """Add the command ``provision``."""
    app.command("provision")(provision)


def provision(var: Var = Path("var")) -> None:
    """Make the topics of every member and of the region, with their settings; what is there stays."""
    count = make_topics(open_installation(var.resolve()))
    typer.echo(f"{count} topics are there")
