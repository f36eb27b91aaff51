"""Imports run one way, and a foreign library is known in one place only."""

import ast
import re

import pytest

from source_tree import SourceFile, functions, source_files

MAY_IMPORT = {
    "schemas": {"schemas"},
    "producers": {"schemas", "producers"},
    "consumers": {"schemas", "consumers"},
    "deploy/interfocal": {"schemas", "producers", "consumers", "interfocal"},
}
OURS = {"schemas", "producers", "consumers", "interfocal"}
OWNERS = {
    "kafka": (
        "producers/publisher.py",
        "producers/kafka_",
        "consumers/source.py",
        "consumers/kafka_",
        "deploy/interfocal/",
    ),
    "fastavro": ("schemas/wire/",),
    "random": ("deploy/interfocal/",),
    "secrets": ("deploy/interfocal/",),
    "time": ("deploy/interfocal/",),
}
CLOCK_AND_CHANCE = re.compile(r"datetime\.now\(|utcnow\(|uuid4\(|uuid1\(|os\.environ|os\.getenv|os\.urandom")


def top(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("source", source_files(), ids=lambda source: source.path)
def test_imports_run_one_way(source: SourceFile) -> None:
    ours = {top(module) for module in source.imported()} & OURS
    assert ours <= MAY_IMPORT[source.room], f"{source.path} imports {sorted(ours - MAY_IMPORT[source.room])}"


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_known_only_where_it_is_owned(library: str) -> None:
    strangers = [
        source.path
        for source in source_files()
        if library in {top(module) for module in source.imported()} and not source.path.startswith(OWNERS[library])
    ]
    assert strangers == []


def test_only_the_composition_root_asks_for_time_chance_and_environment() -> None:
    askers = [
        source.path
        for source in source_files()
        if source.room != "deploy/interfocal" and CLOCK_AND_CHANCE.search(source.text)
    ]
    assert askers == []


def test_no_import_hides_inside_a_function() -> None:
    hidden = [f"{source.path}:{node.lineno}" for source in source_files() for node in hidden_imports(source)]
    assert hidden == []


def hidden_imports(source: SourceFile) -> list[ast.stmt]:
    return [
        inner
        for function in functions(source.tree)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
