"""``interfocal run desks``: members' desks. It changes with what that process is given."""

import typer

from interfocal.commands.run_process import (
    VAR,
    Members,
    Port,
    Var,
    add_to_run,
    address,
    codes_of,
    first_of,
    serve_installation,
)
from interfocal.installation.endpoints import announce
from interfocal.installation.installation import Installation
from interfocal.installation.tables import check_databases
from interfocal.process.logs import configure_logs
from interfocal.process.service import Wired, free_port
from interfocal.wiring.desks import wire_desks
from interfocal.wiring.killing import kill_after
from schemas.rights import desk_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_to_run(app, desks)


def desks(members: Members = "", port: Port = 0, var: Var = VAR) -> None:
    """Inbox and receipts of one or many members' desks."""
    configure_logs("desks")
    var, port, reached = var.resolve(), port or free_port(), kill_after()

    def wire(installation: Installation) -> Wired:
        codes = codes_of(members, installation.desk_urls)
        check_databases(installation.desk_url(code) for code in codes)
        announce(var, {"desks": address(port)})
        return wire_desks(installation, codes, reached)

    serve_installation(var, port, wire, lambda installation: desk_of(first_of(members, installation)))
