"""Prints a list: as a table for people, as JSON or CSV for programs. It changes when lists are printed in another form.

The footnote of every member that a list names is printed with it.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from interfocal.commands.submit import PIPE_WIDTH, printable
from interfocal.limits import limits_of, say_exercise
from schemas.directory import Directory
from schemas.errors import Misconfigured

NOTE_COLUMN = "jurisdiction_note"
SHOWN_ID = 8
UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
INSTANT_TEXT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(\.\d+)?)?(Z|\+00:00)")
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class Form(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows to print, their columns, and which of these hold member codes."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    members: Sequence[str] = ("member",)

    def codes(self) -> set[str]:
        """Every member that the rows name."""
        return {row[column] for row in self.rows for column in self.members if row[column]}


def form_of(*, as_json: bool, as_csv: bool) -> Form:
    """The form that two switches ask for; raises Misconfigured for both at once."""
    if as_json and as_csv:
        raise Misconfigured("--json and --csv cannot be had at once; leave one out")
    return Form.JSON if as_json else Form.CSV if as_csv else Form.TABLE


def print_list(listed: Listed, form: Form, directory: Directory) -> None:
    """Print a list to standard output; that it is of an exercise is said on stderr."""
    say_exercise(directory)
    footnotes = directory.footnotes(listed.codes())
    if form is Form.JSON:
        shown = {"rows": [dict(row) for row in listed.rows], "limits": limits_of(directory), "footnotes": footnotes}
        typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    elif form is Form.CSV:
        typer.echo(csv_text(listed, footnotes), nl=False)
    else:
        _print_table(listed, footnotes)


def csv_text(listed: Listed, footnotes: Mapping[str, str]) -> str:
    """The list as CSV, with the footnotes that a row is due in its last column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*listed.columns, NOTE_COLUMN])
    for row in listed.rows:
        named = dict.fromkeys(row[column] for column in listed.members if row[column])
        notes = "; ".join(footnotes[code] for code in named if code in footnotes)
        writer.writerow([*(_cell(row[column]) for column in listed.columns), notes])
    return out.getvalue()


def console() -> Console:
    """Standard output; wide where it is no terminal, so that no line is broken."""
    found = Console()
    return found if found.is_terminal else Console(width=PIPE_WIDTH)


def print_footnotes(footnotes: Mapping[str, str]) -> None:
    """One line each, after what names the members."""
    for code, note in footnotes.items():
        typer.echo(f"{code}: {note}")


def _print_table(listed: Listed, footnotes: Mapping[str, str]) -> None:
    table = Table(*listed.columns)
    for row in listed.rows:
        table.add_row(*(printable(_text(row[column])) for column in listed.columns))
    console().print(table)
    print_footnotes(footnotes)


def _cell(value: object) -> object:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_SIGNS) else value


def _text(value: object) -> str:
    """A cell for people: an instant in UTC to the minute, and of an id the beginning; JSON and CSV have them whole."""
    text = "" if value is None else str(value)
    if UUID_TEXT.fullmatch(text):
        return text[:SHOWN_ID]
    instant = INSTANT_TEXT.fullmatch(text)
    return f"{instant[1]} {instant[2]}" if instant else text
