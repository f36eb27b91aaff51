"""``interfocal ledger verify``: the proof that nothing is lost or doubled. It changes with what is shown of it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from interfocal.clock import now
from interfocal.installation.installation import open_installation
from interfocal.ledger.acknowledged import GAPS, Acknowledged, acknowledge
from interfocal.ledger.log import Problem
from interfocal.ledger.verify import report, verify
from schemas.errors import Misconfigured

Var = Annotated[Path, typer.Option(envvar="INTERFOCAL_VAR", help="Folder of the installation")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the whole report as JSON")]
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
    group.command("acknowledge")(acknowledge_command)
    app.add_typer(group, name="ledger")


def verify_command(as_json: AsJson = False, var: Var = Path("var")) -> None:
    """Read every outbox, every topic from its first offset and every database; exit 0 only if all promises hold."""
    told = report(verify(open_installation(var.resolve())))
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        show(told)
    if not told["holds"]:
        raise typer.Exit(1)


def acknowledge_command(
    code: Annotated[str, typer.Argument(help="The gap's code, as `ledger verify` prints it before the colon.")],
    where: Annotated[str, typer.Argument(help="Where it is, as printed after the colon, in quotes.")],
    by: Annotated[str, typer.Option("--by", help="Your own mark, no name.")],
    var: Var = Path("var"),
) -> None:
    """Say that a gap of a log is known: numbers or offsets that are missing for good. It is named with who said so."""
    if code not in GAPS:
        raise Misconfigured(f"{code} is no gap: only {' and '.join(GAPS)} stay for good, everything else can be mended")
    given = acknowledge(open_installation(var.resolve()), Acknowledged(Problem(code, where), by, now()))
    typer.echo(f"{code}: {where} is acknowledged by {by}" if given else f"{code}: {where} was acknowledged before")


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
    for gap in told["acknowledged"]:
        console.print(
            f"acknowledged by {gap['by']} on {gap['at'][:10]}: {gap['code']}: {gap['where']}",
            soft_wrap=True,
            markup=False,
        )
    for problem in told["problems"]:
        console.print(f"{problem['code']}: {problem['where']}", soft_wrap=True, markup=False)
    console.print("every promise holds" if told["holds"] else "NOT every promise holds")
