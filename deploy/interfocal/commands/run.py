"""``interfocal run …``: one process of the exchange in the foreground. It changes with the kinds of process."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from interfocal.installation.access import server_certificate_of
from interfocal.installation.endpoints import announce
from interfocal.installation.installation import Installation, open_installation
from interfocal.installation.migrating import check_databases
from interfocal.process.logs import configure_logs
from interfocal.process.service import Wired, free_port, serve
from interfocal.wiring.desks import wire_desks
from interfocal.wiring.directory import directory_worker
from interfocal.wiring.killing import kill_after
from interfocal.wiring.producer import wire_producer
from interfocal.wiring.region import wire_region
from schemas.rights import REGION_PRINCIPAL, desk_of, producer_of

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
    var, port, reached = var.resolve(), port or free_port(), kill_after()

    def wire(installation: Installation) -> Wired:
        codes = _codes(members, installation.desk_urls)
        announce(var, {"producers": dict.fromkeys(codes, address(port))})
        return wire_producer(installation, codes, reached)

    _serve(var, port, wire, lambda installation: producer_of(_first(members, installation)))


def desks(members: Members = "", port: Port = 0, var: Var = VAR) -> None:
    """Inbox and receipts of one or many members' desks."""
    configure_logs("desks")
    var, port, reached = var.resolve(), port or free_port(), kill_after()

    def wire(installation: Installation) -> Wired:
        codes = _codes(members, installation.desk_urls)
        check_databases(installation.desk_url(code) for code in codes)
        announce(var, {"desks": address(port)})
        return wire_desks(installation, codes, reached)

    _serve(var, port, wire, lambda installation: desk_of(_first(members, installation)))


def region(port: Port = 0, var: Var = VAR) -> None:
    """The regional view, the router and the region's relay."""
    configure_logs("region")
    var, port, reached = var.resolve(), port or free_port(), kill_after()

    def wire(installation: Installation) -> Wired:
        check_databases([installation.region_url])
        announce(var, {"region": address(port)})
        return wire_region(installation, reached)

    _serve(var, port, wire, lambda _installation: REGION_PRINCIPAL)


def address(port: int) -> str:
    """Where a process on this port answers."""
    return f"https://127.0.0.1:{port}"


def _serve(
    var: Path, port: int, wire: Callable[[Installation], Wired], principal: Callable[[Installation], str]
) -> None:
    """Serve what is wired by the directory in force, which ``principal`` reads, and wire it anew by another one."""

    def wired(wire_anew: Callable[[], None]) -> Wired:
        installation = open_installation(var)
        process = wire(installation)
        return replace(
            process, workers=[*process.workers, directory_worker(installation, principal(installation), wire_anew)]
        )

    raise typer.Exit(serve(wired, port, server_certificate_of(open_installation(var))))


def _codes(members: str, every: Iterable[str]) -> list[str]:
    given = [code.strip().upper() for code in members.split(",") if code.strip()]
    return given or list(every)


def _first(members: str, installation: Installation) -> str:
    """Of several members the one as whom the process follows the directory."""
    return installation.directory.member(_codes(members, installation.desk_urls)[0]).owner
