"""What the commands ``interfocal run …`` share. It changes with what every process of the exchange does at its start.

Each kind of process has a file of its own, so that a process imports what its kind is made of, and nothing else.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from interfocal.installation.access import server_certificate_of
from interfocal.installation.installation import Installation, open_installation
from interfocal.process.own_memory import settle_memory
from interfocal.process.service import Wired, serve
from interfocal.wiring.directory import directory_worker

NAME = "run"
Var = Annotated[Path, typer.Option(envvar="INTERFOCAL_VAR", help="Folder of the installation")]
Port = Annotated[int, typer.Option(help="HTTP port on loopback; 0: any free one")]
Members = Annotated[str, typer.Option(help="Codes of members, separated by commas; empty: every member")]
VAR = Path("var")


def add_to_run(app: typer.Typer, process: Callable[..., None]) -> None:
    """Add one kind of process to the group ``run``, which the first of them makes."""
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    group = groups.get(NAME)
    if group is None:
        group = typer.Typer(help="Run one process of the exchange until SIGTERM.", no_args_is_help=True)
        app.add_typer(group, name=NAME)
    group.command()(process)


def serve_installation(
    var: Path, port: int, wire: Callable[[Installation], Wired], principal: Callable[[Installation], str]
) -> None:
    """Serve what is wired by the directory in force, which ``principal`` reads, and wire it anew by another one."""

    def wired(wire_anew: Callable[[], None]) -> Wired:
        installation = open_installation(var)
        process = wire(installation)
        return replace(
            process, workers=[*process.workers, directory_worker(installation, principal(installation), wire_anew)]
        )

    settle_memory()
    raise typer.Exit(serve(wired, port, server_certificate_of(open_installation(var))))


def address(port: int) -> str:
    """Where a process on this port answers."""
    return f"https://127.0.0.1:{port}"


def codes_of(members: str, every: Iterable[str]) -> list[str]:
    """The members that are asked for, or every one."""
    given = [code.strip().upper() for code in members.split(",") if code.strip()]
    return given or list(every)


def first_of(members: str, installation: Installation) -> str:
    """Of several members the one as whom the process follows the directory."""
    return installation.directory.member(codes_of(members, installation.desk_urls)[0]).owner
