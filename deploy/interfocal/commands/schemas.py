"""``interfocal schemas``: lint, check, draft and release the contract; show it and hand it on.

It changes with the contract's life.
"""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import typer

from interfocal.commands.codes import show_codes
from interfocal.commands.schemas_docs import write_docs
from interfocal.commands.schemas_push import push_schemas
from schemas.codes.lists import load_code_lists
from schemas.errors import Misconfigured
from schemas.wire.catalogue import SchemaVersion, avro_folder, read_versions
from schemas.wire.draft import draft_of
from schemas.wire.evolution import history_findings, may_follow
from schemas.wire.lint import Finding, lint_text
from schemas.wire.release import read_released, record_release, release_findings

FAILED = 1
OWN_FOLDER = Path(str(avro_folder()))
HELP = "Lint, check, draft and release the schemas of events; show them and the code lists, copy them to a registry."

Folder = Annotated[Path, typer.Option("--folder", help="The folder of schemas; else this program's own.")]
Files = Annotated[list[Path] | None, typer.Argument(help="Schema files; else every schema of the folder.")]
Candidate = Annotated[Path, typer.Argument(help="The schema file that is to be the next version.")]
Stream = Annotated[str | None, typer.Option("--stream", help="Its stream; else the one whose record has its name.")]
Streams = Annotated[list[str], typer.Argument(help="Streams, as seizure.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("lint")(lint_schemas)
    app.command("check")(check_candidate)
    app.command("draft")(write_drafts)
    app.command("release")(release_drafts)
    app.command("codes")(show_codes)
    app.command("docs")(write_docs)
    app.command("push")(push_schemas)
    program.add_typer(app, name="schemas")


def lint_schemas(paths: Files = None, folder: Folder = OWN_FOLDER) -> None:
    """Say what is wrong with schema files, or with the folder and its history; exit 1 if anything is."""
    if paths:
        for path in paths:
            _stop_at(_lint(path.name, _read(path)))
        typer.echo(f"{len(paths)} files are sound.")
        return
    versions = read_versions(folder)
    _stop_at([line for version in versions for line in _lint(version.name, version.text)])
    _stop_at(_history(versions, folder))
    typer.echo(f"{len(versions)} schemas are sound, and any may follow any other of its stream.")


def check_candidate(candidate: Candidate, stream: Stream = None, folder: Folder = OWN_FOLDER) -> None:
    """Say whether a schema file may be the next version of its stream; exit 1 if it may not.

    It is held against every released version, or against the draft where nothing is released yet.
    """
    text = _read(candidate)
    _stop_at(_lint(candidate.name, text))
    schema = json.loads(text)
    versions, released = read_versions(folder), read_released(folder)
    same = [v for v in versions if (v.stream == stream if stream else v.schema["name"] == schema["name"])]
    earlier = [version for version in same if version.name in released] or same
    if not earlier:
        typer.echo(
            f"{candidate.name} is sound, and the first of its kind: no stream has events called {schema['name']}."
        )
        return
    _stop_at(_lines(candidate.name, may_follow(schema, earlier)))
    typer.echo(f"{candidate.name} may follow {', '.join(version.name for version in earlier)}.")


def write_drafts(streams: Streams, folder: Folder = OWN_FOLDER) -> None:
    """Write the drafts of streams anew from models and examples; a released version gets a successor."""
    for stream in streams:
        draft = draft_of(stream, read_versions(folder, begun=True), read_released(folder), folder)
        target = folder / draft.version.name
        target.mkdir(parents=True, exist_ok=True)
        for name, content in draft.files.items():
            (target / name).write_bytes(content)
        typer.echo(f"{draft.version.name} is written.")


def release_drafts(streams: Streams, folder: Folder = OWN_FOLDER) -> None:
    """Record the hashes of drafts, which are never edited from then on; exit 1 if one may not be released."""
    versions, released = read_versions(folder), read_released(folder)
    drafts = [_draft(stream, versions, released) for stream in streams]
    _stop_at([line for draft in drafts for line in _lint(draft.name, draft.text)])
    _stop_at(_history(versions, folder))
    record_release(folder, drafts)
    typer.echo(f"Released: {', '.join(draft.name for draft in drafts)}.")


def _draft(stream: str, versions: Sequence[SchemaVersion], released: Collection[str]) -> SchemaVersion:
    drafts = [version for version in versions if version.stream == stream and version.name not in released]
    if not drafts:
        raise Misconfigured(f"{stream} has no draft to release; write one with `interfocal schemas draft {stream}`")
    return drafts[-1]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} cannot be read as UTF-8 text: {error}") from error


def _lint(name: str, text: str) -> list[str]:
    return _lines(name, lint_text(text, load_code_lists()))


def _history(versions: Sequence[SchemaVersion], folder: Path) -> list[str]:
    findings = (*release_findings(versions, read_released(folder)), *history_findings(versions))
    return _lines("history", findings)


def _lines(name: str, findings: Sequence[Finding]) -> list[str]:
    return [f"{name}: {finding}" for finding in findings]


def _stop_at(lines: Sequence[str]) -> None:
    """Say these lines and exit 1, if there are any."""
    for line in lines:
        typer.echo(line)
    if lines:
        raise typer.Exit(FAILED)
