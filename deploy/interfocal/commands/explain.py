"""``interfocal explain``: which rule shows or hides each field of an event to a member. It changes with its words."""

import json
import re
from typing import Annotated, Any

import typer
from rich.table import Table

from consumers.audit.log import Deed, Kind
from consumers.view.explaining import Explained, explain_event
from interfocal.audit.acting import Case, Person, Purpose, Said
from interfocal.audit.logs import AuditLog
from interfocal.clock import now
from interfocal.commands.submit import HERE, AsJson, Var, printable
from interfocal.installation.installation import Installation, open_installation
from interfocal.limits import limits_of, say_exercise
from interfocal.listing import console, print_footnotes
from schemas.errors import Misconfigured
from schemas.handling.rules import MEANINGS, SHOWING, SILENT, Rule

ID_FORM = re.compile(r"[0-9a-f-]{8,36}")
NOT_NEWEST = "A later revision of the record stands; lists show only that one."
OF_A_TRACE = "Acts are delivered to the parties of their hop only; this says what handling lets the member see."


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("explain")(explain)


def explain(
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="Its id or its record's, or the first eight signs or more.")
    ],
    to: Annotated[str, typer.Option("--to", help="The member to whom it is shown or not, as its code.")],
    as_json: AsJson = False,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """Name the rule that shows or hides each field of an event to a member."""
    if not ID_FORM.fullmatch(event):
        raise Misconfigured(f"{event!r} is no event's id, nor the first eight signs or more of one")
    installation = open_installation(var)
    reader = installation.directory.member(to).code
    say_exercise(installation.directory)
    found = AuditLog(installation).read(
        lambda connection: explain_event(connection, event, reader, now()),
        Said(person, purpose, case).acting(installation.directory),
        lambda found: Deed(Kind.CONSULTATION, {"explained_to": found.reader, "records": [found.event.event_id]}),
    )
    footnotes = installation.directory.footnotes(
        [found.event.member, reader, *(found.event.handling.releasable_to or ())]
    )
    if as_json:
        whole = {**explained_json(found), "limits": limits_of(installation.directory), "footnotes": footnotes}
        typer.echo(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    _print(found, installation)
    print_footnotes(footnotes)


def explained_json(found: Explained) -> dict[str, Any]:
    """All of it, for programs."""
    return {
        "event_id": found.event.event_id,
        "stream": found.stream,
        "member": found.event.member,
        "to": found.reader,
        "shown": found.rule in SHOWING,
        "rule": found.rule.value,
        "said_of_it": said_of(found.rule, found.event.member),
        "newest": found.newest,
        "fields": [
            {
                "field": field.path,
                "value": found.values[field.path],
                "shown": field.shown,
                "rule": field.rule.value,
                "originator": field.originator,
            }
            for field in found.fields
        ],
        "rules": {rule.value: MEANINGS[rule] for rule in _rules(found)},
    }


def said_of(rule: Rule, member: str) -> str:
    """All that a member is told of an event by this rule."""
    if rule in SHOWING:
        return "The open part, but for the fields that are hidden."
    if rule in SILENT:
        return "Nothing."
    return f"A related record exists in jurisdiction {member}; contact its focal point."


def _print(found: Explained, installation: Installation) -> None:
    event = found.event
    typer.echo(f"{found.stream} {event.event_id} of {event.member}, revision {event.revision}, to {found.reader}:")
    typer.echo(f"{found.rule.value}: {MEANINGS[found.rule]} Said of it: {said_of(found.rule, event.member)}")
    if not found.newest:
        typer.echo(NOT_NEWEST)
    if found.stream == "trace":
        typer.echo(OF_A_TRACE)
    table = Table("field", "value", "shown", "rule", "by the handling of")
    for field in found.fields:
        value = found.values[field.path]
        shown = "" if value is None else json.dumps(value, ensure_ascii=False)
        cells = (field.path, shown, "yes" if field.shown else "no", field.rule.value, field.originator)
        table.add_row(*(printable(cell) for cell in cells))
    console().print(table)
    for rule in _rules(found):
        typer.echo(f"{rule.value}: {MEANINGS[rule]}")
    if installation.directory.notice:
        typer.echo(installation.directory.notice)


def _rules(found: Explained) -> list[Rule]:
    used = {field.rule for field in found.fields} | {found.rule}
    return [rule for rule in Rule if rule in used]
