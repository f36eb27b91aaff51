"""The program ``interfocal``: one thin file a command group. It changes when a group is added.

A group's file has ``register(app)``, which adds its commands; ``GROUPS`` lists the files.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import typer

from interfocal.commands import api_key, inbox, quarantine, rejected, stack, submit, trace, view
from interfocal.commands import demo as demo_command
from interfocal.commands import ledger as ledger_command
from interfocal.commands import provision as provision_command
from interfocal.commands import run as run_command
from interfocal.commands import schemas as schemas_command
from interfocal.limits import EXERCISE_NOTICE
from schemas.errors import ExchangeError, NotOurs, Stop

GROUPS: tuple[Callable[[typer.Typer], None], ...] = (
    stack.register,
    schemas_command.register,
    submit.register,
    rejected.register,
    api_key.register,
    run_command.register,
    ledger_command.register,
    provision_command.register,
    demo_command.register,
    inbox.register,
    trace.register,
    view.register,
    quarantine.register,
)
STOPPED, FAILED = 2, 1


def main() -> None:
    """Run the program on the process's arguments and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code: 0; 2 where a person has to act or the command was misused; 1 for every other failure.

    An error of ours is one sentence on stderr, never a traceback.
    """
    try:
        check_packages_are_ours()
        build_app()(arguments, prog_name="interfocal")
    except ExchangeError as error:
        typer.echo(f"interfocal: {error}", err=True)
        return STOPPED if isinstance(error, Stop) else FAILED
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILED
    return 0


def build_app() -> typer.Typer:
    """The program with every command group."""
    app = typer.Typer(
        help="Jurisdictions exchange firearm seizure and tracing events.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(warn_exercise_only)
    for register in GROUPS:
        register(app)
    return app


def warn_exercise_only() -> None:
    """Jurisdictions exchange firearm seizure and tracing events. Exercise data only."""
    typer.echo(EXERCISE_NOTICE, err=True)


def check_packages_are_ours() -> None:
    """Raise NotOurs if a package with one of our bare names is loaded from another distribution."""
    ours = _folder("interfocal")
    homes = {ours.parent, ours.parent.parent}  # installed beside each other, or in the checkout under deploy/
    for name in ("schemas", "producers", "consumers"):
        if _folder(name).parent not in homes:
            raise NotOurs(
                f"The package {name} is loaded from {_folder(name)}, which is not Interfocal's: "
                "install Interfocal in a virtual environment of its own."
            )


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise NotOurs(f"The package {package} is missing or not Interfocal's: install Interfocal anew.")
    return Path(spec.origin).resolve().parent
