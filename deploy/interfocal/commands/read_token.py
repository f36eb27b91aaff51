"""``interfocal read-token``: which desks may read the shared view by the region's API. It changes with tokens.

A token is printed once, and only its hash is kept, in the regional database. Each that is given out or ended is logged.
"""

from typing import Annotated

import typer

from interfocal.audit.acting import OPERATION, Person, Said
from interfocal.clock import random_token
from interfocal.commands.submit import HERE, As, Var
from interfocal.installation.installation import open_installation
from interfocal.installation.reader import DESK, issue, read_tokens, revoke

HELP = "Add, list and revoke the tokens by which members' desks read the shared view."
TOKENS = "read tokens"

Desk = Annotated[str, typer.Option("--desk", help="Which desk of the member gets it.")]
Number = Annotated[int, typer.Argument(help="The token's number in the list.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("add")(add_token)
    app.command("list")(list_tokens)
    app.command("revoke")(revoke_token)
    program.add_typer(app, name="read-token")


def add_token(member: As, desk: Desk = DESK, person: Person = None, var: Var = HERE) -> None:
    """Make a read token for a member's desk and print it, this once."""
    installation = open_installation(var)
    code = installation.directory.member(member).code
    token = random_token()
    number = issue(installation, code, desk, token, Said(person, OPERATION, TOKENS).acting(installation.directory))
    typer.echo(f"Token {number} for {desk} of {code}; it is shown this once:", err=True)
    typer.echo(token)


def list_tokens(var: Var = HERE) -> None:
    """List every read token that was given out."""
    installation = open_installation(var)
    tokens = read_tokens(installation)
    for token in tokens:
        state = f"revoked {token.revoked_at.isoformat()}" if token.revoked_at else "in use"
        typer.echo(f"{token.number:<6} {token.member:<10} {token.desk:<24} {state}")
    for code, note in installation.directory.footnotes({token.member for token in tokens}).items():
        typer.echo(f"{code}: {note}")


def revoke_token(number: Number, person: Person = None, var: Var = HERE) -> None:
    """End a read token at once."""
    installation = open_installation(var)
    revoke(installation, number, Said(person, OPERATION, TOKENS).acting(installation.directory))
    typer.echo(f"Token {number} is revoked.")
