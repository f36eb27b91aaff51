"""``interfocal backup``, ``interfocal restore``: what is not in Kafka. It changes with what is shown of them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from consumers.audit.log import Deed, Kind
from interfocal.audit.acting import OPERATION, Person, Said
from interfocal.audit.logs import AuditLog
from interfocal.backup.making import Backup
from interfocal.backup.manifest import What
from interfocal.backup.restoring import Restore
from interfocal.commands.submit import HERE, AsJson, Var
from interfocal.installation.installation import directory_kept, open_installation
from interfocal.limits import limits_of
from schemas.topics import REGION

OfMember = Annotated[str, typer.Option("--as", help="The member whose side it is, as its code; else the region's.")]
Secrets = Annotated[bool, typer.Option("--secrets", help="Back up the secrets, and nothing else.")]
APART = (
    "The keys are not in it. Back them up apart from this: who has both can speak for {owner}.\n"
    "  interfocal backup ANOTHER_FOLDER{option} --secrets"
)


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    member: OfMember = "",
    secrets: Secrets = False,
    person: Person = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Copy what Kafka does not give back into a folder, with a manifest; nothing has to be stopped for it.

    A member's: outbox with rejected records, API keys, settings, the signed directory, what its desk was told of the
    quarantine. The region's: settings, directory, acknowledged gaps, decisions that were not sent yet. With --secrets
    the keys instead, for another medium.
    """
    installation = open_installation(var.resolve())
    owner = installation.directory.member(member).owner if member else REGION
    what = What.SECRETS if secrets else What.DATA
    if not secrets:
        acting = Said(person, OPERATION, "backup").acting(installation.directory, member or None)
        AuditLog(installation, member or None).note(acting, Deed(Kind.EXPORT, {"backup": what.value}))
    manifest = Backup(installation, owner, what, folder.resolve()).run()
    if as_json:
        told = {"limits": limits_of(installation.directory), "folder": str(folder), **manifest.model_dump(mode="json")}
        typer.echo(json.dumps(told, indent=2))
        return
    for file in manifest.files:
        typer.echo(f"{file.bytes:>12,}  {file.path}")
    name = owner.upper() if member else "the region"
    typer.echo(f"{what.value} of {name} are in {folder}: only you can read it; keep it so")
    if not secrets:
        typer.echo(APART.format(owner=name, option=f" --as {owner.upper()}" if member else ""))


def restore(
    folder: Annotated[Path, typer.Argument(help="A backup's folder.")],
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Put a backup back into an installation's folder, and say what to run next; nothing is ever written over.

    Refused for a backup of which anything was changed, and where the owner's files are there already: exit 2.
    """
    done = Restore(folder.resolve(), var.resolve()).run()
    if as_json:
        told = {"owner": done.manifest.owner, "written": done.written, "kept": done.kept, "next": done.next_steps}
        typer.echo(json.dumps({"limits": limits_of(directory_kept(var)), **told}, indent=2))
        return
    for path in done.written:
        typer.echo(f"put back: {path}")
    for path in done.kept:
        typer.echo(f"there already, left as it is: {path}")
    typer.echo("What to do next:")
    for number, step in enumerate(done.next_steps, start=1):
        typer.echo(f"  {number}. {step}")
