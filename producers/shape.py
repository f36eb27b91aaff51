"""The shape of events, read from their models: which paths there are, and what each holds.

It changes when events are made of a new kind of part. Paths are written as ``items[0].firearm.marks.make``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime, BaseModel

from schemas.events.envelope import MemberEvent
from schemas.events.firearm import Ammunition, Component, Explosive, Firearm
from schemas.events.missing import Missing
from schemas.events.receipt import Receipt
from schemas.events.seizure import Seizure
from schemas.events.trace import ACT_PARTS, TraceAct
from schemas.events.types import TextKind, code_list_of

EVENTS: Mapping[str, type[MemberEvent]] = MappingProxyType(
    {"seizure": Seizure, "missing": Missing, "trace": TraceAct, "receipt": Receipt}
)
"""The model of each stream that goes through an intake."""

ITEM_PARTS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"firearm": Firearm, "component": Component, "ammunition": Ammunition, "explosive": Explosive}
)
"""Which part an item carries; the field of Item has the kind's name."""

TRACE_PARTS: Mapping[str, type[BaseModel]] = MappingProxyType(cast("dict[str, type[BaseModel]]", dict(ACT_PARTS)))
"""Which part a trace act carries; the field of TraceAct has the act's name."""

ENVELOPE = frozenset({"event_id", "record_id", "revision", "member", "recorded_at", "exercise", "source"})
"""Fields of an event that intake gives; a submitter never does."""

STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]{1,4})\]")

Step = str | int
Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of an event that is not a part itself: its path, its annotation, and the value (None for a type)."""

    path: str
    annotation: Any
    value: Any = None

    @property
    def code_list(self) -> str | None:
        """The code list that the value belongs to."""
        return code_list_of(self.annotation)

    @property
    def text_kind(self) -> str | None:
        """The kind of text that it is, as ``member`` or ``mark``."""
        return _text_kind(self.annotation)

    @property
    def is_instant(self) -> bool:
        """Whether it is an instant."""
        return _holds(self.annotation, AwareDatetime)

    @property
    def is_number(self) -> bool:
        """Whether it is a whole number."""
        return _holds(self.annotation, int)

    @property
    def is_list(self) -> bool:
        """Whether it is a list of values."""
        return _element(self.annotation) is not None


def parse_path(path: str) -> Steps:
    """``items[0].kind`` -> ("items", 0, "kind"); raises ValueError for what is no path."""
    steps: list[Step] = []
    for piece in path.split("."):
        found = list(STEP.finditer(piece))
        if not found or "".join(m.group() for m in found) != piece or found[0].group(1) is None:
            raise ValueError(f"{path!r} is not a path")
        if any(m.group(1) for m in found[1:]):
            raise ValueError(f"{path!r} is not a path")
        steps += [m.group(1) or int(m.group(2)) for m in found]
    return tuple(steps)


def show_path(steps: Iterator[Step] | Steps | list[Step]) -> str:
    """("items", 0, "kind") -> ``items[0].kind``."""
    shown = ""
    for step in steps:
        shown += f"[{step}]" if isinstance(step, int) else f".{step}" if shown else step
    return shown


@cache
def fields_of(model: type[BaseModel]) -> Mapping[str, Any]:
    """Field names of a model and their annotations, with what is written beside the types."""
    return {
        name: hint for name, hint in get_type_hints(model, include_extras=True).items() if name in model.model_fields
    }


def leaf_at(model: type[BaseModel], path: str) -> Leaf:
    """The leaf that a path of a model names; raises ValueError naming the step that is not there."""
    annotation: Any = model
    walked: list[Step] = []
    for step in parse_path(path):
        annotation = _inside(annotation, step)
        walked.append(step)
        if annotation is None:
            raise ValueError(f"there is no {show_path(walked)}")
    if part_of(_element(annotation) or annotation) is not None:
        raise ValueError(f"{path} is a part of its own: name a field in it")
    return Leaf(path, annotation)


def leaves(model: type[BaseModel], raw: Mapping[str, Any], path: str = "") -> Iterator[Leaf]:
    """Every value of a raw event that stands where the model has a field; what is unknown or null is left out."""
    for name, annotation in fields_of(model).items():
        value = raw.get(name)
        if value is None:
            continue
        where = f"{path}.{name}" if path else name
        element = _element(annotation)
        if element is not None and isinstance(value, list):
            for index, single in enumerate(value):
                yield from _leaf(Leaf(f"{where}[{index}]", element, single))
        else:
            yield from _leaf(Leaf(where, annotation, value))


def part_of(annotation: Any) -> type[BaseModel] | None:
    """The model that a (possibly optional) annotation stands for."""
    return next((t for t in _types(annotation) if isinstance(t, type) and issubclass(t, BaseModel)), None)


def parts_of(model: type[BaseModel]) -> Mapping[str, type[BaseModel]]:
    """The parts of which exactly the one that a code names is there: of a trace act; of an item."""
    return TRACE_PARTS if model is TraceAct else ITEM_PARTS


def _leaf(found: Leaf) -> Iterator[Leaf]:
    part = part_of(found.annotation)
    if part is None:
        yield found
    elif isinstance(found.value, Mapping):
        yield from leaves(part, found.value, found.path)


def _inside(annotation: Any, step: Step) -> Any:
    if isinstance(step, int):
        return _element(annotation)
    part = part_of(annotation)
    return None if part is None else fields_of(part).get(step)


def _types(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _types(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for inner in get_args(annotation):
            yield from _types(inner)
    else:
        yield annotation


def _element(annotation: Any) -> Any:
    return next((get_args(t)[0] for t in _types(annotation) if get_origin(t) is tuple), None)


def _holds(annotation: Any, wanted: Any) -> bool:
    return any(inner is wanted for inner in _types(_element(annotation) or annotation))


def _text_kind(annotation: Any) -> str | None:
    for metadata in getattr(annotation, "__metadata__", ()):
        if isinstance(metadata, TextKind):
            return metadata.name
    return next((kind for inner in get_args(annotation) if (kind := _text_kind(inner))), None)
