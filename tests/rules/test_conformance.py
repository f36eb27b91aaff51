"""Every edge has one suite, which its twin and its real adapters pass; what is no edge is said to be none."""

import ast
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from source_tree import ROOT, functions, source_files

CONFORMANCE = ROOT / "tests" / "conformance"


@dataclass(frozen=True, slots=True)
class Suite:
    """The file that holds an edge's promises, and the places that it has to be run in."""

    file: str
    places: frozenset[str]


SOURCES = frozenset({"twin", "kafka", "replay of the twin", "replay of kafka"})
EDGES: Mapping[str, Suite] = {
    "schemas/record.py::Outbox": Suite("test_outbox.py", frozenset({"twin", "sqlite", "postgres"})),
    "schemas/record.py::Publisher": Suite("test_publisher.py", frozenset({"twin", "kafka"})),
    "schemas/record.py::Delivery": Suite("test_publisher.py", frozenset({"twin", "kafka"})),
    "schemas/record.py::TopicReader": Suite("test_source.py", SOURCES),
    "schemas/record.py::Source": Suite("test_source.py", SOURCES),
    "consumers/quarantine/entries.py::Quarantine": Suite("test_quarantine.py", frozenset({"twin", "postgres"})),
}
NO_EDGES: Mapping[str, str] = {
    "schemas/marks/lookup.py::Identified": "a shape of rows in memory",
    "producers/relay.py::Observer": "told after the fact; nothing depends on what it does",
    "producers/standing.py::Listener": "likewise",
    "consumers/observer.py::Observer": "likewise",
    "consumers/tracing/worker.py::RouterObserver": "likewise",
    "consumers/terms/worker.py::EndedTermObserver": "likewise",
    "deploy/interfocal/rebuild/folding.py::FoldObserver": "likewise",
    "deploy/interfocal/rebuild/sharing.py::Told": "likewise",
    "consumers/checked.py::Handler": "what is done with an event inside a transaction; each has laws of its own",
    "producers/ways_in/readers/expat.py::Listener": "told what an XML file says, in memory",
    "deploy/interfocal/stack/supervisor.py::Server": "the local stack's real servers, on which tests/broker runs",
}


def protocols() -> Mapping[str, ast.ClassDef]:
    """Every Protocol of the four packages, as ``file::name``."""
    return {
        f"{source.path}::{node.name}": node
        for source in source_files()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and any(is_protocol(base) for base in node.bases)
    }


def is_protocol(base: ast.expr) -> bool:
    return ast.unparse(base).split("[")[0] in {"Protocol", "typing.Protocol"}


def loaded(path: Path) -> ModuleType:
    """A test file as a module."""
    spec = importlib.util.spec_from_file_location(f"looked_at_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_protocol_is_an_edge_with_a_suite_or_said_to_be_none() -> None:
    unknown = sorted(set(protocols()) - set(EDGES) - set(NO_EDGES))
    assert unknown == [], "give each a suite in tests/conformance and an entry in EDGES, or say in NO_EDGES why not"
    assert set(EDGES) <= set(protocols())
    assert not set(EDGES) & set(NO_EDGES)


@pytest.mark.parametrize("edge", EDGES)
def test_a_suite_is_run_on_the_twin_and_on_every_real_adapter(edge: str) -> None:
    suite = EDGES[edge]
    assert set(loaded(CONFORMANCE / suite.file).PLACES) == suite.places
    assert "twin" in suite.places
    assert len(suite.places) > 1


@pytest.mark.parametrize("edge", EDGES)
def test_a_suite_calls_everything_that_its_edge_promises(edge: str) -> None:
    tree = ast.parse((CONFORMANCE / EDGES[edge].file).read_text(encoding="utf-8"))
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    called = {function.attr for function in calls if isinstance(function, ast.Attribute)}
    promised = {node.name for node in protocols()[edge].body if isinstance(node, ast.FunctionDef)}
    assert promised
    assert promised <= called


@pytest.mark.parametrize("file", sorted(CONFORMANCE.glob("test_*.py")), ids=lambda path: path.name)
def test_every_suite_belongs_to_an_edge_and_knows_its_place_by_the_table_only(file: Path) -> None:
    """A promise that is tested in one place only is no promise of the edge."""
    assert file.name in {suite.file for suite in EDGES.values()}
    tests = [node for node in functions(ast.parse(file.read_text("utf-8"))) if node.name.startswith("test_")]
    assert tests
    servers = {"stack", "database", "tmp_path"}
    assert [test.name for test in tests if servers & {argument.arg for argument in test.args.args}] == []
