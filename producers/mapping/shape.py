"""The shape of events, read from their models: which paths there are, and what each holds.

It changes when events are made of a new kind of part. Paths are written as ``items[0].firearm.marks.make``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType, UnionType
from typing import Annotated, Any, NamedTuple, Union, cast, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime, BaseModel

from schemas.events.envelope import MemberEvent
from schemas.events.firearm import Ammunition, Component, Explosive, Firearm
from schemas.events.grant import Grant
from schemas.events.missing import Missing
from schemas.events.receipt import Receipt
from schemas.events.seizure import Seizure
from schemas.events.trace import ACT_PARTS, TraceAct
from schemas.events.types import TextKind, code_list_of

EVENTS: Mapping[str, type[MemberEvent]] = MappingProxyType(
    {"seizure": Seizure, "missing": Missing, "trace": TraceAct, "receipt": Receipt, "grant": Grant}
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

SEALED_PART = "sealed_part"
"""Field of a submitted record that holds what is sealed; the event does not carry it under this name."""

STREAMS_WITH_SEALED_PART = frozenset({"trace"})

STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]{1,4})\]")

Step = str | int
Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """What a field may hold: a part, a list (of ``element``), or a value that is coded, of a kind, or neither."""

    part: type[BaseModel] | None = None
    element: "Form | None" = None
    code_list: str | None = None
    text_kind: str | None = None
    is_instant: bool = False
    is_number: bool = False


ANY_TEXT = Form()
KNOWN_PATHS = 10_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field of an event that is not a part itself."""

    path: str
    form: Form


class Value(NamedTuple):
    """A value of a raw event that is not a part itself: the steps to it, its form, and what it is."""

    steps: Steps
    form: Form
    value: Any

    @property
    def path(self) -> str:
        """The steps as text."""
        return show_path(self.steps)


@lru_cache(maxsize=KNOWN_PATHS)
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
def fields_of(model: type[BaseModel]) -> Mapping[str, Form]:
    """Field names of a model and their forms."""
    hints = get_type_hints(model, include_extras=True)
    return MappingProxyType({name: form_of(hints[name]) for name in model.model_fields})


def form_of(annotation: Any) -> Form:
    """The form that a (possibly optional) annotation stands for."""
    inner = tuple(_types(annotation))
    element = next((get_args(one)[0] for one in inner if get_origin(one) is tuple), None)
    return Form(
        part=next((one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)), None),
        element=None if element is None else form_of(element),
        code_list=code_list_of(annotation),
        text_kind=_text_kind(annotation),
        is_instant=AwareDatetime in inner,
        is_number=int in inner,
    )


def leaf_at(model: type[BaseModel], path: str) -> Leaf:
    """The leaf that a path of a model names; raises ValueError naming the step that is not there."""
    form: Form | None = Form(part=model)
    walked: list[Step] = []
    for step in parse_path(path):
        form = _inside(form, step)
        walked.append(step)
        if form is None:
            raise ValueError(f"there is no {show_path(walked)}")
    if form is None or (form.element or form).part is not None:
        raise ValueError(f"{path} is a part of its own: name a field in it")
    return Leaf(path, form)


def judged_values(model: type[BaseModel], raw: Mapping[str, Any]) -> Sequence[Value]:
    """The values of a raw event of which intake knows more than their model; what is null or unknown is left out.

    ``raw`` holds plain JSON values.
    """
    found: list[Value] = []
    _judge_part(model, raw, (), found)
    return found


def _judge_part(model: type[BaseModel], raw: Mapping[str, Any], steps: Steps, found: list[Value]) -> None:
    for name, form in _judged_fields(model):
        value = raw.get(name)
        if value is None:
            continue
        if form.element is not None and isinstance(value, list):
            for index, single in enumerate(value):
                _judge_value((*steps, name, index), form.element, single, found)
        else:
            _judge_value((*steps, name), form, value, found)


def _judge_value(steps: Steps, form: Form, value: Any, found: list[Value]) -> None:
    if form.part is None:
        found.append(Value(steps, form, value))
    elif isinstance(value, dict):
        _judge_part(form.part, value, steps, found)


@cache
def _judged_fields(model: type[BaseModel]) -> tuple[tuple[str, Form], ...]:
    return tuple((name, form) for name, form in fields_of(model).items() if _is_judged(form.element or form))


def _is_judged(form: Form) -> bool:
    if form.part is not None:
        return bool(_judged_fields(form.part))
    return bool(form.code_list or form.is_instant or form.is_number or form.text_kind == "member")


def _inside(form: Form | None, step: Step) -> Form | None:
    if form is None or isinstance(step, int):
        return form and form.element
    return None if form.part is None else fields_of(form.part).get(step)


def _types(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _types(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for inner in get_args(annotation):
            yield from _types(inner)
    else:
        yield annotation


def _text_kind(annotation: Any) -> str | None:
    for metadata in getattr(annotation, "__metadata__", ()):
        if isinstance(metadata, TextKind):
            return metadata.name
    return next((kind for inner in get_args(annotation) if (kind := _text_kind(inner))), None)
