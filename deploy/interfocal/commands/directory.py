"""``interfocal directory``: whom this installation trusts, and the versions of the directory. It changes with either.

A version is worked on as a draft (``interfocal member``), signed with roots that belong onto no machine of these,
published by the region, and then taken by every installation that trusts those roots.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from interfocal.clock import now
from interfocal.commands.submit import HERE, Var
from interfocal.installation.installation import Places, open_installation
from interfocal.installation.secrets import write_private
from interfocal.trust.comparing import changes
from interfocal.trust.draft import Draft, check_follows, signed
from interfocal.trust.kept import Confirmation
from interfocal.trust.publishing import publish as hand_out
from interfocal.trust.roots import keep_root, read_root
from schemas.directory import DIRECTORY_TYPE, Directory
from schemas.errors import Misconfigured
from schemas.topics import REGION
from schemas.trust.documents import countersign, payload_of, signers_of
from schemas.trust.keys import public_key_of, thumbprint
from schemas.trust.succession import Trust, document_sha256, read_directory

HELP = "Sign, publish, verify and compare versions of the directory, and say whom this installation trusts."

File = Annotated[Path, typer.Argument(help="A signed directory.", exists=True, dir_okay=False)]
MaybeFile = Annotated[Path | None, typer.Argument(help="A signed directory.", exists=True, dir_okay=False)]
Roots = Annotated[list[Path], typer.Option("--root", help="File of a root's private key; give it again for several.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    for command in (trust, verify, diff, roots, sign, publish, confirm):
        app.command()(command)
    app.command("make-root")(make_root)
    program.add_typer(app, name="directory")


def trust(
    file: File,
    region: Annotated[str, typer.Option("--region", help="The region's id, as its operators say it.")] = "",
    root: Annotated[list[str] | None, typer.Option("--root", help="Fingerprint of a root, compared by phone.")] = None,
    threshold: Annotated[int, typer.Option("--threshold", min=1, help="So many roots have to sign.")] = 1,
    var: Var = HERE,
) -> None:
    """Trust these roots from now on, and take a first directory that they have signed.

    Without roots, take a version that those trusted already have signed: as its processes do by themselves.
    """
    folder = Places(var).trust
    if root:
        if not region:
            raise Misconfigured("say the --region whose roots these are")
        folder.begin(Trust(region, frozenset(root), threshold))
    kept = folder.take(file.read_bytes())
    typer.echo(f"Version {kept.directory.version} of {kept.directory.title} is in force here.")


def verify(file: MaybeFile = None, var: Var = HERE) -> None:
    """Check a version against the roots trusted here, and say what it is; without a file, the one in force."""
    folder = Places(var).trust
    kept = folder.read()
    document = (file or folder.document(kept.directory.version)).read_bytes()
    directory = check_follows(document, kept)
    for line in described(directory, document):
        typer.echo(line)
    for owner, kid, name in waiting(directory, kept.trust.waiting):
        typer.echo(f"Key {kid} of {owner.upper()} does not count here until a person confirms it: {name}")


def diff(file: MaybeFile = None, var: Var = HERE) -> None:
    """Say what a signed version, or without a file the draft, changes of the one in force."""
    places = Places(var)
    kept = places.trust.read()
    following = (
        read_directory(payload_of(file.read_bytes(), DIRECTORY_TYPE)) if file else Draft(places.draft, kept).read()
    )
    found = changes(kept.directory, following)
    for one in found:
        typer.echo(f"{one.path}: {one.before or '-'} -> {one.after or '-'}")
    typer.echo(f"{len(found) or 'No'} changes")
    for code, note in following.footnotes(member.code for member in following.members).items():
        typer.echo(f"{code}: {note}")


def make_root(
    file: Annotated[Path, typer.Argument(help="The new file, on a machine without a network.", dir_okay=False)],
) -> None:
    """Make a root's key, or read the one that is there, and say its fingerprint: that is what others are told."""
    typer.echo(f"{file}: {thumbprint(keep_root(file).raw_public)}")


