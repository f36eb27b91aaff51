"""The kinds of text that events hold, in words. It changes when the contract gets a new kind. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, get_args

from pydantic import StringConstraints

from schemas.events import types
from schemas.events.types import TextKind

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "id": "An id of the exchange: of an event, a record, a trace, an item. It tells nothing of what it stands for.",
        "member": "The code of a member of the region, or REGION for the region itself.",
        "place": "A code of a place: a border crossing point, an area, or a place outside the region.",
        "reference": "A reference that its member gave: pseudonymous, so that no case is known by it.",
        "mark": "What is stamped on a firearm, exactly as it was read, in whatever script.",
        "hash": "A digest of 256 bits, in base64url.",
        "name": "A technical name: of a mapping, a field, a topic, a media type.",
        "seal": "The seal of a record, as its header holds it.",
    }
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of text: what it is, and what it may look like."""

    name: str
    meaning: str
    form: str


def text_kinds() -> list[Kind]:
    """Every kind that a schema may name, in the order of the meanings."""
    bounds = dict(_bounds())
    return [Kind(name, meaning, _form(bounds[name])) for name, meaning in MEANINGS.items()]


def _bounds() -> Iterator[tuple[str, StringConstraints]]:
    for annotation in vars(types).values():
        said = get_args(annotation)
        named = [one.name for one in said if isinstance(one, TextKind)]
        yield from ((name, one) for name in named for one in said if isinstance(one, StringConstraints))


def _form(bounds: StringConstraints) -> str:
    pattern: Any = bounds.pattern
    return f"matches {pattern}" if pattern else f"{bounds.min_length} to {bounds.max_length} signs"
