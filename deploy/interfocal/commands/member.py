"""``interfocal member``: members of the directory's draft, and the keys of those that are enrolled here.

It changes with what a member brings along. Nothing is in force before roots have signed the draft.
"""

from pathlib import Path
from typing import Annotated

import typer

from interfocal.clock import now
from interfocal.commands.member_keys import revoke, rotate
from interfocal.commands.submit import HERE, Var
from interfocal.installation.installation import Places, opening_key_file
from interfocal.installation.secrets import write_private
from interfocal.trust.bundle import export as bundle_of
from interfocal.trust.bundle import fingerprint, read_bundle, taken_up
from interfocal.trust.draft import Draft, with_member
from interfocal.trust.owner_keys import OwnerKeys
from schemas.directory import Directory, Member
from schemas.errors import Misconfigured
from schemas.topics import check_member_code

HELP = "Enrol members and change their keys in the draft of the next directory."

Code = Annotated[str, typer.Argument(help="The member's code.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("list")(list_members)
    app.command("import")(import_member)
    for command in (show, add, export, rotate, revoke):
        app.command()(command)
    program.add_typer(app, name="member")


def list_members(var: Var = HERE) -> None:
    """List the members of the directory in force, and those of the draft."""
    places = Places(var)
    kept = places.trust.read()
    in_force = {member.code: member for member in kept.directory.members}
    draft = Draft(places.draft, kept).read()
    for member in draft.members:
        state = "draft" if in_force.get(member.code) != member else "observer" if member.observer else "in force"
        typer.echo(f"{member.code:<10} {state:<9} {len(member.keys)} keys  {member.name}")
    _notes(draft, *(member.code for member in draft.members))


def show(code: Code, var: Var = HERE) -> None:
    """Show a member with its keys, as the draft has it."""
    places = Places(var)
    kept = places.trust.read()
    draft = Draft(places.draft, kept).read()
    member = draft.member(code)
    typer.echo(f"{member.code} {member.name}, {member.time_zone}{', observer' * member.observer}")
    for key in member.keys:
        here = "private half here" if places.seal_key(member.owner, key.kid).exists() else "not here"
        ended = f", ended {key.ended.at:%Y-%m-%d} ({key.ended.because})" if key.ended else ""
        typer.echo(f"{key.kid:<12} {here}{', vouched for' * bool(key.voucher)}{ended}")
    for one in member.opening_keys:
        here = "private half here" if opening_key_file(places, member.owner, one.kid).exists() else "not here"
        typer.echo(f"{one.kid:<12} {here}, opens what is sealed")
    if member.keys:
        typer.echo(f"fingerprint of the newest: {fingerprint(member)}")
    _notes(draft, member.code)


def add(
    code: Code,
    name: Annotated[str, typer.Option("--name", help="The member's name in English.")] = "",
    language: Annotated[list[str] | None, typer.Option("--language", help="A language of its people.")] = None,
    time_zone: Annotated[str, typer.Option("--time-zone", help="Where its working days are.")] = "UTC",
    var: Var = HERE,
) -> None:
    """Enrol a member here: make its keys, and put it into the draft."""
    places = Places(var)
    kept = places.trust.read()
    draft = Draft(places.draft, kept)
    directory = draft.read()
    owner = check_member_code(code.lower())
    known = next((one for one in directory.members if one.owner == owner), None)
    if known is not None and known.keys:
        raise Misconfigured(f"{known.code} is enrolled already; `interfocal member rotate` gives it another key")
    if known is None and not name:
        raise Misconfigured(f"{code.upper()} is new: say its --name")
    keys = OwnerKeys(places, directory.region, owner)
    keys.keep_api_key()
    entry = known or Member(code=code.upper(), name=name, languages=tuple(language or ()), time_zone=time_zone)
    at = now()
    first = keys.first(at)
    made = {"keys": (first,), "opening_keys": (keys.opening(entry.opening_keys, at, first),)}
    member = entry.model_copy(update={**made, "id_key_check": keys.id_key_check(), "observer": False})
    draft.write(with_member(directory, member))
    typer.echo(f"{member.code} is in the draft; fingerprint of its key: {fingerprint(member)}")
    _notes(directory, member.code)


def export(
    code: Code, out: Annotated[Path, typer.Option("--out", help="Where to write the file.")], var: Var = HERE
) -> None:
    """Write what the region needs of a member that is enrolled here: public keys only."""
    places = Places(var)
    draft = Draft(places.draft, places.trust.read()).read()
    member = draft.member(code)
    write_private(out, bundle_of(member, OwnerKeys(places, draft.region, member.owner)))
    typer.echo(f"{out} is written; tell its fingerprint by another way: {fingerprint(member)}")


def import_member(
    file: Annotated[Path, typer.Argument(help="What the member has exported.", exists=True, dir_okay=False)],
    var: Var = HERE,
) -> None:
    """Put an exported member, or its new keys, into the draft."""
    places = Places(var)
    draft = Draft(places.draft, places.trust.read())
    member = read_bundle(file.read_bytes())
    draft.write(taken_up(draft.read(), member))
    typer.echo(f"{member.code} is in the draft; compare the fingerprint by phone: {fingerprint(member)}")
    _notes(draft.read(), member.code)


def _notes(directory: Directory, *codes: str) -> None:
    for code, note in directory.footnotes(codes).items():
        typer.echo(f"{code}: {note}")