def roots(
    fingerprint: Annotated[list[str], typer.Argument(help="Fingerprints of all roots from the next version on.")],
    threshold: Annotated[int, typer.Option("--threshold", min=1, help="So many of them have to sign.")] = 1,
    var: Var = HERE,
) -> None:
    """Hand the directory over to other roots in the draft: roots of before and of then have to sign it."""
    places = Places(var)
    draft = Draft(places.draft, places.trust.read())
    draft.write(draft.read().model_copy(update={"roots": tuple(fingerprint), "root_threshold": threshold}))
    typer.echo(f"{len(fingerprint)} roots are in the draft, of which {threshold} have to sign.")


def sign(
    root: Roots,
    file: MaybeFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where to write the signed directory.")] = None,
    days: Annotated[int, typer.Option("--days", min=1, help="How long it is in force.")] = 365,
    var: Var = HERE,
) -> None:
    """Sign the draft as the next version; or, with a file, sign that version once more with another root."""
    keys = [read_root(path) for path in root]
    if file is not None:
        document = file.read_bytes()
        for key in keys:
            document = countersign(document, DIRECTORY_TYPE, key)
        target = out or file
    else:
        places = Places(var)
        kept = places.trust.read()
        draft = Draft(places.draft, kept)
        directory = draft.dated(now(), timedelta(days=days))
        document = signed(directory, keys)
        target = out or places.draft.with_name(f"directory-{directory.version}.jws")
    write_private(target, document)
    typer.echo(
        f"{target} is signed by {len(signers_of(document, DIRECTORY_TYPE))}; publish it when enough have signed."
    )


def publish(file: File, var: Var = HERE) -> None:
    """Hand a version out to every installation of the region.

    It is in force here at once: under an expired one the region's relay would not send it.
    """
    installation = open_installation(var)
    document = file.read_bytes()
    directory = hand_out(installation, document)
    installation.places.trust.take(document)
    Draft(installation.places.draft, installation.kept).clear()
    typer.echo(f"Version {directory.version} is in force here, and elsewhere as soon as it is taken there.")


def confirm(
    kid: Annotated[str, typer.Argument(help="The key's id.")],
    by: Annotated[str, typer.Option("--by", help="Your own mark, no name.")],
    because: Annotated[str, typer.Option("--because", help="How you made sure whose it is, as phone or visit.")],
    var: Var = HERE,
) -> None:
    """Let a key count here that no earlier key of its owner vouches for, after comparing its fingerprint."""
    folder = Places(var).trust
    kept = folder.read()
    names = {known: name for _, known, name in waiting(kept.directory, kept.trust.waiting)}
    if kid not in names:
        raise Misconfigured(f"no key {kid} waits here; those that wait: {', '.join(sorted(names)) or 'none'}")
    folder.confirm(Confirmation(key=names[kid], by=by, because=because, at=now().isoformat(timespec="seconds")))
    typer.echo(f"Key {kid} counts here from now on ({names[kid]}).")


def described(directory: Directory, document: bytes) -> list[str]:
    """What a version is, a line for each thing that people compare."""
    at = now()
    left = "EXPIRED" if directory.is_expired(at) else f"{(directory.expires_at - at).days} days left"
    members = [member.code for member in directory.members if not member.observer]
    notes = [f"{code}: {note}" for code, note in directory.footnotes(members).items()]
    return [
        f"{directory.title} ({directory.region}), version {directory.version}{', exercise' * directory.exercise}",
        f"issued {directory.issued_at:%Y-%m-%d %H:%M} UTC",
        f"in force until {directory.expires_at:%Y-%m-%d %H:%M} UTC ({left})",
        f"SHA-256 {document_sha256(document)}",
        *(f"signed by root {name}" for name in signers_of(document, DIRECTORY_TYPE)),
        f"{len(members)} members: {', '.join(members)}",
        *notes,
    ]


def waiting(directory: Directory, names: frozenset[str]) -> list[tuple[str, str, str]]:
    """Owner, id and thumbprint of the keys that wait for a person."""
    keys = [(owner, key.kid, thumbprint(public_key_of(key, owner).raw)) for owner, key in directory.owned_keys()]
    return [(owner if owner == REGION else owner.upper(), kid, name) for owner, kid, name in keys if name in names]
