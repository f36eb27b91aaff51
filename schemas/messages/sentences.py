"""What is wrong with a record, in the reader's language. It changes when sentences are made in another way.

``schemas/messages/<language>.csv`` holds a sentence for each code (``code,message,status``), ``phrases.csv`` what we
put into them ourselves, as reasons and units. The English sentences stand with the codes in ``schemas/rejection.py``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from schemas.codes.rows import Row, read_rows
from schemas.errors import Misconfigured
from schemas.rejection import MESSAGES, Problem, filled

WORKING_LANGUAGE = "en"
PHRASES = "phrases.csv"
PHRASED = frozenset({"detail", "limit", "list", "mapping", "nearest", "party"})
"""Parameters that may hold words of ours; every other one is the clerk's own, and stays as it is."""

CHOICES = frozenset({"format", "suggestion"})
"""Parameters that may name several, apart by ``or``."""

_PLACEHOLDER = re.compile(r"\\\{(\w+)\\\}")
_OR = " or "


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of ours in English, with places for numbers and names, and the same in each language."""

    english: re.Pattern[str]
    spoken: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sentences:
    """Everything that messages are made of: language -> code -> sentence, and the phrases in order."""

    of: Mapping[str, Mapping[str, str]]
    phrases: Sequence[Phrase]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that there are sentences in, English first."""
        return tuple(self.of)

    def phrase(self, english: str, language: str) -> str:
        """Words of ours in a language; what is not in the table stays as it is."""
        for phrase in self.phrases:
            found = phrase.english.fullmatch(english)
            if found and phrase.spoken.get(language):
                return phrase.spoken[language].format_map(found.groupdict())
        return english


def message(found: Problem, language: str = WORKING_LANGUAGE) -> str:
    """The sentence of a problem or warning, which calls the field by the clerk's own column where that is known.

    In English where there is no sentence in that language.
    """
    sentences = load_sentences()
    sentence = sentences.of.get(language, {}).get(found.code)
    if sentence is None:
        return found.message
    return filled(sentence, {name: _said(sentences, name, text, language) for name, text in found.parameters.items()})


def whereabouts(found: Problem, language: str = WORKING_LANGUAGE) -> str:
    """Sheet and row of a problem, as ``sheet 2025, row 17``; empty where neither is known."""
    sentences = load_sentences()
    named = [f"{name} {found.parameters[name]}" for name in ("sheet", "row") if found.parameters.get(name)]
    return ", ".join(sentences.phrase(one, language) for one in named)


def reading_language(spoken: Sequence[str], asked: str | None = None) -> str:
    """The language that was asked for, or else the first that a member speaks; English where that has no sentences.

    Raises Misconfigured when there are no sentences in a language that was asked for.
    """
    known = load_sentences().languages
    if asked is None:
        return spoken[0] if spoken and spoken[0] in known else WORKING_LANGUAGE
    if asked not in known:
        raise Misconfigured(f"no messages are in {asked!r}; there are {', '.join(known)}")
    return asked


@cache
def load_sentences() -> Sentences:
    """The sentences of the contract; raises Misconfigured naming the file and line that is wrong."""
    return read_sentences(files("schemas").joinpath("messages"))


def read_sentences(folder: Traversable) -> Sentences:
    """The sentences of a folder, with the English ones; raises Misconfigured as above."""
    tables = sorted((file for file in folder.iterdir() if file.name.endswith(".csv")), key=lambda file: file.name)
    of: dict[str, Mapping[str, str]] = {WORKING_LANGUAGE: MESSAGES}
    for table in tables:
        if table.name != PHRASES:
            of[table.name.removesuffix(".csv")] = _sentences(table)
    _, rows = read_rows(PHRASES, folder.joinpath(PHRASES).read_text(encoding="utf-8"))
    return Sentences(MappingProxyType(of), tuple(_phrase(row) for row in rows))


def _said(sentences: Sentences, name: str, text: str, language: str) -> str:
    if name in CHOICES:
        return f" {sentences.phrase(_OR.strip(), language)} ".join(text.split(_OR))
    return sentences.phrase(text, language) if name in PHRASED else text


def _sentences(table: Traversable) -> Mapping[str, str]:
    columns, rows = read_rows(table.name, table.read_text(encoding="utf-8"))
    if tuple(columns) != ("code", "message", "status"):
        raise Misconfigured(f"{table.name}: the columns have to be code, message, status")
    unknown = [row.where for row in rows if row.cells["code"] not in MESSAGES]
    if unknown:
        raise Misconfigured(f"{unknown[0]}: its code is none that intake gives")
    return MappingProxyType({row.cells["code"]: row.cells["message"] for row in rows})


def _phrase(row: Row) -> Phrase:
    spoken = {language: text for language, text in row.cells.items() if language != WORKING_LANGUAGE}
    pattern = _PLACEHOLDER.sub(r"(?P<\1>.+)", re.escape(row.cells[WORKING_LANGUAGE]))
    return Phrase(re.compile(pattern), MappingProxyType(spoken))
