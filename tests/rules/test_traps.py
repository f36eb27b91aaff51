"""Every known trap of a library has its test, or a reason why it cannot occur, and the reason is true."""

import ast
import re
from collections.abc import Mapping

import pytest

from documents import CONTRIBUTING, is_there, named, table
from source_tree import ROOT, source_files

HEADINGS: Mapping[str, tuple[str, int]] = {
    "### kafka-python 3.0.12": ("K", 23),
    "### Kafka": ("B", 3),
    "### fastavro 1.13.1": ("A", 8),
    "### Others": ("O", 19),
}
ROWS = [row for heading in HEADINGS for row in table(CONTRIBUTING, heading)]
REASONS = ("Cannot occur", "only time: ")
TRIED = "deploy/interfocal/forbidden/operations.py"
"""Asks for what nobody may do, and is refused."""
NOT_THERE: Mapping[str, str] = {
    r"transactional_id|init_transactions": "K14: we claim at least once, and use no transactions of Kafka",
    r"create extension": "O15: the wheel's PostgreSQL has few extensions",
    r"\b(pycountry|iso3166|babel)\b": "O13: libraries of country codes drop XK",
}


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_trap_has_a_row(heading: str) -> None:
    letter, count = HEADINGS[heading]
    assert [row[0] for row in table(CONTRIBUTING, heading)] == [f"{letter}{n}" for n in range(1, count + 1)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_trap_has_a_test_that_is_there_or_a_reason(row: list[str]) -> None:
    _, trap, answer = row
    assert trap
    tests = [name for name in named(answer) if "::" in name]
    assert tests or answer.startswith(REASONS)
    assert [name for name in tests if not is_there(name)] == []


@pytest.mark.parametrize("sign", NOT_THERE)
def test_what_cannot_occur_yet_is_not_there(sign: str) -> None:
    found = [source.path for source in source_files() if re.search(sign, source.text) and source.path != TRIED]
    assert found == [], NOT_THERE[sign]


def test_a_listener_of_rebalances_only_takes_notes() -> None:
    """It runs on the client's own thread: what waits there stops heartbeats, and asking the client raises."""
    listeners = [
        node
        for source in source_files()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and any("RebalanceListener" in ast.unparse(base) for base in node.bases)
    ]
    called = {ast.unparse(node.func) for one in listeners for node in ast.walk(one) if isinstance(node, ast.Call)}
    assert len(listeners) == 1
    assert called <= {"set", "threading.Lock"}


def test_no_folder_of_ours_hides_a_library() -> None:
    libraries = {"kafka", "avro", "fastavro", "alembic", "rich", "typer"}
    searched = (ROOT, ROOT / "deploy", ROOT / "tests")
    assert [path for place in searched for path in place.iterdir() if path.is_dir() and path.name in libraries] == []
    assert (ROOT / "tests" / "typings" / "kafka" / "__init__.pyi").is_file()
