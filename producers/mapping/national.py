"""National records as they were handed in, before anything is made of them. It changes with what a way in can bring."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.rejection import Problem


@dataclass(frozen=True, slots=True)
class NationalRow:
    """One row of a table, or one object of JSON. ``number`` is its place as its clerk counts (a header is row 1)."""

    number: int
    fields: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class NationalRecord:
    """The rows of one record, in the order of the file. ``national_id`` is empty when the rows do not give one."""

    national_id: str
    rows: tuple[NationalRow, ...]


def value_at(fields: Mapping[str, Any], column: str) -> Any:
    """What stands in a column, or at a path with dots; None when nothing does."""
    if column in fields:
        return fields[column]
    found: Any = fields
    for step in column.split("."):
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def text_of(value: Any) -> str:
    """A national value as text without blanks around it; numbers keep their spelling. Raises TypeError for no value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise TypeError("an object or a list stands where one value is expected")


def folded(text: str) -> str:
    """A spelling for looking up: composed, without capitals, each run of blanks as one. Scripts stay apart."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
