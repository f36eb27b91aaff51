"""What the documents say of commands, settings, metrics and files is what the code has, and all of it is said."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from command_tree import leaves
from declared import declared_metrics
from documents import CONTRIBUTING, OPERATION, README, named, table
from interfocal.installation.settings import Settings
from source_tree import ROOT, source_files
from told_commands import is_a_command

DECISIONS = ROOT / "deploy" / "decisions"
DECISION_LINES = 40
OF_TESTS_ONLY = {"INTERFOCAL_RECOVERIES"}
RUNBOOKS = sorted((ROOT / "deploy" / "runbooks").glob("*.md"))
DOCUMENTS = (README, OPERATION, CONTRIBUTING, *sorted(DECISIONS.glob("*.md")), *RUNBOOKS)
PATH = re.compile(r"[\w.-]+(/[\w.<>*-]+)+/?")
PLACEHOLDER = re.compile(r"[<>*]|NNNN|\bvar/")


def told_commands() -> Iterator[tuple[str, ...]]:
    """Every command that the README's table names: a cell's later names stand for the last word of its first."""
    for cell, *_ in table(README, "## The command line"):
        first: tuple[str, ...] = ()
        for text in named(cell):
            words = tuple(word for word in text.split() if re.fullmatch(r"[a-z][a-z-]*", word))
            if words[0] == "interfocal":
                first = words[1:]
                yield first
            else:
                yield (*first[: len(first) - len(words)], *words)


def test_the_readme_names_every_command_and_no_other() -> None:
    told = list(told_commands())
    known = {leaf.words for leaf in leaves()}
    assert [words for words in known if not any(text[: len(words)] == words for text in told)] == []
    assert [text for text in told if not any(text[: len(words)] == words for words in known)] == []


def settings_of(model: type[BaseModel], prefix: str = "") -> Mapping[str, Any]:
    """Every setting with its default, as ``purpose.name``."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            found |= settings_of(type(field.default), f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = field.default
    return found


def test_every_setting_is_told_with_its_default() -> None:
    rows = [row for row in table(OPERATION, "## Settings") if len(row) == 3]
    told = {named(name)[0]: default.strip("`") for name, default, _ in rows}
    assert told == {name: shown(default) for name, default in settings_of(Settings).items()}


def shown(default: object) -> str:
    """A default as the table says it."""
    return "empty" if default in ("", {}, (), None) else str(default)


def test_every_variable_of_the_environment_is_told() -> None:
    used = {
        name
        for source in source_files()
        for name in re.findall(r'"(INTERFOCAL_[A-Z_]+[A-Z])"', source.text)
        if "__" not in name
    }
    told = {named(row[0])[0] for row in table(OPERATION, "## Settings") if len(row) == 2}
    assert told == used - OF_TESTS_ONLY


def test_every_metric_is_told_with_its_labels() -> None:
    told = {named(name)[0]: tuple(named(labels)) for name, labels, _, _ in table(OPERATION, "## Metrics")}
    assert told == declared_metrics()
    assert all(re.fullmatch(r"interfocal_[a-z_]+", name) for name in told)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    names = [name.partition("::")[0] for name in named(text) if PATH.fullmatch(name.partition("::")[0])]
    missing = [name for name in names if not PLACEHOLDER.search(name) and not exists(name, document)]
    assert missing == []


def exists(name: str, document: Path) -> bool:
    """Whether a name is that of a file or folder, from the root, the document, or the program's own folder."""
    places = (ROOT, document.parent, ROOT / "deploy" / "interfocal")
    return any((place / name).exists() for place in places)


def test_decisions_are_short_and_numbered_without_a_gap() -> None:
    files = sorted(path for path in DECISIONS.iterdir() if path.suffix == ".md")
    assert [path.name[:4] for path in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
    for number, path in enumerate(files, start=1):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= DECISION_LINES, path.name
        assert lines[0].startswith(f"# {number}. "), path.name


@pytest.mark.parametrize("document", [OPERATION, *RUNBOOKS], ids=lambda path: path.name)
def test_what_an_operator_is_told_to_type_can_be_typed(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    typed = [line.strip() for line in text.splitlines() if line.strip().startswith("interfocal ")]
    typed += [name for name in named(text) if name.startswith("interfocal ")]
    assert [line for line in typed if not is_a_command(line)] == []


def test_every_runbook_of_a_loss_is_listed_and_short() -> None:
    listed = {named(row[0])[0] for row in table(OPERATION, "## When something is lost")}
    of_losses = [path for path in RUNBOOKS if path.stem not in of_alerts()]
    assert listed == {str(path.relative_to(ROOT)) for path in of_losses}
    for path in of_losses:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= DECISION_LINES, path.name
        assert any(line.startswith("**Signs.**") for line in lines), path.name


def of_alerts() -> set[str]:
    """The pages that alerts name: tests/rules/test_alerts.py says how those look."""
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    return set(re.findall(r"runbook: deploy/runbooks/([a-z-]+)\.md", rules))
