"""``interfocal rejected resubmit`` and ``export``: rejected records are judged again, or mended in a workbook.

It changes with how a clerk mends records.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from interfocal.commands.submit import HERE, As, AsJson, Var, printable, region_mappings
from interfocal.installation.installation import Places, open_directory
from interfocal.limits import limits_of, say_exercise
from interfocal.listing import console
from interfocal.member.intake import intake_of
from producers.intake.result import Result
from producers.mapping.files import MappingSet
from producers.outbox import Rejection, open_read_only
from producers.ways_in.rejected_workbook import Sheet, sheet_name, sheet_of, write_workbook
from schemas.directory import Directory
from schemas.errors import Misconfigured
from schemas.messages.sentences import reading_language

Numbers = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers in the list.")]
Every = Annotated[bool, typer.Option("--all", help="All that are open.")]
File = Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="The workbook to write; it must not be there yet.")]
SPEAKING = "The language of the reasons, as sr-Cyrl; else the member's first one, or English."
Language = Annotated[str | None, typer.Option("--language", help=SPEAKING)]
MOST = 100_000


def resubmit_rejected(
    member: As, numbers: Numbers = None, every: Every = False, as_json: AsJson = False, var: Var = HERE
) -> None:
    """Judge kept rejected records again, with the mappings of today; exit 0 if all of them are accepted now, else 1."""
    if bool(numbers) == every:
        raise Misconfigured("name the numbers of rejected records, or give --all")
    directory = open_directory(var)
    code = directory.member(member).code
    say_exercise(directory)
    wanted = numbers or [kept.id for kept in open_rejections(var, directory, member)]
    with intake_of(var, code) as exchange:
        results = {number: exchange.resubmit(number) for number in wanted}
    if as_json:
        shown = {number: [one.model_dump(mode="json") for one in found] for number, found in results.items()}
        typer.echo(json.dumps({"limits": limits_of(directory), "results": shown}, indent=2, ensure_ascii=False))
    else:
        _print_results(results)
    if any(one.outcome == "rejected" for found in results.values() for one in found):
        raise typer.Exit(1)


def export_rejected(file: File, member: As, language: Language = None, var: Var = HERE) -> None:
    """Write open rejected records into a workbook: the clerk's own columns, and a column that says what is wrong.

    Mended rows are submitted again with `interfocal submit FILE.xlsx --as RS --mapping NAME`.
    """
    if file.exists():
        raise Misconfigured(f"{file} is there already; name another file")
    directory = open_directory(var)
    code, spoken = directory.member(member).code, reading_language(directory.member(member).languages, language)
    say_exercise(directory)
    rejections = open_rejections(var, directory, member)
    sheets = sheets_of(rejections, region_mappings(var), code, spoken)
    told = sum(len(sheet.rows) for sheet in sheets)
    if not sheets:
        typer.echo("No rejected record was read with a mapping: nothing was written.")
        return
    try:
        write_workbook(file, sheets)
    except OSError as error:
        raise Misconfigured(f"{file} cannot be written: {error.strerror}") from error
    typer.echo(f"{told} rows in {file}.")
    for sheet in sheets:
        how = f"interfocal submit {file} --as {code} --mapping {sheet.mapping.name}"
        only_shown = "it is no table in its own system: mend it there"
        typer.echo(f"sheet {sheet_name(sheet.mapping.name)}: {how if sheet.mapping.is_table else only_shown}")
    left = len(rejections) - sum(kept.rejected.mapping in {s.mapping.name for s in sheets} for kept in rejections)
    if left:
        typer.echo(f"{left} rejected records came in the harmonised form: mend them where they were made.")


def open_rejections(var: Path, directory: Directory, member: str) -> list[Rejection]:
    """A member's open rejected records, the oldest first."""
    outbox = open_read_only(Places(var).outbox(directory.member(member).owner))
    try:
        return list(reversed(outbox.rejected(limit=MOST)))
    finally:
        outbox.close()


def sheets_of(rejections: list[Rejection], mappings: MappingSet, code: str, language: str) -> list[Sheet]:
    """A sheet for each mapping that has rejected records."""
    by_name: dict[str, list[Rejection]] = {}
    for kept in rejections:
        by_name.setdefault(kept.rejected.mapping, []).append(kept)
    known = {mapping.name: mapping for mapping in mappings.of_member(code)}
    return [sheet_of(known[name], found, language) for name, found in sorted(by_name.items()) if name in known]


def _print_results(results: Mapping[int, Sequence[Result]]) -> None:
    counts = Counter(one.outcome for found in results.values() for one in found)
    for number, found in results.items():
        for one in found:
            reasons = "; ".join(problem.message for problem in one.problems)
            console().print(printable(f"{number}: {one.outcome}{': ' if reasons else ''}{reasons}"))
        if not found:
            typer.echo(f"{number}: left out by its mapping now")
    typer.echo(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "no rejected records")
