"""``interfocal region``: the care of the region's outbox. It changes with what can happen to its log or database."""

import json
from contextlib import closing
from typing import Any

import typer
from rich.table import Table

from consumers.store.connection import connector
from consumers.store.outbox import RegionOutbox
from consumers.store.taking_up import TakenUp
from interfocal.clock import now
from interfocal.commands.submit import HERE, AsJson, Var
from interfocal.installation.installation import Installation, open_installation
from interfocal.limits import limits_of
from interfocal.listing import console
from interfocal.wiring.recovery import Recovery
from interfocal.wiring.region import sending_topics
from schemas.errors import NotOurs

HELP = "Care for the region's outbox: after Kafka has lost what it had acknowledged."


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.callback()(lambda: None)
    app.command("recover")(recover)
    program.add_typer(app, name="region")


def recover(as_json: AsJson = False, var: Var = HERE) -> None:
    """Compare the region's outbox with its topics; what these have lost waits again. The region must not run.

    A database that was lost or restored needs no command: the region takes up its log when it starts.
    """
    installation = open_installation(var.resolve())
    settled = settle(installation)
    if as_json:
        whole = {"limits": limits_of(installation.directory), "topics": [shown(told) for told in settled]}
        typer.echo(json.dumps(whole, indent=2))
        return
    table = Table("topic", "events", "found sent", "lost, wait again", "goes on")
    for told in settled:
        goes_on = (
            f"in life {told.life}, after number {told.after[1]} of life {told.after[0]}" if told.after else "as before"
        )
        table.add_row(told.topic, str(told.events), str(told.marked), str(told.lost), goes_on)
    console().print(table)


def settle(installation: Installation) -> list[TakenUp]:
    """Settle every topic of the region while no relay runs; raises NotOurs when one does."""
    recovery = Recovery(installation, sending_topics(installation))
    outbox = RegionOutbox(connector(installation.region_url, "region.recovery"), now)
    with closing(outbox), closing(recovery.reader()) as reader:
        if not outbox.lease():
            raise NotOurs("a region process is sending from this outbox: stop it first")
        return list(recovery.settle(reader, recovery.topics, whole=True))


def shown(told: TakenUp) -> dict[str, Any]:
    """One topic, for other programs."""
    after = {"life": told.after[0], "number": told.after[1]} if told.after else None
    return {
        "topic": told.topic,
        "events": told.events,
        "found_sent": told.marked,
        "lost": told.lost,
        "new_life": told.life,
        "after": after,
    }
