"""``interfocal view``: what the region knows of seizures, items, missing firearms, traces and members.

It changes when lists get another filter.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from psycopg import Connection

from consumers.audit.log import Kind
from consumers.view.queries import LISTINGS, SUMMARY_COLUMNS, Wanted, filters_of, find, given, summary
from consumers.view.reading import ids_of
from consumers.view.second_person import question_of, rows_of_records
from interfocal.audit.acting import Case, Person, Purpose, Said
from interfocal.audit.counted import Counted, read_counted
from interfocal.audit.logs import AuditLog
from interfocal.commands.submit import HERE, AsJson, Var
from interfocal.commands.view_desk import DeskReading
from interfocal.installation.installation import Installation, open_installation
from interfocal.listing import Form, Listed, form_of, print_list
from schemas.directory import Directory
from schemas.errors import Misconfigured

DATES = ["%Y-%m-%d"]
NAMES = {"weapon_class": "class", "since": "from", "until": "to"}


class ListName(StrEnum):
    """The lists there are."""

    SEIZURES = "seizures"
    ITEMS = "items"
    MISSING = "missing"
    TRACES = "traces"
    MEMBERS = "members"
    SUMMARY = "summary"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("view")(view)


def view(
    listing: Annotated[
        ListName, typer.Argument(metavar="LIST", help="seizures, items, missing, traces, members or summary.")
    ],
    member: Annotated[str | None, typer.Option("--member", help="Only of this member.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=DATES, help="From this date on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=DATES, help="Up to this date, included.")] = None,
    weapon_class: Annotated[str | None, typer.Option("--class", help="Weapon class, as its code.")] = None,
    make: Annotated[str | None, typer.Option("--make", help="A part of the maker's name as read.")] = None,
    serial: Annotated[str | None, typer.Option("--serial", help="In any spelling; ? one sign, * any signs.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Missing firearms or traces in this state.")] = None,
    reference: Annotated[str | None, typer.Option("--reference", help="The member's own reference.")] = None,
    retracted: Annotated[bool, typer.Option("--retracted", help="Also what was retracted.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 100,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the list as CSV.")] = False,
    desk: Annotated[
        str | None, typer.Option("--as", help="As this member's desk may read it, by the region's API.")
    ] = None,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """List what is in the shared view, the newest first; when each member was heard, and whether its clock is off."""
    form = form_of(as_json=as_json, as_csv=as_csv)
    installation = open_installation(var)
    code, first, last = _code(installation.directory, member), _day(since), _day(until)
    wanted = Wanted(code, first, last, weapon_class, make, serial, state, reference, retracted)
    said = Said(person, purpose, case)
    check_filters(listing, wanted)
    if desk is None:
        RegionReading(installation, said).show(listing, wanted, limit, form)
    else:
        DeskReading(installation, desk, said).show(listing.value, wanted, limit, form)


@dataclass(frozen=True, slots=True)
class RegionReading:
    """The region's own people who read, and what they say of themselves."""

    installation: Installation
    said: Said

    def show(self, listing: ListName, wanted: Wanted, limit: int, form: Form) -> None:
        """Read a list from the region's database, log it, and print it.

        Raises Rejected where so much is shown to two persons only, and Misconfigured and StoreAway.
        """
        question = question_of(listing.value, wanted, limit, self.installation.settings.view.rows_alone)

        def look(connection: Connection[Any]) -> Counted[Listed]:
            listed = read_list(connection, listing, wanted, limit)
            return Counted(listed, rows_of_records(listed.rows), ids_of(listed.rows))

        acting = self.said.acting(self.installation.directory)
        kind = Kind.EXPORT if form is Form.CSV else Kind.CONSULTATION
        listed = read_counted(AuditLog(self.installation), acting, question, kind, look)
        print_list(listed, form, self.installation.directory)


def read_list(connection: Connection[Any], listing: ListName, wanted: Wanted, limit: int) -> Listed:
    """What a list shows."""
    if listing is ListName.SUMMARY:
        return Listed(SUMMARY_COLUMNS, summary(connection, wanted.member))
    rows = find(connection, listing.value, wanted, limit)
    return Listed(list(LISTINGS[listing].columns), rows, LISTINGS[listing].members)


def check_filters(listing: ListName, wanted: Wanted) -> None:
    """Raise Misconfigured for a filter that would be ignored: its answer would look like a wider one."""
    known = {"member"} if listing is ListName.SUMMARY else filters_of(listing) | {"retracted"}
    if strange := sorted(NAMES.get(name, name) for name in set(given(wanted)) - known):
        raise Misconfigured(f"the list of {listing} cannot be narrowed by --{', --'.join(strange)}; leave it out")


def _code(directory: Directory, member: str | None) -> str | None:
    return None if member is None else directory.member(member).code


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None
