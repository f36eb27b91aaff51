"""``interfocal quarantine``: what could not be used, and why. It changes when an entry says more."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from consumers.checking import SENTENCES as FLAWS
from consumers.quarantine import FOREIGN_MEMBER, PostgresQuarantine, Quarantined, Wanted
from consumers.store.connection import connector
from consumers.store.session import Session
from interfocal.commands.submit import HERE, AsJson, Var, printable
from interfocal.installation.installation import Installation, open_installation
from interfocal.limits import EXERCISE_NOTICE
from interfocal.listing import Listed, console, form_of, print_footnotes, print_list
from schemas.errors import Misconfigured, Undecodable
from schemas.topics import stream_of
from schemas.trust.faults import SENTENCES as FAULTS
from schemas.wire.codec import decode, event_json, schema_id_of

HELP = "List and show what the region could not use. Every entry waits until a person acts."
COLUMNS = ("number", "member", "stream", "topic", "offset", "verdict", "reason", "event_id", "quarantined_at")
HEX_LINE = 32
FIRST_PRINTABLE, LAST_PRINTABLE = 0x20, 0x7E

Number = Annotated[int, typer.Argument(help="The number in the list.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("list")(list_quarantine)
    app.command("show")(show_quarantine)
    program.add_typer(app, name="quarantine")


def list_quarantine(
    member: Annotated[str | None, typer.Option("--member", help="Only of this member; - for foreign bytes.")] = None,
    stream: Annotated[str | None, typer.Option("--stream", help="Only of this stream.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only with this reason.")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Also those that were worked on.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the oldest.")] = 100,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the list as CSV.")] = False,
    var: Var = HERE,
) -> None:
    """List quarantined records, the oldest first."""
    form = form_of(as_json=as_json, as_csv=as_csv)
    installation = open_installation(var)
    code = installation.directory.member(member).code if member not in (None, FOREIGN_MEMBER) else member
    entries = _entries(installation, Wanted(code, stream, reason, resolved), limit)
    print_list(Listed(COLUMNS, [_line(entry) for entry in entries]), form, installation.directory)


def show_quarantine(number: Number, as_json: AsJson = False, var: Var = HERE) -> None:
    """Show one entry: its reason, where it comes from, its bytes, and what they say as far as they can be read."""
    installation = open_installation(var)
    found = _entries(installation, Wanted(number=number, resolved=True), 1)
    if not found:
        raise Misconfigured(f"there is no entry {number} in quarantine; list those there are")
    shown = describe(found[0])
    footnotes = installation.directory.footnotes([shown["member"] or ""])
    if as_json:
        whole = {"limits": [EXERCISE_NOTICE], "footnotes": footnotes, **shown}
        typer.echo(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    _print_entry(shown)
    print_footnotes(footnotes)


def describe(entry: Quarantined) -> dict[str, Any]:
    """All that is known of an entry; bytes in hexadecimal digits."""
    record = entry.faulty.record
    return {
        **_line(entry),
        "parameters": dict(entry.faulty.parameters),
        "resolved_at": entry.resolved_at.isoformat() if entry.resolved_at else None,
        "meaning": meaning_of(entry.faulty.reason),
        "headers": [[name, value.hex()] for name, value in record.headers],
        "key": record.key.hex() if record.key is not None else None,
        "value": record.value.hex() if record.value is not None else None,
        "decoded": decoded(record.value),
    }


def meaning_of(reason: str) -> str:
    """The sentence for people; the code alone where a handler gave it."""
    sentences: Mapping[str, str] = {**{f.value: s for f, s in FAULTS.items()}, **{f.value: s for f, s in FLAWS.items()}}
    return sentences.get(reason, "The consumer gave this reason; its parameters say what about.")


def decoded(value: bytes | None) -> dict[str, Any]:
    """What the bytes say as far as they can be read. It proves nothing: a value without a valid seal is anybody's."""
    if value is None:
        return {"problem": "there is no value"}
    try:
        schema_id = schema_id_of(value)
    except Undecodable as error:
        return {"problem": str(error)}
    try:
        return {"schema_id": schema_id, "event": event_json(decode(value)[1])}
    except Undecodable as error:
        return {"schema_id": schema_id, "problem": str(error)}


def _entries(installation: Installation, wanted: Wanted, limit: int) -> list[Quarantined]:
    session = Session(connector(installation.region_url, "quarantine"))
    try:
        return list(session.transact(lambda connection: PostgresQuarantine(connection).entries(wanted, limit)))
    finally:
        session.close()


def _line(entry: Quarantined) -> dict[str, Any]:
    faulty = entry.faulty
    return {
        "number": entry.number,
        "member": faulty.member,
        "stream": stream_of(faulty.record.topic),
        "topic": faulty.record.topic,
        "offset": faulty.record.offset,
        "verdict": faulty.verdict.value,
        "reason": faulty.reason,
        "event_id": faulty.event_id,
        "quarantined_at": entry.quarantined_at.isoformat(timespec="seconds"),
    }


def _print_entry(shown: Mapping[str, Any]) -> None:
    out = console()
    for name in (*COLUMNS, "resolved_at", "parameters", "meaning"):
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
