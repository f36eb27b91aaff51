"""How often people have read within the last hour, as an audit log says. It changes with what counts as reading.

What is read is logged where it is read, by whatever command or address, so the log knows of all of it. The numbers
name no person: that does `interfocal audit list`.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection

from consumers.audit.log import Kind

READING = frozenset({Kind.CONSULTATION.value, Kind.EXPORT.value})
SINCE = """
    select number, entry from audit_entry
    where number > greatest(%s, (select max(number) from audit_entry) - %s) order by number
"""
MINUTE_S, MINUTES = 60, 60
MOST = 20_000
"""Entries that one look reads: more than an hour has while nobody reads without end."""

By = tuple[str, str]
"""Member and person."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Readings of a member's people within the last hour: all, and the most by one person."""

    all: int
    of_one: int


@dataclass(slots=True)
class Reads:
    """Readings of one log by minute; it is told of each entry once, and forgets what is an hour old."""

    _by_minute: dict[int, Counter[By]] = field(default_factory=dict)
    _last: int = 0

    def look(self, connection: Connection[Any]) -> None:
        """Read what was logged since the last look."""
        self.add(connection.execute(SINCE, [self._last, MOST]).fetchall())

    def add(self, entries: Iterable[tuple[int, str]]) -> None:
        """Count entries, each with its number. One that cannot be read counts as none: `audit verify` tells of it."""
        for number, entry in entries:
            self._last = max(self._last, number)
            if (read := _reading(entry)) is not None:
                at, by = read
                self._by_minute.setdefault(_minute(at), Counter())[by] += 1

    def rates(self, now: datetime) -> Mapping[str, Rate]:
        """Of each member whose people have read within the last hour."""
        first = _minute(now) - MINUTES
        self._by_minute = {minute: counts for minute, counts in self._by_minute.items() if minute > first}
        by = sum(self._by_minute.values(), Counter[By]())
        members = {member for member, _ in by}
        counts = {code: [count for (member, _), count in by.items() if member == code] for code in members}
        return {member: Rate(sum(found), max(found)) for member, found in counts.items()}


def _reading(entry: str) -> tuple[datetime, By] | None:
    try:
        read = json.loads(entry)
        at, told = datetime.fromisoformat(read["at"]), read["told"]
        return (at, (str(told["member"]), str(told["person"]))) if read["kind"] in READING else None
    except (ValueError, KeyError, TypeError):
        return None


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // MINUTE_S
