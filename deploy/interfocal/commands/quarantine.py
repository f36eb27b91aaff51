"""``interfocal quarantine``: what could not be used, and why. It changes with what is shown of an entry."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from consumers.audit.log import Deed, Kind
from consumers.desk.told import told_entries
from consumers.quarantine.entries import QuarantineEntry, Wanted
from interfocal.audit.acting import Case, Person, Purpose, Said
from interfocal.audit.logs import AuditLog
from interfocal.commands.quarantine_acts import confirm_discard, discard_entries, retry_entries
from interfocal.commands.quarantine_chosen import AtDesk, Place, chosen, chosen_one, opened
from interfocal.commands.submit import HERE, AsJson, Var, printable
from interfocal.installation.installation import open_installation
from interfocal.limits import limits_of, say_exercise
from interfocal.listing import Listed, console, form_of, print_footnotes, print_list
from interfocal.quarantine.described import COLUMNS, TOLD_COLUMNS, described, entry_line, told_line
from interfocal.quarantine.difference import Difference, difference
from interfocal.wiring.loops import terms_of
from schemas.directory import Directory

HELP = "Work on what could not be used. Every entry waits until a person acts."
HEX_LINE = 32
FIRST_PRINTABLE, LAST_PRINTABLE = 0x20, 0x7E

OwnMember = Annotated[str | None, typer.Option("--as", help="What the region told this member of its own records.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("list")(list_quarantine)
    app.command("show")(show_quarantine)
    app.command("diff")(show_difference)
    app.command("retry")(retry_entries)
    app.command("discard")(discard_entries)
    app.command("confirm")(confirm_discard)
    program.add_typer(app, name="quarantine")


def list_quarantine(
    member: Annotated[str | None, typer.Option("--member", help="Only of this member; - for foreign bytes.")] = None,
    stream: Annotated[str | None, typer.Option("--stream", help="Only of this stream.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only with this reason.")] = None,
    own: OwnMember = None,
    desk: AtDesk = None,
    settled: Annotated[bool, typer.Option("--settled", help="Also those that were released or discarded.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the oldest.")] = 100,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the list as CSV.")] = False,
    var: Var = HERE,
) -> None:
    """List quarantined records, the oldest first; with --as what a member was told, the newest first."""
    form = form_of(as_json=as_json, as_csv=as_csv)
    installation = open_installation(var)
    if own is not None:
        with opened(Place(installation, own)) as session:
            told = session.transact(lambda connection: told_entries(connection, reason, limit))
        listed = Listed(TOLD_COLUMNS, [told_line(entry) for entry in told])
    else:
        with opened(Place(installation, desk)) as session:
            entries = chosen(session, installation, Wanted(member, stream, reason, settled), limit)
        listed = Listed(COLUMNS, [entry_line(entry) for entry in entries])
    print_list(listed, form, installation.directory)


def show_quarantine(
    number: Annotated[int, typer.Argument(help="The number in the list.")],
    desk: AtDesk = None,
    as_json: AsJson = False,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """Show one entry: its reason, where it comes from, its bytes, and what they say as far as they can be read."""
    installation = open_installation(var)
    say_exercise(installation.directory)
    with opened(Place(installation, desk)) as session:
        entry = chosen_one(session, installation, number)
    shown = described(entry)
    _log(Place(installation, desk), Said(person, purpose, case), entry)
    footnotes = installation.directory.footnotes([shown["member"] or ""])
    if as_json:
        _print_json(shown, installation.directory, footnotes)
        return
    _print_entry(shown)
    print_footnotes(footnotes)


def show_difference(
    number: Annotated[int, typer.Argument(help="The number in the list.")],
    desk: AtDesk = None,
    as_json: AsJson = False,
    person: Person = None,
    purpose: Purpose = None,
    case: Case = None,
    var: Var = HERE,
) -> None:
    """Show how one entry differs from what was applied of the same record, and how it would be judged now."""
    installation = open_installation(var)
    say_exercise(installation.directory)
    with opened(Place(installation, desk)) as session:
        entry = chosen_one(session, installation, number)
        found = session.transact(lambda connection: difference(connection, entry, terms_of(installation)))
    _log(Place(installation, desk), Said(person, purpose, case), entry)
    shown = {
        "number": number,
        "member": entry.faulty.member,
        "then": found.then,
        "now": found.now,
        "compared_with": found.compared_with,
        "changes": [{"field": c.field, "quarantined": c.quarantined, "applied": c.applied} for c in found.changes],
    }
    footnotes = installation.directory.footnotes([entry.faulty.member or ""])
    if as_json:
        _print_json(shown, installation.directory, footnotes)
        return
    _print_difference(found)
    print_footnotes(footnotes)


def _log(place: Place, said: Said, entry: QuarantineEntry) -> None:
    """What is shown next is logged first, where the entry stands."""
    record = entry.faulty.record
    acting = said.acting(place.installation.directory, place.desk)
    what = {"quarantined": {"topic": record.topic, "offset": record.offset, "event": entry.faulty.event_id}}
    AuditLog(place.installation, place.desk).note(acting, Deed(Kind.CONSULTATION, what))


def _print_json(shown: Mapping[str, Any], directory: Directory, footnotes: Mapping[str, str]) -> None:
    whole = {"limits": limits_of(directory), "footnotes": footnotes, **shown}
    typer.echo(json.dumps(whole, indent=2, ensure_ascii=False))


def _print_difference(found: Difference) -> None:
    out = console()
    out.print(printable(f"judged {found.then} when it was read, {found.now} now"))
    if found.compared_with is None:
        out.print("Nothing of the same record was applied, or its bytes cannot be read: there is nothing to compare.")
        return
    out.print(printable(f"compared with {found.compared_with}:"))
    for change in found.changes:
        out.print(printable(f"  {change.field}: {change.quarantined!r} here, {change.applied!r} applied"))
    if not found.changes:
        out.print("  no field differs")


def _print_entry(shown: Mapping[str, Any]) -> None:
    out = console()
    for name in (*COLUMNS, "settled_by", "settled_at", "parameters", "meaning"):
        out.print(printable(f"{name:>15}  {'' if shown[name] is None else shown[name]}"))
    for name, value in (*shown["headers"], ("key", shown["key"]), ("value", shown["value"])):
        out.print(printable(f"{name}:"))
        text = "(none)" if value is None else value
        for start in range(0, len(text), 2 * HEX_LINE):
            line = text[start : start + 2 * HEX_LINE]
            out.print(printable(f"  {line}  {_readable(line)}"))
    out.print(printable("decoded, unproved:"))
    for line in json.dumps(shown["decoded"], indent=2, ensure_ascii=False).splitlines():
        out.print(printable(line))


def _readable(digits: str) -> str:
    """The bytes as ASCII, with a dot for what is none."""
    if digits == "(none)":
        return ""
    return "".join(chr(byte) if FIRST_PRINTABLE <= byte <= LAST_PRINTABLE else "." for byte in bytes.fromhex(digits))
