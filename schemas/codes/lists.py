"""The code lists: which codes a field may hold, and what they are called. It changes when the files' columns do.

A list is ``schemas/codes/<list>.csv``: ``code,definition,source,maps_to`` and, for each language, ``<language>`` and
``<language>_status`` (``checked`` by somebody who speaks it at work, or ``proposed``). ``maps_to`` holds
``scheme:code`` pairs, apart by spaces. The order of the rows is the order in which codes are offered.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from schemas.codes.rows import read_rows
from schemas.errors import Misconfigured

WORKING_LANGUAGE = "en"
STATUSES = ("checked", "proposed")

_FIXED_COLUMNS = ("code", "definition", "source", "maps_to")
_CODE = re.compile(r"[a-z0-9_]+|[A-Z]|H[0-9]")


@dataclass(frozen=True, slots=True)
class Label:
    """What a code is called in one language, and whether somebody checked it."""

    text: str
    status: str


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a list. ``maps_to``: scheme -> code of a neighbouring standard; ``labels``: language -> label."""

    code: str
    definition: str
    source: str
    maps_to: Mapping[str, str]
    labels: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class CodeList:
    """The codes that a field may hold, in order."""

    name: str
    entries: Mapping[str, Code]
    codes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", tuple(self.entries))

    def __contains__(self, code: object) -> bool:
        return code in self.entries

    def label(self, code: str, language: str = WORKING_LANGUAGE) -> str:
        """What to show for a code: its label, else the English one; a code from a newer list shows as itself."""
        entry = self.entries.get(code)
        if entry is None:
            return code
        return (entry.labels.get(language) or entry.labels[WORKING_LANGUAGE]).text

    def maps_to(self, code: str, scheme: str) -> str | None:
        """The code of a neighbouring standard (``iafq``, ``border_side``, ``siena`` ...), where one is known."""
        entry = self.entries.get(code)
        return entry.maps_to.get(scheme) if entry else None

    def languages(self) -> Mapping[str, int]:
        """How many codes have a label in each language."""
        counts: dict[str, int] = {}
        for entry in self.entries.values():
            for language in entry.labels:
                counts[language] = counts.get(language, 0) + 1
        return counts


def load_code_lists() -> Mapping[str, CodeList]:
    """Every list of the contract by name; raises Misconfigured naming the file and row that is wrong."""
    return read_code_lists(files("schemas").joinpath("codes"))


def read_code_lists(folder: Traversable) -> Mapping[str, CodeList]:
    """Every list of a folder by name, in alphabetical order; raises Misconfigured as above."""
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".csv")), key=lambda f: f.name)
    names = [f.name.removesuffix(".csv") for f in found]
    texts = [f.read_text(encoding="utf-8") for f in found]
    return MappingProxyType({name: parse_code_list(name, text) for name, text in zip(names, texts, strict=True)})


def parse_code_list(name: str, text: str) -> CodeList:
    """One list from the text of its file; raises Misconfigured."""
    columns, rows = read_rows(f"code list {name}", text)
    languages = _languages(name, columns)
    entries: dict[str, Code] = {}
    for row in rows:
        entry = _entry(row.where, row.cells, languages)
        if entry.code in entries:
            raise Misconfigured(f"{row.where}: {entry.code} stands twice; remove one")
        entries[entry.code] = entry
    if not entries:
        raise Misconfigured(f"code list {name} has no codes")
    return CodeList(name, MappingProxyType(entries))


def _languages(name: str, columns: Iterable[str]) -> tuple[str, ...]:
    found = tuple(columns)
    spoken = tuple(c for c in found if c not in _FIXED_COLUMNS and not c.endswith("_status"))
    wanted = {*_FIXED_COLUMNS, *spoken, *(f"{language}_status" for language in spoken), WORKING_LANGUAGE}
    if set(found) != wanted:
        raise Misconfigured(f"code list {name}: the columns have to be {', '.join(sorted(wanted))}")
    return spoken


def _entry(where: str, row: Mapping[str, str], languages: Iterable[str]) -> Code:
    if not _CODE.fullmatch(row["code"]):
        raise Misconfigured(f"{where}: {row['code']!r} is no code; use small letters, digits and _")
    missing = [column for column in ("definition", "source", WORKING_LANGUAGE) if not row[column].strip()]
    if missing:
        raise Misconfigured(f"{where}: {', '.join(missing)} is empty")
    labels = {language: _label(where, row, language) for language in languages if row[language].strip()}
    mapped = _mapped(where, row["maps_to"])
    return Code(row["code"], row["definition"], row["source"], mapped, MappingProxyType(labels))


def _label(where: str, row: Mapping[str, str], language: str) -> Label:
    status = row[f"{language}_status"]
    if status not in STATUSES:
        raise Misconfigured(f"{where}: {language}_status is {status!r}; it has to be {' or '.join(STATUSES)}")
    return Label(row[language], status)


def _mapped(where: str, text: str) -> Mapping[str, str]:
    pairs = [pair.partition(":") for pair in text.split()]
    if not all(scheme and colon and code for scheme, colon, code in pairs):
        raise Misconfigured(f"{where}: maps_to is {text!r}; write scheme:code, apart by spaces")
    return MappingProxyType({scheme: code for scheme, _, code in pairs})
