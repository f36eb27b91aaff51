"""Rules for tests: nothing is left out without a reason, and nothing depends on how fast the machine is."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from source_tree import ROOT, functions

FILES = sorted((ROOT / "tests").rglob("*.py"))
LEFT_OUT = {"skip", "skipif", "xfail"}
KINDS = {"unit", "contract", "conformance", "broker", "e2e", "rules", "faults"}
LONG = {"faults"}
"""Kinds that `make test` leaves to a command of their own."""


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(node: ast.expr) -> str:
    return ast.unparse(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_left_out_without_a_reason(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    marks = {f"pytest.mark.{name}" for name in LEFT_OUT}
    bare = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and name_of(node) in marks]
    reasoned = [
        call
        for call in calls(tree)
        if name_of(call.func) in marks and any(word.arg == "reason" for word in call.keywords)
    ]
    assert len(bare) == len(reasoned)
    at_run_time = {"pytest.skip", "pytest.xfail", "pytest.importorskip", "unittest.skip"}
    assert [name_of(call.func) for call in calls(tree) if name_of(call.func) in at_run_time] == []


def test_a_missing_server_fails_and_never_skips() -> None:
    """Only a file that people may name can leave a test out."""
    reasons = [
        ast.unparse(word.value)
        for path in FILES
        for call in calls(ast.parse(path.read_text(encoding="utf-8")))
        if name_of(call.func) == "pytest.mark.skipif"
        for word in call.keywords
        if word.arg == "reason"
    ]
    assert [reason for reason in reasons if "names no file" not in reason] == []


def test_every_test_lies_in_a_kind() -> None:
    tests = [path.relative_to(ROOT / "tests") for path in FILES if path.name.startswith("test_")]
    assert {path.parts[0] for path in tests} <= KINDS
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_every_kind_is_run_by_the_usual_command_or_by_one_of_its_own() -> None:
    usual = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]["testpaths"]
    assert set(usual) == {f"tests/{kind}" for kind in KINDS - LONG}
    commands = (ROOT / "Makefile").read_text("utf-8")
    assert [kind for kind in LONG if f"pytest tests/{kind} " not in commands] == []


@pytest.mark.parametrize("path", [path for path in FILES if path.name.startswith("test_")], ids=lambda path: path.name)
def test_no_two_tests_of_a_file_have_one_name(path: Path) -> None:
    """The second would replace the first, which then never runs."""
    names = [node.name for node in functions(ast.parse(path.read_text(encoding="utf-8")))]
    tests = [name for name in names if name.startswith("test_")]
    assert tests
    assert sorted(set(tests)) == sorted(tests)
