"""What is odd about a record that can be accepted all the same. It changes when intake warns of something new.

A warning never changes or rejects anything: the marks go out as they were read.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel

from producers.mapping.shape import fields_of
from schemas.events.firearm import Marks
from schemas.marks.suggest import Asked, Suggest
from schemas.rejection import Problem, problem

OR = " or "


def oddities(event: BaseModel, suggest: Suggest) -> Iterator[Problem]:
    """``did_you_mean`` for each make, model and calibre that names nothing and is near to something."""
    for path, marks, weapon_class in marks_of(event, ""):
        asked = Asked(marks.make, weapon_class, marks.model, marks.calibre)
        by_field: dict[str, list[str]] = {}
        for found in suggest(asked):
            by_field.setdefault(found.field, []).append(found.suggestion)
        for name, likely in by_field.items():
            value = str(getattr(marks, name))
            yield problem("did_you_mean", field=f"{path}.{name}", value=value, suggestion=OR.join(likely))


def marks_of(value: Any, path: str) -> Iterator[tuple[str, Marks, str | None]]:
    """All marks in a value, each with its path and the weapon class that stands beside it."""
    if isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from marks_of(inner, f"{path}[{index}]")
    elif isinstance(value, BaseModel):
        for name in _towards_marks(type(value)):
            inner, where = getattr(value, name), f"{path}.{name}" if path else name
            if isinstance(inner, Marks):
                yield where, inner, getattr(value, "weapon_class", None)
            else:
                yield from marks_of(inner, where)


@cache
def _towards_marks(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields of a model that are marks, or have marks somewhere inside."""
    return tuple(name for name, form in fields_of(model).items() if _holds_marks((form.element or form).part))


def _holds_marks(part: type[BaseModel] | None) -> bool:
    return part is Marks or (part is not None and bool(_towards_marks(part)))
