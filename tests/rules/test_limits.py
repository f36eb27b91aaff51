"""This version is for exercises only, and every command says so: on stderr, and in what it prints as JSON."""

import ast
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from command_tree import Leaf, leaves
from interfocal.commands.main import build_app
from interfocal.limits import EXERCISE_NOTICE
from source_tree import SourceFile, source_files

NOTICE = "EXERCISE_NOTICE"
OF_THE_CONTRACT = {"schemas codes"}
"""What prints no record and no event, but the contract itself."""

JSON_LEAVES = [leaf for leaf in leaves() if "--json" in leaf.options and str(leaf) not in OF_THE_CONTRACT]


@pytest.mark.parametrize("leaf", leaves(), ids=str)
def test_every_command_says_its_limits_on_stderr(leaf: Leaf) -> None:
    told = CliRunner().invoke(build_app(), [*leaf.words, "--help"])
    assert told.exit_code == 0
    assert EXERCISE_NOTICE in told.stderr
    assert EXERCISE_NOTICE not in told.stdout


@pytest.mark.parametrize("leaf", JSON_LEAVES, ids=str)
def test_every_command_that_prints_json_has_the_limits_to_print(leaf: Leaf) -> None:
    """That they are printed is tested with each command; here no command is forgotten."""
    assert any(NOTICE in source.text for source in reached(leaf.module))


def reached(module: str) -> Iterator[SourceFile]:
    """The file of a command, and those of the program that it uses."""
    by_module = {as_module(source.path): source for source in source_files() if source.room == "deploy/interfocal"}
    waiting, seen = [module], {"interfocal.limits", "interfocal.commands.main"}
    while waiting:
        name = waiting.pop()
        source = by_module.get(name)
        if source is None or name in seen:
            continue
        seen.add(name)
        yield source
        waiting += imports(source.tree)


def imports(tree: ast.Module) -> Iterator[str]:
    """Modules and names that a file imports from our program."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("interfocal"):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def as_module(path: str) -> str:
    return path.removeprefix("deploy/").removesuffix(".py").replace("/", ".")
