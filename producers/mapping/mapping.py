"""How one export of one national system becomes harmonised records: a declarative file. It changes with its format.

The format is described for those who write mappings in the README of the regions' folder.
"""

import codecs
from datetime import UTC, tzinfo
from fnmatch import fnmatch
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

ISO = "iso"
ANY_MEMBER = "*"
MEMBER_PLACEHOLDER = "@member"
RECORD_PREFIX = "/"
ROWS = ""

MappingName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
Scalar = str | int


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _rule(value: Any) -> Any:
    return {"column": (value,)} if isinstance(value, str) else value


def _date(value: Any) -> Any:
    return {"format": value} if isinstance(value, str) else value


class MappingPart(BaseModel):
    """A piece of a mapping: frozen, and nothing in it that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DateFormat(MappingPart):
    """One way in which dates are written: a ``strptime`` format of digits, or ``iso``; and how exact it is."""

    format: str
    precision: str | None = None

    @field_validator("format")
    @classmethod
    def of_digits(cls, value: str) -> str:
        """Names of months and days depend on the machine's language, so formats consist of digits."""
        used = {value[i + 1 : i + 2] for i, sign in enumerate(value) if sign == "%"}
        if value != ISO and (not used or used - set("dmYyHMSz%")):
            raise ValueError(f"{value!r} is no usable format: write %d %m %Y %y %H %M %S %z and signs, or iso")
        return value


Columns = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Dates = tuple[Annotated[DateFormat, BeforeValidator(_date)], ...]


class Rule(MappingPart):
    """Where one field of the data set comes from."""

    column: Columns = ()
    constant: Scalar | tuple[str, ...] | None = None
    only_with: str | None = Field(default=None, alias="with")
    codes: dict[str, str] = Field(default_factory=dict)
    contains: dict[str, str] = Field(default_factory=dict)
    other: str | None = None
    other_absent: str | None = None
    otherwise: Scalar | None = None
    number: bool = False
    dates: Dates = ()
    ahead_absent: str | None = None
    split: str | None = None
    digits: int | None = Field(default=None, ge=2, le=40)
    empty: tuple[str, ...] = ()

    @model_validator(mode="after")
    def agree(self) -> Self:
        """A rule reads columns or gives a constant, and reads a column in one way."""
        if bool(self.column) == (self.constant is not None):
            raise ValueError("give either column or constant")
        other = self.other is not None or self.other_absent is not None
        ways = [bool(self.codes or self.contains or other), self.number, bool(self.dates)]
        if sum(ways) > 1:
            raise ValueError("codes (contains, other), number and dates exclude each other")
        if self.digits is not None and any(ways):
            raise ValueError("digits are for text that nothing translates")
        if self.constant is not None and (any(ways) or self.split is not None or self.empty or self.digits):
            raise ValueError("a constant is not translated")
        if self.other is not None and self.other_absent is not None:
            raise ValueError("other and other_absent exclude each other")
        if self.ahead_absent is not None and not self.dates:
            raise ValueError("ahead_absent is for dates")
        if self.split == "":
            raise ValueError("split is empty; name the separator")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every national column that the rule looks at."""
        return (*self.column, self.only_with) if self.only_with else self.column


Rules = dict[str, Annotated[Rule, BeforeValidator(_rule)]]


class VersionRule(MappingPart):
    """Where the national record's own version or change time stands."""

    column: str
    kind: Literal["integer", "instant", "text"]
    dates: Dates = ()

    @model_validator(mode="after")
    def agree(self) -> Self:
        """An instant needs to say how it is written; nothing else may."""
        if (self.kind == "instant") != bool(self.dates):
            raise ValueError("dates are needed for kind = instant, and only there")
        return self


class RecordRules(MappingPart):
    """Which rows are one record, which of them count, and which version of it they are.

    ``ignore`` names columns that are no content, as the date of the export: a change there alone is no change.
    ``element`` is the path of a record's element in XML, from the outermost: ``export/cases/case``.
    """

    key: Columns = Field(min_length=1)
    element: str = Field(default="", pattern=r"^([^\s/]+(/[^\s/]+)*)?$")
    version: VersionRule | None = None
    only: dict[str, Columns] = Field(default_factory=dict)
    ignore: Columns = ()


class ItemRules(MappingPart):
    """The items of a record: one a row, or one an element of a nested array (``source``)."""

    key: Columns = ()
    source: str = Field(default=ROWS, alias="from")
    fields: Rules


class NationalMapping(MappingPart):
    """One mapping file. ``name`` is the file's name without its ending."""

    name: MappingName
    version: int = Field(ge=1)
    member: str = Field(pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,6})?|\*)$")
    stream: Literal["seizure", "missing", "trace"]
    files: tuple[str, ...] = ()
    format: Literal["csv", "xlsx", "json", "jsonl", "xml"]
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    sheet: str = ""
    header_row: int = Field(default=1, ge=1, le=100)
    header_rows: int = Field(default=1, ge=1, le=5)
    decimal_comma: bool = False
    time_zone: str = "UTC"
    empty: tuple[str, ...] = ()
    absent: dict[str, str] = Field(default_factory=dict)
    record: RecordRules
    fields: Rules
    items: ItemRules | None = None

    @field_validator("encoding")
    @classmethod
    def known_encoding(cls, value: str) -> str:
        """The encoding is one that this program can read."""
        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"{value!r} is no encoding; write utf-8, cp1250, cp1251, utf-16 ...") from None

    @field_validator("time_zone")
    @classmethod
    def known_zone(cls, value: str) -> str:
        """The time zone is in the machine's time zone table."""
        _zone(value)
        return value

    @model_validator(mode="after")
    def agree(self) -> Self:
        """Items belong to seizures; rows of a table have no nested arrays; each format has keys of its own."""
        if (self.items is not None) != (self.stream == "seizure"):
            raise ValueError("items are needed for the stream seizure, and only there")
        if self.items and self.items.source and self.is_table:
            raise ValueError(f"items.from names an array, and rows of {self.format} hold none")
        if (self.format == "xml") != bool(self.record.element):
            raise ValueError("record.element is needed for xml, and only there")
        if self.sheet and self.format != "xlsx":
            raise ValueError("sheet is for xlsx")
        if (self.header_row, self.header_rows) != (1, 1) and not self.is_table:
            raise ValueError("header_row and header_rows are for tables")
        return self

    @property
    def is_table(self) -> bool:
        """Whether the export has columns with a header."""
        return self.format in {"csv", "xlsx"}

    @property
    def zone(self) -> tzinfo:
        """The time zone of dates that are written without an offset."""
        return _zone(self.time_zone)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every national column that the mapping reads, in order, each once."""
        rules = [*self.fields.values(), *(self.items.fields.values() if self.items else ())]
        named = [*self.record.key, *self.record.only, *(self.items.key if self.items else ())]
        named += [self.record.version.column] if self.record.version else []
        named += [column for rule in rules for column in rule.columns]
        return tuple(dict.fromkeys(column.removeprefix(RECORD_PREFIX) for column in named))

    def serves(self, member: str) -> bool:
        """Whether it is for this member's exports."""
        return self.member in {ANY_MEMBER, member}

    def reads(self, filename: str) -> bool:
        """Whether a file of this name is read with it."""
        return any(fnmatch(filename.casefold(), pattern.casefold()) for pattern in self.files)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone of this machine; write Europe/Belgrade or the like") from None
