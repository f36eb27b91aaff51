"""In which languages a code list speaks, and how much of that somebody checked. It changes with the languages."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.codes.lists import CodeList

LIST_LANGUAGES = ("en", "sq", "bs", "cnr", "mk", "ro", "sr-Latn", "sr-Cyrl", "uk")
"""The languages in which code lists are to be labelled."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many codes a list has; per language how many of them have a label, and how many a checked one."""

    name: str
    codes: int
    labels: Mapping[str, int]
    checked: Mapping[str, int]


def coverage_of(listed: CodeList) -> Coverage:
    """The coverage of one list in every language, zeros included."""
    statuses = {
        language: [entry.labels[language].status for entry in listed.entries.values() if language in entry.labels]
        for language in LIST_LANGUAGES
    }
    return Coverage(
        name=listed.name,
        codes=len(listed.codes),
        labels={language: len(found) for language, found in statuses.items()},
        checked={language: found.count("checked") for language, found in statuses.items()},
    )
