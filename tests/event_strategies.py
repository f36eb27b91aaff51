"""Hypothesis strategies for events, made from the models: a new field is tested on the day it comes."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from annotated_types import Ge, MinLen
from hypothesis import strategies as st
from pydantic import StringConstraints

from schemas.codes.lists import CodeList, load_code_lists
from schemas.events.envelope import Event
from schemas.events.types import CodeOf, Part
from schemas.wire.catalogue import EVENT_TYPES, model_of_stream

Some = TypeVar("Some", bound=Part)
INSTANTS = st.datetimes(timezones=st.just(UTC))
TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
MOST_ITEMS = 3
LONGEST_TEXT = 40
LARGEST_LONG = 2**63 - 1


def events(stream: str, **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
    """Any event of a stream that a model and the code lists accept; ``fixed`` gives strategies for single fields.

    Parts, ids and acts need not agree with each other: that is for intake, and for the checks behind the codec.
    """
    return parts(model_of_stream(stream), **fixed)


def any_event() -> st.SearchStrategy[Event]:
    """An event of any stream."""
    return st.sampled_from(sorted(EVENT_TYPES)).flatmap(events)


def parts(model: type[Some], **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Some]:
    """Any part that the model accepts."""
    hints = get_type_hints(model, include_extras=True)
    fields = {name: _field(hints[name], info.metadata) for name, info in model.model_fields.items()}
    return st.builds(model, **{**fields, **fixed})


def _field(annotation: Any, metadata: Sequence[Any]) -> st.SearchStrategy[Any]:
    """Values of a field; ``metadata`` holds the bounds that pydantic read from annotation and default."""
    said = list(metadata)
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _field(inner, [*said, *more])
    if type(None) in get_args(annotation):
        (present,) = (branch for branch in get_args(annotation) if branch is not type(None))
        return st.none() | _field(present, said)
    if get_origin(annotation) is tuple:
        least = next((bound.min_length for bound in said if isinstance(bound, MinLen)), 0)
        item = _field(get_args(annotation)[0], [])
        return st.lists(item, min_size=least, max_size=max(least, MOST_ITEMS)).map(tuple)
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return parts(annotation)
    return _leaf(annotation, said)


def _leaf(annotation: Any, said: Sequence[Any]) -> st.SearchStrategy[Any]:
    if annotation is str:
        return _text(said)
    if annotation is int:
        least = next((bound.ge for bound in said if isinstance(bound, Ge)), -LARGEST_LONG - 1)
        return st.integers(int(str(least)), LARGEST_LONG)
    return {bool: st.booleans(), bytes: st.binary(max_size=40)}.get(annotation, INSTANTS)


def _text(said: Sequence[Any]) -> st.SearchStrategy[str]:
    coded = next((note.name for note in said if isinstance(note, CodeOf)), None)
    if coded is not None:
        return st.sampled_from(code_lists()[coded].codes)
    bounds = next((note for note in said if isinstance(note, StringConstraints)), StringConstraints())
    if isinstance(bounds.pattern, str):
        return st.from_regex(bounds.pattern, fullmatch=True)
    return st.text(TEXT, min_size=bounds.min_length or 0, max_size=min(bounds.max_length or LONGEST_TEXT, LONGEST_TEXT))


@cache
def code_lists() -> Mapping[str, CodeList]:
    """The lists of the contract, read once."""
    return load_code_lists()
