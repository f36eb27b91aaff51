"""Files, functions and classes stay small enough to be read in one go."""

import ast
from statistics import median

import pytest

from source_tree import SourceFile, functions, source_files

FILE_LINES = 300
FUNCTION_LINES = 40
MEDIAN_FUNCTION_LINES = 10
CLASS_METHODS = 10
PARAMETERS = 5


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len([name for name in arguments if name not in {"self", "cls"}])


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A command line's or HTTP route's options are its parameters, and the frameworks want them so."""
    return any("Annotated[" in ast.unparse(a.annotation) for a in node.args.args if a.annotation is not None)


@pytest.mark.parametrize("source", source_files(), ids=lambda source: source.path)
def test_a_file_and_its_parts_keep_the_budget(source: SourceFile) -> None:
    assert source.text.count("\n") <= FILE_LINES
    long = [f"{node.name}: {lines(node)} lines" for node in functions(source.tree) if lines(node) > FUNCTION_LINES]
    assert long == []
    wide = [
        f"{node.name}: {parameters(node)} parameters"
        for node in functions(source.tree)
        if parameters(node) > PARAMETERS and not is_command(node)
    ]
    assert wide == []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            methods = [inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)]
            assert len(methods) <= CLASS_METHODS or is_settled(source.path, node.name), f"{node.name}: {len(methods)}"


def is_settled(path: str, name: str) -> bool:
    """Classes that are as wide as the edge they stand for."""
    return (path, name) in {
        ("producers/outbox/file.py", "OutboxFile"),  # the Outbox Protocol, and intake's side of the same file
        (
            "deploy/interfocal/installation/installation.py",
            "Places",
        ),  # one property a file, so that no path is spelled twice
        ("consumers/source.py", "KafkaSource"),  # the Source Protocol
        ("consumers/replay.py", "Replay"),  # likewise
        ("consumers/observer.py", "Observer"),  # each kind of thing that a loop tells
        ("consumers/observer.py", "Unobserved"),
        ("deploy/interfocal/process/observers.py", "LoopObserver"),
        ("schemas/directory.py", "Directory"),  # questions that people ask a directory
    }


def test_half_of_all_functions_have_at_most_ten_lines() -> None:
    sizes = [lines(node) for source in source_files() for node in functions(source.tree)]
    assert median(sizes) <= MEDIAN_FUNCTION_LINES
