"""``interfocal ledger verify``: the proof that nothing is lost or doubled. It changes with what is shown of it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from consumers.store import chains
from consumers.store.missing_offsets import MissingOffsets
from interfocal.commands.ledger_lines import acknowledge_unknown, list_lines
from interfocal.installation.installation import open_installation
from interfocal.ledger.acknowledging import acknowledge_numbers, acknowledge_offsets
from interfocal.ledger.log import gap_place, offsets_place
from interfocal.ledger.stores import open_store
from interfocal.ledger.verify import report, verify
from interfocal.limits import limits_of
from interfocal.listing import print_footnotes
from schemas.topics import owner_of
from schemas.trust.gaps import Gap

Var = Annotated[Path, typer.Option(envvar="INTERFOCAL_VAR", help="Folder of the installation")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the whole report as JSON")]
Because = Annotated[str, typer.Option("--because", help="What happened to them, in a few words.")]
By = Annotated[str, typer.Option("--by", help="Your own mark, no name.")]
ROWS = (
    ("accepted", "accepted by intakes (events of seizure, missing and trace)"),
    ("published", "of these on the log"),
    ("in_view", "of these in the view, each row as the log makes it"),
    ("quarantined", "of these in quarantine, with a reason"),
    ("waiting", "of these still in an outbox"),
    ("rejected", "records not accepted, kept at their senders"),
    ("foreign", "records on topics without a valid seal: nobody's"),
)


def register(app: typer.Typer) -> None:
    """Add the group ``ledger``."""
    group = typer.Typer(help="Prove by counting afresh that the promises hold.", no_args_is_help=True)
    group.command("verify")(verify_command)
    group.command("gaps")(list_gaps)
    group.command("acknowledge")(acknowledge_gap)
    group.command("acknowledge-offsets")(acknowledge_missing)
    group.command("lines")(list_lines)
    group.command("acknowledge-line")(acknowledge_unknown)
    app.add_typer(group, name="ledger")


def verify_command(as_json: AsJson = False, var: Var = Path("var")) -> None:
    """Read every outbox, every topic from its first offset and every database; exit 0 only if all promises hold."""
    installation = open_installation(var.resolve())
    told = report(verify(installation))
    if as_json:
        typer.echo(json.dumps({**told, "limits": limits_of(installation.directory)}, indent=2))
    else:
        show(told)
    if not told["holds"]:
        raise typer.Exit(1)


def list_gaps(var: Var = Path("var")) -> None:
    """List the numbers that chains lack and nobody has acknowledged; exit 1 if there are any."""
    installation = open_installation(var.resolve())
    with open_store(installation.region_url) as connection:
        found = chains.gaps(connection, acknowledged=False)
    for gap in found:
        typer.echo(gap_place(gap))
    typer.echo(f"{len(found)} gaps that nobody has acknowledged.")
    print_footnotes(installation.directory.footnotes(gap.chain.upper() for gap in found))
    if found:
        raise typer.Exit(1)


def acknowledge_gap(
    topic: Annotated[str, typer.Argument(help="The topic, as rs.seizure.")],
    life: Annotated[int, typer.Argument(help="The life of its chain.")],
    first: Annotated[int, typer.Argument(help="The first number that is missing.")],
    last: Annotated[int, typer.Argument(help="The last one.")],
    because: Because,
    by: By,
    var: Var = Path("var"),
) -> None:
    """Acknowledge that numbers of a chain are gone: the ledger then holds without them, and says so no more."""
    installation = open_installation(var.resolve())
    gap = Gap(topic, owner_of(topic), life, first, last)
    acknowledge_numbers(installation, gap, by, because)
    typer.echo(f"{gap_place(gap)} is acknowledged.")


def acknowledge_missing(
    topic: Annotated[str, typer.Argument(help="The topic, as rs.seizure.")],
    first: Annotated[int, typer.Argument(help="The first offset that is missing.")],
    last: Annotated[int, typer.Argument(help="The last one.")],
    because: Because,
    by: By,
    var: Var = Path("var"),
) -> None:
    """Acknowledge that Kafka lacks these offsets of a topic that is kept for good, as after the loss of a segment."""
    missing = MissingOffsets(topic, first, last)
    acknowledge_offsets(open_installation(var.resolve()), missing, by, because)
    typer.echo(f"{offsets_place(missing)} is acknowledged.")


def show(told: dict[str, Any]) -> None:
    """The report as a table, then what is wrong."""
    console = Console()
    table = Table(show_header=False, box=None)
    for name, meaning in ROWS:
        table.add_row(str(told[name]), meaning)
    table.add_row(str(len(told["lost"])), "lost")
    table.add_row(str(len(told["doubled"])), "doubled")
    table.add_row(
        f"{told['traces']['delivered']} of {told['traces']['opened']}", "traces delivered; the others wait for a person"
    )
    console.print(table)
    for event_id in told["lost"]:
        console.print(f"lost: {event_id}")
    for event_id in told["doubled"]:
        console.print(f"doubled: {event_id}")
    for problem in told["problems"]:
        console.print(f"{problem['code']}: {problem['where']}", soft_wrap=True, markup=False)
    console.print("every promise holds" if told["holds"] else "NOT every promise holds")
