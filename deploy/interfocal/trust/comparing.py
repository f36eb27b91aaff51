"""What one version of the directory says otherwise than another, for people who have to sign it. It changes never.

Entries of a list are known by what names them (a member's code, a key's id), not by their place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.directory import Directory

DATES = frozenset({"version", "issued_at", "expires_at", "previous_sha256"})
NAMED_BY = ("code", "kid", "topic", "place")


@dataclass(frozen=True, slots=True)
class Change:
    """One value at a path, in both versions; None where it is not there."""

    path: str
    before: str | None
    after: str | None


def changes(before: Directory, after: Directory) -> list[Change]:
    """Every difference but those of dates and numbers, by path."""
    old, new = (dict(_values(one.model_dump(mode="json", exclude=set(DATES)), "")) for one in (before, after))
    paths = sorted(old.keys() | new.keys())
    return [Change(path, old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)]


def _values(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _values(inner, f"{path}[{_name(inner, place)}]")
    elif value is not None and value != "":
        yield path, str(value)


def _name(entry: Any, place: int) -> str:
    if isinstance(entry, Mapping):
        if "sender" in entry:
            return f"{entry['sender']} to {entry['receiver']}"
        return next((str(entry[name]) for name in NAMED_BY if name in entry), str(place))
    return str(entry)
