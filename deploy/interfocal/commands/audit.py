"""``interfocal audit``: who read, got, took along, changed or erased what, and the proof that the log is whole.

It changes with what is shown of an entry.
"""

import json
from contextlib import closing
from typing import Annotated, Any

import typer

from consumers.audit.log import Entry, Kind, entries
from consumers.audit.proof import Proof
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.audit.logs import AuditLog
from interfocal.commands.submit import HERE, AsJson, Var, printable
from interfocal.installation.installation import open_installation
from interfocal.limits import limits_of
from interfocal.listing import Listed, console, form_of, print_footnotes, print_list

HELP = "Show who has used records, when and why; prove that nothing of it was changed, left out or cut off."
COLUMNS = ("number", "at", "kind", "person", "member", "purpose", "case", "recipients", "what")

OfDesk = Annotated[str | None, typer.Option("--desk", help="The log of this member's desk, not the region's.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("list")(list_entries)
    app.command("verify")(verify_log)
    program.add_typer(app, name="audit")


def list_entries(
    desk: OfDesk = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only of this kind.")] = None,
    person: Annotated[str | None, typer.Option("--person", help="Only by this person.")] = None,
    member: Annotated[str | None, typer.Option("--member", help="Only by or to this member.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 100,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the list as CSV.")] = False,
    var: Var = HERE,
) -> None:
    """List entries of an audit log, the oldest first."""
    form = form_of(as_json=as_json, as_csv=as_csv)
    installation = open_installation(var)
    code = installation.directory.member(member).code if member else None
    with closing(Session(connector(AuditLog(installation, desk).url, "audit"))) as session:
        rows = session.transact(lambda open_: [row_of(entry) for entry in entries(open_)])
    chosen = [row for row in rows if _fits(row, kind, person, code)][-limit:]
    shown = [{**row, "recipients": ", ".join(row["recipients"]), "what": json.dumps(row["what"])} for row in chosen]
    print_list(Listed(COLUMNS, shown), form, installation.directory)


def verify_log(desk: OfDesk = None, as_json: AsJson = False, var: Var = HERE) -> None:
    """Prove that an audit log is whole: no gap, no change, no end cut off; exit 1 if it is not."""
    installation = open_installation(var)
    proof = AuditLog(installation, desk).prove()
    footnotes = installation.directory.footnotes([desk.upper()] if desk else [])
    if as_json:
        whole = {"limits": limits_of(installation.directory), "footnotes": footnotes, **_told(proof)}
        typer.echo(json.dumps(whole, indent=2))
    else:
        for found in proof.found:
            console().print(printable(f"entry {found.number}: {found.flaw.value}: {found.detail}"))
        end = f"up to entry {proof.head.number}" if proof.head else "and is empty"
        verdict = "is whole" if proof.holds else "is NOT whole"
        typer.echo(f"The log {verdict}, {end}; it was held against {proof.anchors} anchors.")
        print_footnotes(footnotes)
    if not proof.holds:
        raise typer.Exit(1)


def row_of(entry: Entry) -> dict[str, Any]:
    """What an entry says, by column; of one that cannot be read only its number."""
    try:
        read = json.loads(entry.entry)
        told = read["told"]
        own = {"at": read["at"], "kind": read["kind"]}
        return {"number": entry.number, **own, **{name: told[name] for name in COLUMNS[3:]}}
    except (ValueError, KeyError, TypeError):
        return {**dict.fromkeys(COLUMNS, ""), "number": entry.number, "recipients": [], "what": {}}


def _fits(row: dict[str, Any], kind: Kind | None, person: str | None, member: str | None) -> bool:
    about = member in {None, row["member"], *row["recipients"]}
    return about and kind in {None, row["kind"]} and person in {None, row["person"]}


def _told(proof: Proof) -> dict[str, Any]:
    head = {"number": proof.head.number, "hash": proof.head.hash} if proof.head else None
    found = [{"flaw": one.flaw.value, "number": one.number, "detail": one.detail} for one in proof.found]
    return {"holds": proof.holds, "entries": proof.entries, "head": head, "anchors": proof.anchors, "found": found}
