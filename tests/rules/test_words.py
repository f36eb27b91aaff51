"""The field's own words, members as data, and nothing of the machine it was written on."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from source_tree import ROOT, SourceFile, source_files

MEMBER_CODES = {"AL", "BA", "XK", "MD", "ME", "MK", "RS", "UA", "BY"}
VAGUE = re.compile(r"(Manager|Helper|Util|Utils|Base|Info)$|^(helper|util|utils|manager)")
MACHINE = re.compile(
    r"/work/|/root/|/home/|\bpypi\.org|files\.pythonhosted|repo1?\.maven|registry\.npmjs|deb\.debian\.org"
)
TEXT_ENDINGS = {".py", ".md", ".toml", ".csv", ".json", ".jsonl", ".txt", ".lock", ".yml", ".yaml", ".avsc", ""}


def tracked_files() -> list[Path]:
    command = ["git", "-c", "safe.directory=*", "ls-files"]  # whoever owns the checkout
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603  # ours
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("source", source_files(), ids=lambda source: source.path)
def test_no_python_file_names_a_member(source: SourceFile) -> None:
    texts = {
        node.value for node in ast.walk(source.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not texts & (MEMBER_CODES | {code.lower() for code in MEMBER_CODES})


@pytest.mark.parametrize("source", source_files(), ids=lambda source: source.path)
def test_names_say_what_a_thing_is(source: SourceFile) -> None:
    names = [node.name for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    assert [name for name in names if VAGUE.search(name)] == []


def test_nothing_tells_of_a_machine_or_a_registry() -> None:
    this = Path(__file__).resolve()
    told = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in tracked_files()
        if path.suffix in TEXT_ENDINGS and path != this
        if (found := MACHINE.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert told == []


def test_a_member_is_a_jurisdiction_never_a_country() -> None:
    words = re.compile(r"member countr|countries exchange|each country", re.IGNORECASE)
    told = [source.path for source in source_files() if words.search(source.text)]
    assert told == []
