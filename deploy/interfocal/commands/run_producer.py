"""``interfocal run producer``: members' sides of the exchange. It changes with what that process is given."""

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
from interfocal.process.logs import configure_logs
from interfocal.process.service import Wired, free_port
from interfocal.wiring.killing import kill_after
from interfocal.wiring.producer import wire_producer
from schemas.rights import producer_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_to_run(app, producer)


def producer(members: Members = "", port: Port = 0, var: Var = VAR) -> None:
    """Intake, outbox and relay of one or many members."""
    configure_logs(f"producer {members}")
    var, port, reached = var.resolve(), port or free_port(), kill_after()

    def wire(installation: Installation) -> Wired:
        codes = codes_of(members, installation.desk_urls)
        announce(var, {"producers": dict.fromkeys(codes, address(port))})
        return wire_producer(installation, codes, reached)

    serve_installation(var, port, wire, lambda installation: producer_of(first_of(members, installation)))
