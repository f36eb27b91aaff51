"""``interfocal run …``: one process of the exchange in the foreground. It changes with the kinds of process."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from interfocal.installation.endpoints import announce
from interfocal.installation.installation import open_installation
from interfocal.installation.migrating import check_databases
from interfocal.process.logs import configure_logs
from interfocal.process.service import free_port, serve
from interfocal.wiring.desks import wire_desks
from interfocal.wiring.killing import kill_after
from interfocal.wiring.producer import wire_producer
from interfocal.wiring.region import wire_region

Var = Annotated[Path, typer.Option(envvar="INTERFOCAL_VAR", help="Folder of the installation")]
Port = Annotated[int, typer.Option(help="HTTP port on loopback; 0: any free one")]
Members = Annotated[str, typer.Option(help="Codes of members, separated by commas; empty: every member")]
VAR = Path("var")


def register(app: typer.Typer) -> None:
    """Add the group ``run``."""
    group = typer.Typer(help="Run one process of the exchange until SIGTERM.", no_args_is_help=True)
    group.command("producer")(producer)
    group.command("desks")(desks)
    group.command("region")(region)
    app.add_typer(group, name="run")


def producer(members: Members = "", port: Port = 0, var: Var = VAR) -> None:
    """Intake, outbox and relay of one or many members."""
    configure_logs(f"producer {members}")
    installation = open_installation(var.resolve())
    codes, port = _codes(members, installation.desk_urls), port or free_port()
    process = wire_producer(installation, codes, kill_after())
    announce(installation.var, {"producers": dict.fromkeys(codes, address(port))})
    code = serve(process.app, port, process.workers)
    for outbox in process.outboxes:
        outbox.close()
    raise typer.Exit(code)


def desks(members: Members = "", port: Port = 0, var: Var = VAR) -> None:
    """Inbox and receipts of one or many members' desks."""
    configure_logs("desks")
    installation = open_installation(var.resolve())
    codes = _codes(members, installation.desk_urls)
    check_databases(installation.desk_url(code) for code in codes)
    process = wire_desks(installation, codes, kill_after())
    port = port or free_port()
    announce(installation.var, {"desks": address(port)})
    raise typer.Exit(serve(process.app, port, process.workers))


def region(port: Port = 0, var: Var = VAR) -> None:
    """The regional view, the router and the region's relay."""
    configure_logs("region")
    installation = open_installation(var.resolve())
    check_databases([installation.region_url])
    process = wire_region(installation, kill_after())
    port = port or free_port()
    announce(installation.var, {"region": address(port)})
    raise typer.Exit(serve(process.app, port, process.workers))


def address(port: int) -> str:
    """Where a process on this port answers."""
    return f"http://127.0.0.1:{port}"


def _codes(members: str, every: Iterable[str]) -> list[str]:
    given = [code.strip().upper() for code in members.split(",") if code.strip()]
    return given or list(every)
