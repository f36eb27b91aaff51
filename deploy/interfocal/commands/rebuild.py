"""``interfocal rebuild``: fold the regional database anew beside the live one. It changes with what is shown of it."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from consumers.audit.log import Deed, Kind
from interfocal.audit.acting import OPERATION, Person, Said
from interfocal.audit.logs import AuditLog
from interfocal.commands.submit import HERE, AsJson, Var, printable
from interfocal.installation.installation import Installation, open_installation
from interfocal.limits import limits_of
from interfocal.listing import console, print_footnotes
from interfocal.process.own_memory import settle_memory
from interfocal.rebuild.comparing import TableComparison
from interfocal.rebuild.drawing import Drawing
from interfocal.rebuild.rebuilding import Rebuild, dropped_at_the_end
from interfocal.rebuild.telling import Telling
from schemas.errors import Misconfigured

NAME = re.compile(r"[a-z][a-z0-9_]*")
SAYING = ("live", "rebuilt")
MEMBERS = ("member", "requester", "accountable")

Verify = Annotated[bool, typer.Option("--verify", help="Prove that it equals the live one; then it is dropped again.")]
Keep = Annotated[bool, typer.Option("--keep", help="Keep the database after --verify.")]
Processes = Annotated[
    int | None,
    typer.Option("--processes", min=1, max=16, help="How many fold side by side; else as many as it is worth here."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rebuild")(rebuild)


def rebuild(
    verify: Verify = False,
    into: Annotated[
        str | None, typer.Option("--into", help="Name of the database; else the live one's and _rebuild.")
    ] = None,
    keep: Keep = False,
    processes: Processes = None,
    person: Person = None,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Fold every topic of the region from its first offset into a database beside the live one; nothing is sent.

    With --verify: exit 0 if the canonical dumps of both are equal at the same positions, 1 if they differ. The live
    region goes on meanwhile.
    """
    settle_memory()
    installation = open_installation(var.resolve())
    name = checked_name(installation, into)
    kept = keep or not verify
    acting = Said(person, OPERATION, "rebuild").acting(installation.directory)
    AuditLog(installation).note(acting, Deed(Kind.CONSULTATION, {"rebuild": name, "verify": verify, "kept": kept}))
    with Drawing(Console(stderr=True)) as drawing, nullcontext() if kept else dropped_at_the_end(installation, name):
        telling = Telling(drawing)
        found = Rebuild(installation, name, telling, processes).run(verify=verify)
    told = told_json(installation, telling, found) | {"database": name if kept else None}
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        show(told)
    if told["equal"] is False:
        raise typer.Exit(1)


def checked_name(installation: Installation, into: str | None) -> str:
    """The database to make; raises Misconfigured for a name that cannot be one, or is one of the installation's own."""
    live = [url.rsplit("/", 1)[1] for url in (installation.region_url, *installation.desk_urls.values())]
    name = into or f"{live[0]}_rebuild"
    if not NAME.fullmatch(name):
        raise Misconfigured(f"--into {name}: a database is named by lower-case letters, digits and _")
    if name in live:
        raise Misconfigured(f"--into {name}: that database is at work here; name another")
    return name


def told_json(installation: Installation, telling: Telling, found: Mapping[str, TableComparison]) -> dict[str, Any]:
    """What was found, for other programs. ``equal`` is None where nothing was compared."""
    named = {
        code
        for told in found.values()
        for difference in told.first
        for row in (difference.live, difference.rebuilt)
        if row is not None
        for column in MEMBERS
        if isinstance(code := row[1].get(column), str)
    }
    return {
        "limits": limits_of(installation.directory),
        "footnotes": installation.directory.footnotes(named),
        "equal": not any(told.differing for told in found.values()) if found else None,
        "records": telling.records,
        "folding_s": round(telling.folding_s, 1),
        "records_a_second": round(telling.records / max(telling.folding_s, 0.001)),
        "quarantined": dict(sorted(telling.reasons.items())),
        "gaps": [{"topic": topic, "first": first, "last": last} for topic, first, last in telling.gaps],
        "tables": {
            table: {
                "live": told.live,
                "rebuilt": told.rebuilt,
                "differing": told.differing,
                "first": [{**dict(one.said()), "columns": list(one.columns())} for one in told.first],
            }
            for table, told in found.items()
        },
    }


def show(told: Mapping[str, Any]) -> None:
    """The same for people."""
    typer.echo(f"{told['records']:,} records folded in {told['folding_s']} s, {told['records_a_second']:,} a second")
    if told["tables"]:
        table = Table("table", "live", "rebuilt", "differing")
        for name, counts in told["tables"].items():
            table.add_row(name, *(f"{counts[column]:,}" for column in ("live", "rebuilt", "differing")))
        console().print(table)
    for line in lines(told):
        console().print(printable(line), soft_wrap=True)
    print_footnotes(told["footnotes"])


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """What a person should know beside the table, a line each."""
    for gap in told["gaps"]:
        yield f"log_gap: {gap['topic']} lacks offsets {gap['first']} to {gap['last']}"
    for table, counts in told["tables"].items():
        for difference in counts["first"]:
            columns = difference["columns"]
            yield f"{table}: " + (f"they differ in {', '.join(columns)}" if columns else "only one of both has")
            yield from (f"{name:>9}: {difference[name]}" for name in SAYING if name in difference)
    if told["equal"] is not None:
        yield "the rebuilt database equals the live one" if told["equal"] else "the two databases DIFFER"
    if told["database"]:
        yield f"the database {told['database']} is kept"
