"""``interfocal api-key``: which systems may submit for a member. It changes with what a key may say.

A key is printed once, and only its hash is kept. A running producer takes the changed file at its next request.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from interfocal.clock import now, random_token
from interfocal.commands.submit import HERE, As, Var
from interfocal.installation.installation import Places, open_directory
from interfocal.installation.secrets import write_private
from producers.ways_in.api_keys import ApiKey, KeyFile, key_sha256, read_key_file
from schemas.errors import Misconfigured

HELP = "Add, list and revoke the API keys of a member's intake."

System = Annotated[str, typer.Option("--system", help="The national system that gets the key.")]
KeyId = Annotated[str, typer.Argument(help="The key's id in the list.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("add")(add_key)
    app.command("list")(list_keys)
    app.command("revoke")(revoke_key)
    program.add_typer(app, name="api-key")


@dataclass(frozen=True, slots=True)
class KeyRegister:
    """One member's key file."""

    path: Path

    def added(self, system: str, key: str) -> ApiKey:
        """Keep the hash of a new key under the next number."""
        keys = read_key_file(self.path).keys
        number = 1 + max((int(known.id) for known in keys if known.id.isdecimal()), default=0)
        new = ApiKey(id=str(number), system=system, sha256=key_sha256(key))
        self._write((*keys, new))
        return new

    def revoke(self, key_id: str) -> None:
        """End a key; raises Misconfigured when there is none with this id. Revoking twice keeps the first instant."""
        keys = read_key_file(self.path).keys
        if not any(known.id == key_id for known in keys):
            raise Misconfigured(f"there is no API key {key_id}; list those there are")
        at = now()
        self._write(
            tuple(
                known.model_copy(update={"revoked_at": known.revoked_at or at}) if known.id == key_id else known
                for known in keys
            )
        )

    def _write(self, keys: tuple[ApiKey, ...]) -> None:
        write_private(self.path, KeyFile(keys=keys).model_dump_json(indent=2).encode())


def add_key(member: As, system: System = "national", var: Var = HERE) -> None:
    """Make a key and print it, this once."""
    key = random_token()
    added = _register(var, member).added(system, key)
    typer.echo(f"Key {added.id} for {system}; it is shown this once:", err=True)
    typer.echo(key)


def list_keys(member: As, var: Var = HERE) -> None:
    """List the member's keys."""
    for key in read_key_file(_register(var, member).path).keys:
        state = f"revoked {key.revoked_at.isoformat()}" if key.revoked_at else "in use"
        typer.echo(f"{key.id:<6} {key.system:<24} {state}")


def revoke_key(key_id: KeyId, member: As, var: Var = HERE) -> None:
    """End a key at once."""
    _register(var, member).revoke(key_id)
    typer.echo(f"Key {key_id} is revoked.")


def _register(var: Path, member: str) -> KeyRegister:
    return KeyRegister(Places(var).member(open_directory(var).member(member).owner) / "api-keys.json")
