"""``interfocal run region``: the region's process. It changes with what that process is given."""

import typer

from interfocal.commands.run_process import VAR, Port, Var, add_to_run, address, serve_installation
from interfocal.installation.endpoints import announce
from interfocal.installation.installation import Installation
from interfocal.installation.tables import check_databases
from interfocal.process.logs import configure_logs
from interfocal.process.service import Wired, free_port
from interfocal.wiring.killing import kill_after
from interfocal.wiring.region import wire_region
from schemas.rights import REGION_PRINCIPAL


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_to_run(app, region)


def region(port: Port = 0, var: Var = VAR) -> None:
    """The regional view, the router and the region's relay."""
    configure_logs("region")
    var, port, reached = var.resolve(), port or free_port(), kill_after()

    def wire(installation: Installation) -> Wired:
        check_databases([installation.region_url])
        announce(var, {"region": address(port)})
        return wire_region(installation, reached)

    serve_installation(var, port, wire, lambda _installation: REGION_PRINCIPAL)
