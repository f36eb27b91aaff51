"""``interfocal provision``: what the cluster must have, has, and is given. It changes with what is provisioned."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from interfocal.commands.submit import HERE, AsJson, Var
from interfocal.forbidden.trying import try_installation
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation, Places, open_installation
from interfocal.installation.planning import plan_of
from interfocal.installation.preparing import prepare, provisioned
from interfocal.installation.region_folder import open_region
from interfocal.limits import limits_of
from interfocal.provisioning.apply import Applied
from interfocal.provisioning.cluster import opened
from interfocal.provisioning.drift import Drift, drift_of
from interfocal.trust.draft import check_follows

Following = Annotated[
    Path | None,
    typer.Option("--following", help="A signed directory about to be published: what it needs is made before."),
]
Region = Annotated[Path | None, typer.Option(help="A new installation's region: a folder; the default region without")]
MENDS = "`interfocal provision apply` mends it"


def register(app: typer.Typer) -> None:
    """Add the group ``provision``."""
    group = typer.Typer(help="Compare the Kafka cluster with the plan, and mend it.", no_args_is_help=True)
    group.command("plan")(plan_command)
    group.command("apply")(apply_command)
    group.command("try")(try_command)
    app.add_typer(group, name="provision")


def plan_command(as_json: AsJson = False, var: Var = HERE) -> None:
    """Show where plan and cluster differ, and change nothing; exit 1 when they differ."""
    installation = open_installation(var.resolve())
    plan = plan_of(installation)
    with opened(admin_access_of(installation)) as cluster:
        drifts = drift_of(plan, cluster.found(plan))
    if as_json:
        typer.echo(as_text(installation, {"drift": [told(drift) for drift in drifts]}))
    else:
        show(drifts)
        typer.echo(f"{len(plan.topics)} topics are planned; the cluster differs in {len(drifts) or 'nothing'}")
    if drifts:
        raise typer.Exit(1)


def apply_command(region: Region = None, following: Following = None, as_json: AsJson = False, var: Var = HERE) -> None:
    """Make what is missing: topics, settings, users, rights; exit 1 when something waits for a person.

    No topic is ever deleted, and neither partitions nor replicas are changed. What a user may do beyond the plan is
    taken back, and a user whose password is not kept here gets another. Where nothing is enrolled yet, the keys,
    the signed directory and the databases of the region are made first.
    """
    var = var.resolve()
    if not Places(var).trust.file.exists():
        prepare(var, open_region(region), lambda message: typer.echo(message, err=True))
    installation = open_installation(var)
    applied = applied_to(installation, following)
    if as_json:
        altered, left = [told(drift) for drift in applied.altered], [told(drift) for drift in applied.left]
        typer.echo(as_text(installation, {"made": list(applied.made), "altered": altered, "left": left}))
    else:
        show(applied.left)
        typer.echo(f"{len(applied.made)} topics made, {len(applied.altered)} differences mended")
    if applied.left:
        raise typer.Exit(1)


def try_command(as_json: AsJson = False, var: Var = HERE) -> None:
    """Have every user try what nobody gave it, which does no harm; exit 1 when the cluster allows any of it."""
    installation = open_installation(var.resolve())
    tried = try_installation(installation)
    if as_json:
        allowed = [asdict(attempt) for attempt in tried.allowed]
        typer.echo(as_text(installation, {"tried": tried.tried, "allowed": allowed}))
    else:
        for attempt in tried.allowed:
            typer.echo(f"{attempt.principal} may {attempt.operation} {attempt.name}, which nobody gave it")
        typer.echo(f"{tried.tried} forbidden operations tried, {len(tried.allowed)} allowed")
    if tried.allowed:
        raise typer.Exit(1)


def applied_to(installation: Installation, following: Path | None) -> Applied:
    """What applying the plan did; raises Misconfigured, Unsealed, NotTaken or BrokerAway."""
    directory = check_follows(following.read_bytes(), installation.kept) if following else installation.directory
    return provisioned(installation, directory)


def show(drifts: Sequence[Drift]) -> None:
    """One line for each difference."""
    for drift in drifts:
        typer.echo(
            f"{drift.part} {drift.where}: {drift.what} planned {drift.planned}, found {drift.found};"
            f" {drift.person or MENDS} ({drift.code})"
        )


def told(drift: Drift) -> dict[str, Any]:
    """A difference as JSON."""
    return {**asdict(drift), "mended_by_apply": not drift.person}


def as_text(installation: Installation, found: dict[str, Any]) -> str:
    """JSON; topics are named by owners' codes, which need no footnote."""
    return json.dumps({**found, "limits": limits_of(installation.directory), "footnotes": {}}, indent=2)
