"""That data are for an exercise is said where a region's directory says so: of its records, and nowhere else."""

import ast
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from command_tree import Leaf, leaves
from interfocal.commands.main import build_app
from interfocal.limits import EXERCISE_NOTICE
from source_tree import SourceFile, source_files

NAME = "EXERCISE_NOTICE"
LIMITS, SAYING = "limits_of(", "say_exercise("
OF_NO_REGION = {"schemas codes", "config check"}
"""What prints the contract, or the settings of a machine: no region is told of there."""

SUBMIT = "interfocal.commands.submit"
RECORDS = ("submit", "rejected", "mapping try", "view", "explain", "event", "inbox", "trace", "erase", "tail")
OF_ENTRIES = ("quarantine list", "quarantine show", "quarantine diff", "audit list")

JSON_LEAVES = [leaf for leaf in leaves() if "--json" in leaf.options and str(leaf) not in OF_NO_REGION]
SHOWING = [leaf for leaf in leaves() if str(leaf).startswith(RECORDS) or str(leaf) in OF_ENTRIES]


@pytest.mark.parametrize("leaf", leaves(), ids=str)
def test_help_says_nothing_of_a_region(leaf: Leaf) -> None:
    told = CliRunner().invoke(build_app(), [*leaf.words, "--help"])
    assert told.exit_code == 0
    assert told.stderr == ""
    assert EXERCISE_NOTICE not in told.stdout


def test_only_what_looks_into_the_directory_says_the_notice() -> None:
    naming = [source.path for source in source_files() if NAME in source.text or EXERCISE_NOTICE in source.text]
    assert naming == ["deploy/interfocal/limits.py"]


@pytest.mark.parametrize("leaf", JSON_LEAVES, ids=str)
def test_every_command_that_prints_json_has_the_limits_to_print(leaf: Leaf) -> None:
    """That they are printed is tested with each command; here no command is forgotten."""
    assert any(LIMITS in source.text for source in reached(leaf.module))


@pytest.mark.parametrize("leaf", SHOWING, ids=str)
def test_every_command_that_shows_or_submits_records_has_the_notice_to_say(leaf: Leaf) -> None:
    assert any(SAYING in source.text for source in reached(leaf.module))


def reached(module: str) -> Iterator[SourceFile]:
    """The file of a command, and those with which it prints, of which ``submit`` is none: all take options of it."""
    by_module = {as_module(source.path): source for source in source_files() if source.room == "deploy/interfocal"}
    waiting, seen = [module], {"interfocal.commands.main", SUBMIT} - {module}
    while waiting:
        name = waiting.pop()
        if name in seen or name not in by_module:
            continue
        seen.add(name)
        yield by_module[name]
        waiting += filter(prints, imports(by_module[name].tree))


def prints(module: str) -> bool:
    return module.startswith(("interfocal.commands.", "interfocal.listing"))


def imports(tree: ast.Module) -> Iterator[str]:
    """Modules and names that a file imports from our program."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("interfocal"):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def as_module(path: str) -> str:
    return path.removeprefix("deploy/").removesuffix(".py").replace("/", ".")
