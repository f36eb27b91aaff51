"""Finding an entry by any of its names, with the evidence. It changes when names are compared in another way.

What is found is never a guess: where two entries come into question, both are returned.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from schemas.marks.keys import spoken_key, visual_key


class Identified(Protocol):
    """An entry of a reference table."""

    @property
    def id(self) -> str:
        """Stable across versions of the tables."""


T = TypeVar("T", bound=Identified)
Transform = tuple[str, Callable[[str], str]]

AS_WRITTEN: Transform = ("as_written", str)
BY_LOOK: Transform = ("visual_key", visual_key)
BY_SOUND: Transform = ("spoken_key", spoken_key)
NAMES: Sequence[Transform] = (AS_WRITTEN, BY_LOOK, BY_SOUND)
"""How names are compared, the strongest evidence first."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which alias of the table the text met, and under which transform the two are equal."""

    alias: str
    transform: str


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """The one entry that the text names."""

    entry: T
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Ambiguous(Generic[T]):
    """Entries that come into question, by id; a person has to choose, or more has to be known."""

    candidates: tuple[Found[T], ...]


@dataclass(frozen=True, slots=True)
class AliasIndex(Generic[T]):
    """Entries by the key of each alias, for each transform in turn: its name, then the key."""

    transforms: Sequence[Transform]
    by_key: Mapping[str, Mapping[str, tuple[tuple[T, str], ...]]]

    def find(self, text: str | None) -> tuple[Found[T], ...]:
        """Every entry that the text names under any transform, each once, with its strongest evidence.

        Where an alias has the very letters of the text, those that only sound like it are out of the question.
        """
        found: dict[str, Found[T]] = {}
        for name, key in self.transforms:
            keyed = key(text.strip()) if text else ""
            for entry, alias in self.by_key[name].get(keyed, ()) if keyed else ():
                found.setdefault(entry.id, Found(entry, Evidence(alias, name)))
        spelt = text is not None and any(_letters(one.evidence.alias) == _letters(text) for one in found.values())
        heard = BY_SOUND[0] if spelt else None
        return tuple(found[identity] for identity in sorted(found) if found[identity].evidence.transform != heard)


def index_of(aliases: Iterable[tuple[T, str]], transforms: Sequence[Transform] = NAMES) -> AliasIndex[T]:
    """The index of (entry, alias) pairs."""
    by_key: dict[str, dict[str, tuple[tuple[T, str], ...]]] = {name: {} for name, _ in transforms}
    for pair in aliases:
        for name, key in transforms:
            keyed, place = by_key[name], key(pair[1])
            keyed[place] = (*keyed.get(place, ()), pair)
    return AliasIndex(transforms, MappingProxyType(by_key))


def _letters(text: str) -> str:
    """Letters and digits as written, of one case: scripts stay apart, and so do Č and C."""
    return "".join(sign for sign in unicodedata.normalize("NFC", text).casefold() if sign.isalnum())


def settled(found: Sequence[Found[T]]) -> Found[T] | Ambiguous[T] | None:
    """Nothing, the one, or all that come into question."""
    if len(found) == 1:
        return found[0]
    return Ambiguous(tuple(found)) if found else None
