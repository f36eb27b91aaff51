"""``interfocal mapping``: for those who write mappings. It changes with what helps them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from interfocal.clock import now
from interfocal.commands.submit import HERE, As, AsJson, Var, printable
from interfocal.installation.installation import open_directory
from interfocal.limits import limits_of, say_exercise
from interfocal.listing import console
from interfocal.member.mapping_files import checked_skeleton, chosen, look, records
from producers.mapping.files import load_mapping
from producers.mapping.harmonise import Harmonised
from producers.mapping.mapping import NationalMapping
from producers.mapping.schema import mapping_schema
from producers.mapping.skeleton import skeleton
from producers.mapping.trial import Change, Findings, before_and_after, examine
from producers.ways_in.handing import fault_of
from schemas.codes.lists import load_code_lists
from schemas.errors import Misconfigured, Rejected
from schemas.messages.sentences import message

HELP = "Write and try the mapping of a national export. Nothing is submitted or kept."
TRIED = 10
MAPPING_FILE = ".toml"

Named = Annotated[
    str | None, typer.Option("--mapping", help="Name of a mapping, or its .toml file; else by the file's name.")
]
Export = Annotated[Path, typer.Argument(metavar="FILE", help="An export of the national system.")]


def register(program: typer.Typer) -> None:
    """Add the group."""
    app = typer.Typer(help=HELP, no_args_is_help=True)
    app.command("new")(new)
    app.command("check")(check)
    app.command("try")(try_file)
    app.command("schema")(schema)
    program.add_typer(app, name="mapping")


def new(
    file: Export,
    member: As,
    stream: Annotated[Literal["seizure", "missing", "trace"], typer.Option("--stream")] = "seizure",
    element: Annotated[str, typer.Option("--element", help="XML: a record's element, from the outermost.")] = "",
    encoding: Annotated[str, typer.Option("--encoding", help="CSV: cp1250, cp1251 ...; else it is tried.")] = "",
    var: Var = HERE,
) -> None:
    """Print a first mapping with the columns of a file, to be completed by hand."""
    code = open_directory(var).member(member).code
    with sentences(file):
        read_with, columns = look(file, element, encoding)
    typer.echo(checked_skeleton(skeleton(code, stream, file.name, read_with, columns)), nl=False)


def check(file: Export, member: As, mapping: Named = None, as_json: AsJson = False, var: Var = HERE) -> None:
    """Check a mapping (FILE.toml) alone, or against an export; exit 0 if every record can be mapped, else 1.

    Of an export: spellings without a code, how many records hold each field, and columns that nobody reads.
    """
    if file.suffix == MAPPING_FILE:
        found = load_mapping(file, load_code_lists())
        typer.echo(f"{found.name} fits the data set: {len(found.columns)} columns become {found.stream} records.")
        return
    directory = open_directory(var)
    code = directory.member(member).code
    told: dict[str, Findings] = {}
    with sentences(file):
        for one in chosen(var, code, file, mapping):
            told[one.name] = examine(one, records(one, code, file), load_code_lists(), now())
    if as_json:
        shown = {name: asdict(findings) for name, findings in told.items()}
        typer.echo(json.dumps({"limits": limits_of(directory), "mappings": shown}, indent=2, ensure_ascii=False))
    else:
        for name, findings in told.items():
            show_findings(name, findings)
    if any(findings.clean < findings.records for findings in told.values()):
        raise typer.Exit(1)


def try_file(
    file: Export,
    member: As,
    mapping: Named = None,
    count: Annotated[int, typer.Option("--records", min=1, help="At most so many.")] = TRIED,
    var: Var = HERE,
) -> None:
    """Show what the first ten records of an export would become: before and after, side by side."""
    directory = open_directory(var)
    code = directory.member(member).code
    say_exercise(directory)
    with sentences(file):
        for one in chosen(var, code, file, mapping):
            for record in islice(records(one, code, file), count):
                show_record(one, *before_and_after(one, record, now()))


def schema() -> None:
    """Print the JSON Schema of mapping files, by which editors help."""
    typer.echo(json.dumps(mapping_schema(), indent=2, ensure_ascii=False))


@contextmanager
def sentences(file: Path) -> Iterator[None]:
    """What is wrong with a file as one sentence."""
    try:
        yield
    except Rejected as error:
        raise Misconfigured(f"{file.name}: {fault_of(error)}") from error


def show_findings(name: str, findings: Findings) -> None:
    """Print what a file says of its mapping."""
    typer.echo(f"{name}: {findings.clean} of {findings.records} records can be mapped")
    unmapped = Table("field", "column", "spelling", "times", "nearest", title="spellings without a code")
    for one in findings.unmapped:
        unmapped.add_row(*map(printable, (one.field, one.column, one.value, str(one.count), one.nearest)))
    if findings.unmapped:
        console().print(unmapped)
    coverage = Table("field", "filled", "of", title="coverage")
    for field in findings.coverage:
        coverage.add_row(field.field, str(field.filled), str(field.of))
    console().print(coverage)
    for code, count in findings.problems.items():
        typer.echo(f"rejected for {code}: {count}")
    if findings.unused:
        console().print(printable(f"columns that nobody reads: {', '.join(findings.unused)}"))


def show_record(mapping: NationalMapping, made: Harmonised, changes: Sequence[Change]) -> None:
    """Print one record before and after."""
    table = Table("row", "column", "before", "field", "after")
    for one in changes:
        table.add_row(*map(printable, (str(one.row), one.column, one.before, one.field, one.after)))
    console().print(printable(f"{mapping.stream} {made.fields.get('national_id', '')} by {mapping.name}"))
    console().print(table)
    for found in made.problems:
        console().print(printable(f"- row {found.parameters.get('row', '')}: {message(found)}"))
