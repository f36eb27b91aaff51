"""What a person says at a desk, as parts of harmonised records. Pure; intake judges it.

It changes with what may be said on the command line. What is not said stays out: nothing is filled in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.errors import Rejected
from schemas.rejection import problem

PLAIN_DATE_SIGNS = 10  # 2026-03-01


@dataclass(frozen=True, slots=True)
class NumberSaid:
    """One number: as read, where it is stamped, and how well it could be read."""

    as_read: str | None = None
    place: str | None = None
    state: str | None = None

    def part(self) -> dict[str, Any]:
        """The number of a record; empty when nothing is said. A place that is not said was not recorded."""
        said = stated({"place": self.place, "as_read": self.as_read, "state": self.state})
        return {"place": "not_recorded", **said} if said else {}


@dataclass(frozen=True, slots=True)
class MarksSaid:
    """Marks as read; ``imports`` as ``XX`` or ``XX:1987``."""

    make: str | None
    model: str | None
    calibre: str | None
    type_as_read: str | None
    number: NumberSaid
    imports: Sequence[str] = ()

    def part(self) -> dict[str, Any]:
        """The marks of a record; empty when nothing is said. Raises Rejected for an import mark that is none."""
        number = self.number.part()
        return stated(
            {
                "make": self.make,
                "model": self.model,
                "calibre": self.calibre,
                "type_as_read": self.type_as_read,
                "numbers": [number] if number else None,
                "import_marks": [import_mark(text) for text in self.imports] or None,
            }
        )


def request_record(said: Mapping[str, Any]) -> dict[str, Any]:
    """The harmonised request of what was said, without ids; routine unless it says otherwise."""
    return {"act": "request", "request": {"priority": "routine", "marks": {}, **said}}


def stated(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def import_mark(text: str) -> dict[str, Any]:
    """``XX`` or ``XX:1987`` as an import mark; raises Rejected (``malformed_number``) for a year that is none."""
    place, colon, year = text.partition(":")
    if not colon:
        return {"place": place}
    if not (year.isascii() and year.isdecimal()):
        found = problem("malformed_number", field="marks.import_marks", value=text)
        raise Rejected(found.message, code=found.code, parameters=found.parameters)
    return {"place": place, "year": int(year)}


def instant(text: str | None) -> str | None:
    """A date alone means its beginning in UTC; everything else stays for intake to judge."""
    if text is not None and len(text) == PLAIN_DATE_SIGNS and "T" not in text:
        return f"{text}T00:00:00Z"
    return text
