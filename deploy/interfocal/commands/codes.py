"""``interfocal schemas codes``: the code lists, and in which languages they speak. It changes with what is listed."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from schemas.codes.coverage import Coverage, coverage_of, languages_of
from schemas.codes.lists import WORKING_LANGUAGE, CodeList, load_code_lists
from schemas.errors import Misconfigured

PIPE_WIDTH = 160
UNCHECKED_SIGN = "*"

Name = Annotated[str | None, typer.Argument(help="Show the codes of this list; else every list's coverage.")]
Language = Annotated[str, typer.Option("--language", help="In this language, as sr-Cyrl; a gap shows in English.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def show_codes(name: Name = None, language: Language = WORKING_LANGUAGE, as_json: AsJson = False) -> None:
    """List the code lists with the labels they have in each language, or one list with its codes."""
    lists = load_code_lists()
    languages = languages_of(lists.values())
    if name is None:
        found = [coverage_of(one, languages) for one in lists.values()]
        _print_json([_coverage_json(one) for one in found]) if as_json else _print_coverage(found)
        return
    listed = _find(lists, name)
    if language not in languages:
        raise Misconfigured(f"no list has labels in {language}; there are {', '.join(languages)}")
    rows = [_code_json(listed, code, language) for code in listed.codes]
    _print_json(rows) if as_json else _print_list(rows)


def _find(lists: Mapping[str, CodeList], name: str) -> CodeList:
    if name not in lists:
        raise Misconfigured(f"there is no code list {name}; there are {', '.join(lists)}")
    return lists[name]


def _coverage_json(found: Coverage) -> dict[str, Any]:
    return {
        "list": found.name,
        "codes": found.codes,
        "languages": {
            language: {"labels": count, "checked": found.checked[language]} for language, count in found.labels.items()
        },
    }


def _code_json(listed: CodeList, code: str, language: str) -> dict[str, Any]:
    entry = listed.entries[code]
    label = entry.labels.get(language)
    return {
        "code": code,
        "label": listed.label(code, language),
        "status": label.status if label else None,
        "definition": entry.definition,
        "source": entry.source,
        "maps_to": dict(entry.maps_to),
    }


def _print_coverage(found: Sequence[Coverage]) -> None:
    table = Table("list", "codes", *found[0].labels)
    for one in found:
        table.add_row(one.name, str(one.codes), *(_share(one, language) for language in one.labels))
    _console().print(table)
    labels = sum(sum(one.labels.values()) for one in found)
    checked = sum(sum(one.checked.values()) for one in found)
    typer.echo(
        f"{len(found)} lists, {labels} labels, {checked} of them checked by somebody who speaks the language at work; "
        f"{UNCHECKED_SIGN} not all of them checked; - none yet, so English is shown."
    )


def _share(found: Coverage, language: str) -> str:
    count = found.labels[language]
    if not count:
        return "-"
    share = "all" if count == found.codes else f"{count}/{found.codes}"
    return share if found.checked[language] == count else f"{share}{UNCHECKED_SIGN}"


def _print_list(rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table("code", "label", "status", "definition", "maps to")
    for row in rows:
        mapped = " ".join(f"{scheme}:{code}" for scheme, code in row["maps_to"].items())
        table.add_row(row["code"], row["label"], row["status"] or "(English)", row["definition"], mapped)
    _console().print(table)


def _print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)
