"""Prints what a desk shows: as a table, JSON or CSV, never without footnotes. It changes with those forms."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.table import Table

from interfocal.commands.submit import printable
from interfocal.desk.views import Row, footnotes_for
from interfocal.limits import limits_of, say_exercise
from interfocal.listing import Listed, console, csv_text, print_footnotes
from schemas.directory import Directory

SHORT_ID = 8
MEMBER_COLUMNS = ("from", "requester", "accountable")


def print_json(shown: Row, directory: Directory) -> None:
    """One document, with ``limits`` and the ``footnotes`` of every member in it."""
    say_exercise(directory)
    whole = {"limits": limits_of(directory), "footnotes": footnotes_for(shown, directory), **shown}
    typer.echo(json.dumps(whole, indent=2, ensure_ascii=False, default=str))


def print_csv(rows: Sequence[Row], columns: Sequence[str], directory: Directory) -> None:
    """A header and a line a row; the last column holds the row's footnotes."""
    say_exercise(directory)
    listed = Listed(columns, rows, members=[name for name in MEMBER_COLUMNS if name in columns])
    typer.echo(csv_text(listed, directory.footnotes(listed.codes())), nl=False)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table for people; what could steer the terminal is shown as a sign."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*(printable("" if value is None else str(value)) for value in row))
    console().print(table)


def print_notes(shown: Any, directory: Directory) -> None:
    """What is said after what was printed: the footnotes of every member in it; on stderr that it is an exercise's."""
    say_exercise(directory)
    print_footnotes(footnotes_for(shown, directory))


def print_line(text: str) -> None:
    """A line of text."""
    console().print(printable(text), soft_wrap=True)
