"""The program ``interfocal``: one thin file a command group. It changes when a group is added.

A group's file has ``register(app)``, which adds its commands; ``COMMANDS`` says which file a command is in.
"""

import gc
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import typer

from schemas.errors import ExchangeError, NotOurs, Stop

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "up": "stack",
        "down": "stack",
        "status": "stack",
        "doctor": "doctor",
        "config": "config",
        "top": "top",
        "provision": "provision",
        "migrate": "migrate",
        "run producer": "run_producer",
        "run desks": "run_desks",
        "run region": "run_region",
        "submit": "submit",
        "rejected": "rejected",
        "producer": "producer",
        "member": "member",
        "directory": "directory",
        "mapping": "mapping",
        "quality": "quality",
        "api-key": "api_key",
        "read-token": "read_token",
        "view": "view",
        "explain": "explain",
        "event": "event",
        "export": "export",
        "inbox": "inbox",
        "trace": "trace",
        "erase": "erase",
        "quarantine": "quarantine",
        "ledger": "ledger",
        "audit": "audit",
        "rebuild": "rebuild",
        "backup": "backup",
        "restore": "backup",
        "region": "region",
        "tail": "tail",
        "schemas": "schemas",
        "demo": "demo",
    }
)
"""Command -> its file here. Only the file that is asked for is imported: a process starts sooner, and is smaller."""
STOPPED, FAILED, INTERRUPTED = 2, 1, 130


def main() -> None:
    """Run the program on the process's arguments and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code: 0; 2 where a person has to act or the command was misused; 1 for every other failure.

    Ctrl-C ends with 130. An error of ours is one sentence on stderr, never a traceback.
    """
    try:
        check_packages_are_ours()
        build_app(files_for(arguments))(arguments, prog_name="interfocal")
    except ExchangeError as error:
        typer.echo(f"interfocal: {error}", err=True)
        return STOPPED if isinstance(error, Stop) else FAILED
    except OSError as error:  # a folder that cannot be made or written, a file that cannot be read
        typer.echo(f"interfocal: {error.filename or 'this machine'}: {error.strerror or error}", err=True)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILED
    return 0


def files_for(arguments: Sequence[str]) -> Sequence[str]:
    """The one file of the command that is asked for; those of all it could be where it is not said, as for help."""
    asked = [words for words in (" ".join(arguments[:2]), *arguments[:1]) if words in COMMANDS]
    group = [words for words in COMMANDS if words.split()[0] in arguments[:1]]
    return tuple(dict.fromkeys(COMMANDS[words] for words in asked[:1] or group or COMMANDS))


def build_app(files: Sequence[str] = tuple(dict.fromkeys(COMMANDS.values()))) -> typer.Typer:
    """The program with the command groups of these files; with all of them when none are named."""
    app = typer.Typer(
        help="Jurisdictions exchange firearm seizure and tracing events.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(lambda: None)
    gc.disable()  # what is imported stays: looking for garbage in it is an eighth of a start
    try:
        for name in files:
            import_module(f"interfocal.commands.{name}").register(app)
    finally:
        gc.enable()
    return app


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
