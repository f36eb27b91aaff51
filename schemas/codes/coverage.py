"""In which languages code lists speak, and how much of that somebody checked. It changes with what is counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.codes.lists import CodeList


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many codes a list has; per language how many of them have a label, and how many a checked one."""

    name: str
    codes: int
    labels: Mapping[str, int]
    checked: Mapping[str, int]


def languages_of(lists: Iterable[CodeList]) -> Sequence[str]:
    """Every language in which some list has a label, in the order of their columns."""
    return tuple(dict.fromkeys(language for listed in lists for language in listed.languages()))


def coverage_of(listed: CodeList, languages: Sequence[str]) -> Coverage:
    """The coverage of one list in these languages, zeros included."""
    statuses = {
        language: [entry.labels[language].status for entry in listed.entries.values() if language in entry.labels]
        for language in languages
    }
    return Coverage(
        name=listed.name,
        codes=len(listed.codes),
        labels={language: len(found) for language, found in statuses.items()},
        checked={language: found.count("checked") for language, found in statuses.items()},
    )
