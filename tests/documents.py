"""What the Markdown files say: tables by heading, names in backticks, and whether a test that is named is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from source_tree import ROOT, functions

README = ROOT / "README.md"
OPERATION = ROOT / "deploy" / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
NAMED = re.compile(r"`([^`]+)`")


def table(path: Path, heading: str) -> list[list[str]]:
    """The cells of the tables under a heading, without their header rows."""
    rows = [cells(line) for line in section(path, heading) if line.startswith("|")]
    under = [*rows[1:], []]
    return [row for row, below in zip(rows, under, strict=True) if not is_rule(row) and not is_rule(below)]


def cells(line: str) -> list[str]:
    """The cells of a row; a bar behind a backslash belongs to its cell."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def is_rule(row: list[str]) -> bool:
    """Whether a row is the line under a table's header."""
    return bool(row) and all(re.fullmatch(r":?-+:?", cell) for cell in row)


def section(path: Path, heading: str) -> Iterator[str]:
    """The lines under a heading, up to the next of its level or above."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index(heading)
    level = len(heading) - len(heading.lstrip("#"))
    for line in lines[start + 1 :]:
        if re.match(rf"#{{1,{level}}} ", line):
            return
        yield line


def named(text: str) -> list[str]:
    """What stands in backticks."""
    return NAMED.findall(text)


def is_there(name: str) -> bool:
    """Whether ``path::test`` names a test."""
    path, _, test = name.partition("::")
    file = ROOT / path
    return file.is_file() and test in {node.name for node in functions(ast.parse(file.read_text(encoding="utf-8")))}
