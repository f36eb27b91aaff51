"""What is different between two versions of a schema, in words. It changes with what is told of a field. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from types import MappingProxyType

from interfocal.contract.pages.described import DescribedField, DescribedVersion

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "doc": "description",
        "kind": "kind",
        "part": "part",
        "optional": "may be empty",
        "many": "is a list",
        "code_list": "code list",
        "text_kind": "kind of text",
        "unit": "unit",
        "default": "default",
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a version has and the one before had not, or the other way; ``where`` is a part or its field."""

    what: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class Step:
    """A version, and what it changed; the first of its stream changes nothing."""

    described: DescribedVersion
    changes: Sequence[Change]


def history(versions: Sequence[DescribedVersion]) -> list[Step]:
    """The versions of a stream, the newest first; ``versions`` has the oldest first."""
    steps = [Step(newer, changes(older, newer)) for older, newer in pairwise(versions)]
    return [*reversed(steps), Step(versions[0], ())]


def changes(older: DescribedVersion, newer: DescribedVersion) -> list[Change]:
    """What comes, goes and is said otherwise, in the order of the newer version; what goes comes last."""
    before, after = _laid_out(older), _laid_out(newer)
    found = [
        change
        for where, field in after.items()
        for change in ([Change("added", where, field.doc)] if where not in before else _otherwise(where, before, after))
    ]
    docs = {part.name: part.doc for part in older.parts}
    found += [
        Change("changed", part.name, f"description: was “{docs[part.name]}”, is “{part.doc}”")
        for part in newer.parts
        if docs.get(part.name, part.doc) != part.doc
    ]
    return [*found, *(Change("removed", where, field.doc) for where, field in before.items() if where not in after)]


def _laid_out(version: DescribedVersion) -> Mapping[str, DescribedField]:
    return {f"{part.name}.{field.name}": field for part in version.parts for field in part.fields}


def _otherwise(where: str, before: Mapping[str, DescribedField], after: Mapping[str, DescribedField]) -> list[Change]:
    old, new = asdict(before[where]), asdict(after[where])
    return [
        Change("changed", where, f"{said}: was {_shown(old[name])}, is {_shown(new[name])}")
        for name, said in NAMES.items()
        if old[name] != new[name]
    ]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"“{value}”"
