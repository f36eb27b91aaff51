"""``interfocal export``: who wants to be shown much of the view at once, and the second person who confirms it.

It changes with what a second person is told, or says.
"""

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from consumers.store.connection import connector
from consumers.store.session import Session
from consumers.view.second_person import confirm, waiting
from consumers.web.export_routes import Confirmed, Exports, Waiting
from interfocal.audit.acting import Case, Person, Purpose, Said
from interfocal.audit.logs import AuditLog
from interfocal.commands.submit import HERE, Var
from interfocal.commands.view_desk import DeskReading, answered
from interfocal.installation.installation import Installation, open_installation
from interfocal.listing import Listed, form_of, print_list
from schemas.topics import REGION

HELP = "See who wants to be shown many rows of the view at once, and confirm it as a second person."
COLUMNS = ("number", "member", "person", "purpose", "case", "question", "rows", "proposed_at")

Desk = Annotated[
    str | None, typer.Option("--as", help="Of this member's people, by the region's API; else the region's.")
]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("list")(list_exports)
    app.command("confirm")(confirm_export)
    program.add_typer(app, name="export")


def list_exports(
    desk: Desk = None,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    var: Var = HERE,
) -> None:
    """List what waits for a second person, the oldest first."""
    form, installation = form_of(as_json=as_json, as_csv=False), open_installation(var)
    said = Said(person, purpose, case)
    member, found = _at_desk(DeskReading(installation, desk, said)) if desk else _at_region(installation)
    rows = [{"member": member, **_row(one)} for one in found]
    print_list(Listed(COLUMNS, rows), form, installation.directory)


def confirm_export(
    number: Annotated[int, typer.Argument(help="The number that `view` has printed.")],
    desk: Desk = None,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """Confirm as a second person that who made a proposal is shown what it asks for, once and within a day."""
    installation, said = open_installation(var), Said(person, purpose, case)
    if desk:
        with DeskReading(installation, desk, said).region() as http:
            Confirmed.model_validate_json(answered(http, "POST", f"exports/{number}/confirm"))
    else:
        acting = said.acting(installation.directory)
        with closing(Session(connector(installation.region_url, "exports"))) as session:
            session.transact(lambda open_: confirm(open_, acting, number))
            AuditLog(installation).anchor(session)
    typer.echo(f"Proposal {number} is confirmed: who made it asks the same again.")


def _at_desk(desk: DeskReading) -> tuple[str, Sequence[Waiting]]:
    with desk.region() as http:
        told = Exports.model_validate_json(answered(http, "GET", "exports"))
    return told.member, told.waiting


def _at_region(installation: Installation) -> tuple[str, Sequence[Waiting]]:
    member = REGION.upper()
    with closing(Session(connector(installation.region_url, "exports"))) as session:
        found = session.transact(lambda open_: waiting(open_, member))
    return member, [Waiting.of(proposal) for proposal in found]


def _row(waiting: Waiting) -> dict[str, object]:
    told = waiting.model_dump(mode="json")
    return {**told, "question": ", ".join(f"{name} {value}" for name, value in waiting.question.items())}
