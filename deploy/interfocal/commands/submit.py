"""``interfocal submit``: hand files of a national system to its member's intake. It changes with what it prints."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from interfocal.installation.installation import Places, open_directory
from interfocal.installation.region_folder import region_folder
from interfocal.limits import limits_of, say_exercise
from interfocal.member.intake import intake_of
from interfocal.member.submitting import Handing, hand_over
from producers.mapping.files import MappingSet, load_mappings
from producers.ways_in.handing import FileReport, Watch, reports_text
from producers.ways_in.python_call import How, Stream
from schemas.codes.lists import load_code_lists
from schemas.errors import Misconfigured

SHOWN_RESULTS = 50
PIPE_WIDTH = 160

As = Annotated[str, typer.Option("--as", help="The member whose records they are, as its code.")]
MappingName = Annotated[str | None, typer.Option("--mapping", help="Read them with this mapping; else by their names.")]
OfStream = Annotated[Stream | None, typer.Option("--stream", help="They hold harmonised JSON records of this stream.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would be, and keep nothing.")]
Reassert = Annotated[bool, typer.Option("--reassert", help="Take earlier contents again, as the newest.")]
Remap = Annotated[
    bool, typer.Option("--remap", help="Apply a mended mapping to records whose content is the same as before.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
Var = Annotated[
    Path, typer.Option("--var", envvar="INTERFOCAL_VAR", help="The folder that holds everything that runs.")
]
HERE = Path("var")


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("submit")(submit)


def submit(
    files: Annotated[
        list[Path], typer.Argument(help="CSV, XLSX, JSON, JSON Lines or XML files, read as the member's mapping says.")
    ],
    member: As,
    mapping: MappingName = None,
    stream: OfStream = None,
    dry_run: DryRun = False,
    reassert: Reassert = False,
    remap: Remap = False,
    as_json: AsJson = False,
    var: Var = HERE,
) -> None:
    """Submit files to a member's intake; exit 0 if nothing was rejected, else 1."""
    if missing := [str(path) for path in files if not path.is_file()]:
        raise Misconfigured(f"there is no file {', '.join(missing)}: nothing was submitted")
    directory = open_directory(var)
    code = directory.member(member).code
    say_exercise(directory)
    how = How(dry_run=dry_run, reassert=reassert, remap=remap)
    with intake_of(var, code) as exchange:
        handing = Handing(exchange, code, region_mappings(var), how, mapping, stream)
        reports = [watched(handing, path, Console(stderr=True)) for path in files]
    if as_json:
        typer.echo(reports_text(reports, limits_of(directory)))
    else:
        show_reports(reports, dry_run=dry_run)
    if not all(report.is_clean for report in reports):
        raise typer.Exit(1)


def watched(handing: Handing, path: Path, console: Console) -> FileReport:
    """Submit one file, with bars of what was read and handed over on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        size = path.stat().st_size if path.is_file() else None
        read = progress.add_task(f"bytes of {escape(printable(path.name).plain)} read", total=size)
        handed = progress.add_task("records handed over", total=None)
        watch = Watch(
            lambda position: progress.update(read, completed=position),
            lambda records: progress.update(handed, completed=records),
        )
        return hand_over(handing, path, watch)


def region_mappings(var: Path) -> MappingSet:
    """The mappings of the region that an installation was made from; raises Misconfigured."""
    return load_mappings(region_folder(Places(var)).mappings, load_code_lists())


def show_reports(reports: list[FileReport], *, dry_run: bool) -> None:
    """Print a table a file: every result of a short file, the rejected ones of a long one; then the counts."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    for report in reports:
        if report.fault:
            console.print(printable(f"{report.file}: {report.fault}"))
            continue
        console.print(results_table(report))
        left = sum(report.counts.values()) - len(report.results)
        if left:
            console.print(f"{left} more results are not shown.")
        counts = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items()) or "no records"
        console.print(printable(f"{report.file}: {counts}{' (dry run: nothing was kept)' if dry_run else ''}"))


def results_table(report: FileReport) -> Table:
    """Rows, national id and outcome of each record; each problem and warning with its column."""
    table = Table("row", "record", "outcome", "column", "reason")
    for result in report.results:
        where = ", ".join(map(str, result.rows))
        if result.problems:
            for found in result.problems:
                row, column = found.parameters.get("row", where), found.parameters.get("column", "")
                table.add_row(*map(printable, (row, result.national_id, result.outcome, column, found.message)))
        elif len(report.results) <= SHOWN_RESULTS:
            by = f" by revision {result.superseded_by}" if result.superseded_by else ""
            what = f"revision {result.revision}"
            table.add_row(*map(printable, (where, result.national_id, f"{result.outcome}{by}", "", what)))
        for found in result.warnings:
            row, column = found.parameters.get("row", where), found.parameters.get("column", "")
            table.add_row(*map(printable, (row, result.national_id, "warning", column, found.message)))
    return table


def printable(text: str) -> Text:
    """Text for a terminal: what could steer the terminal is shown as a sign."""
    return Text("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text))
