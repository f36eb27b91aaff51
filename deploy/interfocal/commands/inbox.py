"""``interfocal inbox``: what was delivered to a focal point. It changes with what an inbox shows."""

from typing import Annotated

import typer

from consumers.audit.log import Deed, Kind
from consumers.desk.inbox import InboxEntry, asker_references, inbox
from consumers.tracing.explain import Wording
from interfocal.audit.acting import Case, Person, Purpose, Said
from interfocal.audit.logs import AuditLog
from interfocal.commands.desk_printing import SHORT_ID, print_csv, print_json, print_notes, print_table
from interfocal.commands.submit import HERE, As, AsJson, Var
from interfocal.desk.acts import DeskActs
from interfocal.desk.views import Row, inbox_row, instant_shown
from interfocal.installation.installation import open_installation
from interfocal.listing import Form, form_of
from schemas.codes.lists import load_code_lists

AsCsv = Annotated[bool, typer.Option("--csv", help="Print it as CSV.")]

COLUMNS = (
    *("received_at", "from", "act", "trace_id", "requester", "hop", "purpose", "rule", "accountable"),
    *("asker_reference", "receipt", "of_event", "delivery"),
)
SHOWN = ("asker's reference", "received", "from", "act", "trace", "hop", "purpose", "rule", "to answer", "receipt")


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("inbox")(show_inbox)


def show_inbox(
    member: As,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 500,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """Show what was delivered to a focal point, the oldest first, and whether its receipt is out."""
    installation = open_installation(var)
    desk = DeskActs(installation, member)
    entries = desk.read(lambda connection: inbox(connection, limit=limit))
    references = desk.read(lambda connection: asker_references(connection, {e.trace for e in entries if e.trace}))
    rows = [inbox_row(entry, references) for entry in entries]
    form = form_of(as_json=as_json, as_csv=as_csv)
    acting = Said(person, purpose, case).acting(installation.directory, desk.code)
    kind = Kind.EXPORT if form is Form.CSV else Kind.CONSULTATION
    AuditLog(installation, desk.code).note(
        acting, Deed(kind, {"list": "inbox", "events": [entry.of_event for entry in entries]})
    )
    if form is Form.JSON:
        print_json({"member": desk.code, "inbox": rows}, installation.directory)
    elif form is Form.CSV:
        print_csv(rows, COLUMNS, installation.directory)
    else:
        wording = Wording(load_code_lists(), installation.directory)
        print_table(SHOWN, (_cells(*pair, wording) for pair in zip(entries, rows, strict=True)))
        typer.echo(f"{len(rows)} deliveries in the inbox of {desk.code}.")
        print_notes([desk.code, rows], installation.directory)


def _cells(entry: InboxEntry, row: Row, wording: Wording) -> list[str | int | None]:
    label = wording.lists["trace-act"].label(entry.act)
    rule = wording.lists["route-rule"].label(entry.rule) if entry.rule else None
    received = instant_shown(entry.received_at)
    trace = entry.trace_id[:SHORT_ID] if entry.trace_id else None
    receipt = "out" if entry.receipt_event else "not yet"
    about = (row["asker_reference"], received, entry.from_member, label, trace, entry.hop)
    return [*about, entry.purpose, rule, entry.accountable, receipt]
