"""``interfocal migrate``: bring what is stored to this version of the program. It changes with what is stored."""

import typer

from interfocal.commands.submit import HERE, Var
from interfocal.installation.installation import open_installation
from interfocal.installation.migrating import bring


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate")(migrate)


def migrate(var: Var = HERE) -> None:
    """Bring every database and every outbox to the tables of this version; say what was done.

    Stop the processes first. A database that is missing is made. What a later version of the program has migrated is
    left alone: exit 2.
    """
    for done in bring(open_installation(var.resolve())):
        typer.echo(done.sentence)
