"""``interfocal ledger lines``: where the region's head named no heartbeat of a member. It changes with the witness."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from consumers.heads.own_line import acknowledge_line, witness
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.commands.submit import As
from interfocal.installation.installation import Installation, open_installation
from interfocal.listing import print_footnotes
from interfocal.watching.figures import asked
from schemas.errors import Misconfigured

Var = Annotated[Path, typer.Option(envvar="INTERFOCAL_VAR", help="Folder of the installation")]


def list_lines(var: Var = Path("var")) -> None:
    """List the region's heads whose line names no heartbeat that a desk here has seen; exit 1 if there are any."""
    installation = open_installation(var.resolve())
    found = list(unknown_lines(installation))
    for code, head, at in found:
        typer.echo(f"{code} {head} of {at.isoformat(timespec='seconds')}")
    typer.echo(f"{len(found)} lines that name no heartbeat and that nobody has acknowledged.")
    print_footnotes(installation.directory.footnotes(code for code, _, _ in found))
    if found:
        raise typer.Exit(1)


def acknowledge_unknown(
    head: Annotated[str, typer.Argument(help="The head, as `interfocal ledger lines` names it.")],
    member: As,
    because: Annotated[str, typer.Option("--because", help="What became of it, in a few words.")],
    by: Annotated[str, typer.Option("--by", help="Your own mark, no name.")],
    var: Var = Path("var"),
) -> None:
    """Acknowledge that a head named no heartbeat of a member."""
    installation = open_installation(var.resolve())
    code = installation.directory.member(member).code
    with closing(Session(connector(installation.desk_url(code), "ledger"))) as session:
        known = session.transact(lambda transaction: acknowledge_line(transaction, head, by, because))
    if not known:
        raise Misconfigured(f"no line of head {head} waits to be acknowledged: see `interfocal ledger lines`")
    typer.echo(f"The line of head {head} is acknowledged.")


def unknown_lines(installation: Installation) -> Iterator[tuple[str, str, datetime]]:
    """Member, head, and when the broker had it, of every desk that is here."""
    for code, url in installation.desk_urls.items():
        yield from ((code, head, at) for head, at in asked(url, witness).unknown.items())
