"""``interfocal view``: what the region knows of seizures, items, missing firearms, traces and members.

It changes when lists get another filter.
"""

from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from consumers.store.connection import connector
from consumers.store.session import Session
from consumers.view.queries import LISTINGS, SUMMARY_COLUMNS, Wanted, filters_of, find, summary
from interfocal.commands.submit import HERE, AsJson, Var
from interfocal.installation.installation import open_installation
from interfocal.listing import Listed, form_of, print_list
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
    var: Var = HERE,
) -> None:
    """List what is in the shared view, the newest first; when each member was heard, and whether its clock is off."""
    form = form_of(as_json=as_json, as_csv=as_csv)
    installation = open_installation(var)
    wanted = Wanted(
        member=_code(installation.directory, member),
        since=since.date() if since else None,
        until=until.date() if until else None,
        weapon_class=weapon_class,
        make=make,
        serial=serial,
        state=state,
        reference=reference,
        retracted=retracted,
    )
    listed = read_list(Session(connector(installation.region_url, "view")), listing, wanted, limit)
    print_list(listed, form, installation.directory)


def read_list(session: Session, listing: ListName, wanted: Wanted, limit: int) -> Listed:
    """What a list shows; raises Misconfigured for a filter that it does not understand, StoreAway."""
    check_filters(listing, wanted)
    try:
        if listing is ListName.SUMMARY:
            return Listed(SUMMARY_COLUMNS, session.transact(lambda connection: summary(connection, wanted.member)))
        rows = session.transact(lambda connection: find(connection, listing.value, wanted, limit))
    finally:
        session.close()
    return Listed(list(LISTINGS[listing].columns), rows, LISTINGS[listing].members)


def check_filters(listing: ListName, wanted: Wanted) -> None:
    """Raise Misconfigured for a filter that would be ignored: its answer would look like a wider one."""
    known = {"member"} if listing is ListName.SUMMARY else filters_of(listing) | {"retracted"}
    given = {field.name for field in fields(wanted) if getattr(wanted, field.name) not in (None, False)}
    if strange := sorted(NAMES.get(name, name) for name in given - known):
        raise Misconfigured(f"the list of {listing} cannot be narrowed by --{', --'.join(strange)}; leave it out")


def _code(directory: Directory, member: str | None) -> str | None:
    return None if member is None else directory.member(member).code
