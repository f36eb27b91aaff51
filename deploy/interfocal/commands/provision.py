"""``interfocal provision``: make what an installation needs on a running stack. It changes with what is provisioned."""

from pathlib import Path
from typing import Annotated

import typer

from interfocal.installation.installation import Places, open_installation
from interfocal.installation.preparing import make_topics, prepare
from interfocal.installation.region_folder import open_region

Var = Annotated[Path, typer.Option(envvar="INTERFOCAL_VAR", help="Folder of the installation")]

Region = Annotated[Path | None, typer.Option(help="A new installation's region: a folder; the default region without")]


def register(app: typer.Typer) -> None:
    """Add the command ``provision``."""
    app.command("provision")(provision)


def provision(region: Region = None, var: Var = Path("var")) -> None:
    """Make the topics of every member and of the region, with their settings; what is there stays.

    Where nothing is enrolled yet, the keys, the signed directory and the databases of the region are made first.
    """
    var = var.resolve()
    if Places(var).trust.exists():
        typer.echo(f"{make_topics(open_installation(var))} topics are there")
    else:
        prepare(var, open_region(region), typer.echo)
