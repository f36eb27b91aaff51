"""``interfocal up``, ``down``, ``status``: the local Kafka and PostgreSQL. It changes with what the stack offers."""

from pathlib import Path
from typing import Annotated

import typer

from interfocal.installation.endpoints import read_endpoints
from interfocal.installation.installation import Places, directory_kept
from interfocal.installation.settings import load_settings
from interfocal.installation.targets import write_targets
from interfocal.limits import say_exercise
from interfocal.stack import down, status, up

Var = Annotated[
    Path, typer.Option("--var", envvar="INTERFOCAL_VAR", help="The folder that holds everything that runs.")
]
PostgresUrl = Annotated[
    str | None,
    typer.Option("--postgres-url", help="Use this server, and start none; else the setting postgres.url."),
]
Brokers = Annotated[
    int | None, typer.Option("--brokers", help="Of Kafka: 1 or 3; without, as many as there were here, else one.")
]
Wipe = Annotated[bool, typer.Option("--wipe", help="Delete the servers' data too.")]
HERE = Path("var")


def register(app: typer.Typer) -> None:
    """Add the three commands."""
    app.command("up")(start)
    app.command("down")(stop)
    app.command("status")(show)


def start(var: Var = HERE, postgres_url: PostgresUrl = None, brokers: Brokers = None) -> None:
    """Start Kafka and PostgreSQL on loopback, and return when all answer. Safe to call again."""
    url = postgres_url or load_settings(var).postgres.url or None
    up(var, brokers=brokers, postgres_url=url, progress=lambda message: typer.echo(message, err=True))
    write_targets(var, read_endpoints(var) if Places(var).endpoints.exists() else {})
    say_exercise(directory_kept(var))
    show(var)


def stop(var: Var = HERE, wipe: Wipe = False) -> None:
    """Stop what `up` started under this folder, and nothing else."""
    stopped = down(var, wipe=wipe)
    typer.echo(f"Stopped: {', '.join(stopped)}" if stopped else "Nothing was running.")


def show(var: Var = HERE) -> None:
    """Show each server's address and whether it runs; exit 1 unless all run."""
    services = status(var)
    for service in services:
        state = f"up, process {service.pid}" if service.pid else "up" if service.running else "not running"
        typer.echo(f"{service.name:<10} {service.address:<48} {state}")
    if not services:
        typer.echo("Nothing is up: run `interfocal up`.")
    if not services or not all(service.running for service in services):
        raise typer.Exit(1)
