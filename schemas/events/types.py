"""The kinds of text, code and instant that events are made of. It changes when the contract gets a new kind.

Every string of an event is either a code of a named list or text of one of these kinds; there is no free text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainSerializer, StringConstraints


@dataclass(frozen=True, slots=True)
class CodeOf:
    """The value is a code of this list (``schemas/codes/<name>.csv``)."""

    name: str


@dataclass(frozen=True, slots=True)
class TextKind:
    """The value is text of this kind."""

    name: str


def whole_millis(instant: datetime) -> datetime:
    """The instant in UTC, cut to the milliseconds that Avro carries, so that writer and readers hold the same event.

    Raises ValueError when UTC takes it out of the years 1-9999.
    """
    try:
        utc = instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("not within the years 1-9999") from error
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def instant_text(instant: datetime) -> str:
    """``2026-03-01T12:00:00.000Z``; the instant is aware and in UTC, as events hold it."""
    return f"{instant.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_:-]{0,63}$"

Id = Annotated[str, TextKind("id"), StringConstraints(pattern=UUID_PATTERN)]
Member = Annotated[str, TextKind("member"), StringConstraints(pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,6})?|REGION)$")]
Place = Annotated[str, TextKind("place"), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$")]
Reference = Annotated[str, TextKind("reference"), StringConstraints(min_length=1, max_length=80)]
MarkText = Annotated[str, TextKind("mark"), StringConstraints(min_length=1, max_length=120)]
Hash = Annotated[str, TextKind("hash"), StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
Name = Annotated[str, TextKind("name"), StringConstraints(pattern=r"^[a-z0-9][A-Za-z0-9._:/\[\]-]{0,119}$")]
SealText = Annotated[str, TextKind("seal"), StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,640}$")]
Year = Annotated[int, "year"]
Instant = Annotated[
    AwareDatetime, AfterValidator(whole_millis), PlainSerializer(instant_text, return_type=str, when_used="json")
]


class Part(BaseModel):
    """A piece of an event: frozen, and nothing in it that the schema does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def code_list_of(annotation: Any) -> str | None:
    """The code list that a (possibly optional or repeated) annotation names."""
    for metadata in getattr(annotation, "__metadata__", ()):
        if isinstance(metadata, CodeOf):
            return metadata.name
    return next((found for inner in get_args(annotation) if (found := code_list_of(inner))), None)


def coded_values(part: Part, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Every coded value of an event as (path, list, value), e.g. ``items[0].kind``."""
    for name, annotation in get_type_hints(type(part), include_extras=True).items():
        value = getattr(part, name, None)
        where = f"{path}{name}"
        values = list(enumerate(value)) if isinstance(value, tuple) else [(None, value)]
        for index, single in values:
            spot = where if index is None else f"{where}[{index}]"
            if isinstance(single, Part):
                yield from coded_values(single, f"{spot}.")
            elif isinstance(single, str) and (listed := code_list_of(annotation)):
                yield spot, listed, single
