"""``interfocal producer``: the care of a member's outbox. It changes with what can happen to its disk."""

import json
from collections.abc import Iterator
from typing import Any

import typer
from rich.table import Table

from interfocal.commands.submit import HERE, As, AsJson, Var
from interfocal.installation.installation import open_installation
from interfocal.limits import limits_of
from interfocal.listing import console
from interfocal.member.recovering import recover_member, recovered_json

HELP = "Care for a member's outbox: after the loss or the restore of its disk."
SENTENCES = {
    "renumbered": "{key} was accepted under a number that the topic had given away: it is event {value} now",
    "said_already": "{key} was accepted again, and says what the topic says already",
    "rejected": "{key} cannot be sent any more ({value}); it is among the rejected records",
    "two_values": "{key} stands on the topic with two values; readers take one of them",
    "unreadable": "{key} stands on the topic and cannot be read; a new export may say it again",
}


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.callback()(lambda: None)
    app.command("recover")(recover)
    program.add_typer(app, name="producer")


def recover(member: As, as_json: AsJson = False, var: Var = HERE) -> None:
    """Rebuild index, revisions and chain of a member's outbox from its topics; its producer must not run.

    What was accepted and is not on the topics waits again. Where outbox and topic differed, sending goes on in a new
    life of the chain, and what was lost is named.
    """
    installation = open_installation(var.resolve())
    told = recovered_json(recover_member(installation, member.upper()))
    if as_json:
        typer.echo(json.dumps({"limits": limits_of(installation.directory), **told}, indent=2))
        return
    table = Table("topic", "events", "restored", "goes on")
    for one in told["topics"]:
        table.add_row(one["topic"], str(one["events"]), str(one["restored"]), _life(one))
    console().print(table)
    for line in lines(told):
        typer.echo(line)
    typer.echo(f"{told['waiting']} events wait to be sent.")


def lines(told: dict[str, Any]) -> Iterator[str]:
    """What a person should know beside the table, a sentence each."""
    for one in told["topics"]:
        for number in one["lost"]:
            yield f"{one['topic']}: number {number['number']} of life {number['life']} was announced and is lost"
        for span in one["missing"]:
            yield f"{one['topic']}: numbers {span['first']} to {span['last']} of life {span['life']} are not on it"
        for event in one["forked"]:
            yield f"{one['topic']}: {event} shares its number with another event"
    for name, sentence in SENTENCES.items():
        found = told[name]
        pairs = found.items() if isinstance(found, dict) else ((key, "") for key in found)
        yield from (sentence.format(key=key, value=value) for key, value in pairs)


def _life(one: dict[str, Any]) -> str:
    if one["new_life"] is None:
        return "as before"
    after = one["after"]
    return f"in life {one['new_life']}, after number {after['number']} of life {after['life']}"
