"""How one export of one national system becomes harmonised records: a declarative file. It changes with its format.

The format is described for those who write mappings in the README of the regions' folder.
"""

import codecs
import re
from datetime import UTC, tzinfo
from fnmatch import fnmatch
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from producers.mapping.shape import STREAMS_WITH_SEALED_PART

ISO = "iso"
ANY_MEMBER = "*"
MEMBER_PLACEHOLDER = "@member"
RECORD_PREFIX = "/"
ROWS = ""
DATE_PARTS = "dmYyHMSz"
HALF_PAIR = "\ud800"
NO_CHARACTER = b"+2AA-\\ud800"
"""Some of Python's codecs (utf-7, unicode-escape) make half a surrogate pair of this; no file of text is in these."""

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

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True)


class DateFormat(MappingPart):
    """One way in which dates are written: a ``strptime`` format of digits, or ``iso``; and how exact it is."""

    format: str
    """A strptime format of digits, as %d.%m.%Y, or iso."""
    precision: str | None = None
    """How exact an instant in this format is, for occurred: a code of time-precision."""

    @field_validator("format")
    @classmethod
    def of_digits(cls, value: str) -> str:
        """Names of months and days depend on the machine's language, so formats consist of digits, each part once."""
        used = [letter for letter in re.findall("%(.?)", value) if letter != "%"]
        if value != ISO and (not used or set(used) - set(DATE_PARTS) or len(used) > len(set(used))):
            raise ValueError(
                f"{value!r} is no usable format: write each of %d %m %Y %y %H %M %S %z once at most, and signs, or iso"
            )
        return value


Columns = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]
Dates = tuple[Annotated[DateFormat, BeforeValidator(_date, json_schema_input_type=str | DateFormat)], ...]


class Rule(MappingPart):
    """Where one field of the data set comes from."""

    column: Columns = ()
    """The national column; several are joined by a space."""
    constant: Scalar | tuple[str, ...] | None = None
    """Always this, instead of a column."""
    only_with: str | None = Field(default=None, alias="with")
    """The rule applies only where this column holds something."""
    codes: dict[str, str] = Field(default_factory=dict)
    """National spelling = code; a spelling that is not listed is rejected."""
    contains: dict[str, str] = Field(default_factory=dict)
    """Text = code, for values that contain the text; tried in order, after codes."""
    other: str | None = None
    """The code of every other spelling."""
    other_absent: str | None = None
    """Every other spelling writes nothing, for this reason."""
    otherwise: Scalar | None = None
    """What stands there when nothing else would."""
    number: bool = False
    """It is a whole number."""
    dates: Dates = ()
    """How dates are written, in order of trial."""
    ahead_absent: str | None = None
    """A date that lies in the future writes nothing, for this reason."""
    split: str | None = None
    """The column holds a list with this separator."""
    digits: int | None = Field(default=None, ge=2, le=40)
    """A number of so many digits always: one with fewer lost its leading zeros."""
    empty: tuple[str, ...] = ()
    """More spellings of nothing, for this rule."""

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


Rules = dict[str, Annotated[Rule, BeforeValidator(_rule, json_schema_input_type=str | Rule)]]


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
    """The columns that tell one record from another."""
    element: str = Field(default="", pattern=r"^([^\s/]+(/[^\s/]+)*)?$")
    """The path of a record's element in XML."""
    version: VersionRule | None = None
    """The record's own version or change time."""
    only: dict[str, Columns] = Field(default_factory=dict)
    """Rows count only where a column holds one of these; @member is the code of the member."""
    ignore: Columns = ()
    """Columns that are no content: a change there alone is no change."""


class ItemRules(MappingPart):
    """The items of a record: one a row, or one an element of a nested array (``source``)."""

    key: Columns = ()
    """The columns that tell one item of a record from another; else its position does."""
    source: str = Field(default=ROWS, alias="from")
    """The nested array that holds the items; else each row is one."""
    fields: Rules


class NationalMapping(MappingPart):
    """One mapping file. ``name`` is the file's name without its ending."""

    name: MappingName
    version: int = Field(ge=1)
    """Raised by one at each change; submit --remap applies it to what was accepted before."""
    member: str = Field(pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,6})?|\*)$")
    """The member whose exports it reads; * for every member."""
    stream: Literal["seizure", "missing", "trace"]
    """What the records become."""
    files: tuple[str, ...] = ()
    """Patterns of the names of files that it reads."""
    format: Literal["csv", "xlsx", "json", "jsonl", "xml"]
    """The form of the file."""
    encoding: str = "utf-8"
    """The encoding of a file of text."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """What stands between the cells of CSV."""
    sheet: str = ""
    """The sheet of a workbook; else the first."""
    header_row: int = Field(default=1, ge=1, le=100)
    """The first row that names columns."""
    header_rows: int = Field(default=1, ge=1, le=5)
    """How many rows name columns."""
    decimal_comma: bool = False
    """Numbers are written with a decimal comma."""
    time_zone: str = "UTC"
    """The zone of times that are written without an offset."""
    empty: tuple[str, ...] = ()
    """Spellings of nothing, in every column."""
    absent: dict[str, str] = Field(default_factory=dict)
    """Spelling = reason, for values that say why there is none."""
    record: RecordRules
    """Which rows are one record."""
    fields: Rules
    """Field of the data set = where it comes from."""
    sealed: Rules = Field(default_factory=dict)
    """Field of a trace act's sealed part = where it comes from; these columns are read for nothing else."""
    items: ItemRules | None = None
    """The items of a seizure."""

    @field_validator("encoding")
    @classmethod
    def known_encoding(cls, value: str) -> str:
        """The encoding is one that this program can read, and turns bytes into characters only."""
        try:
            read = NO_CHARACTER.decode(value, errors="ignore")
        except (LookupError, UnicodeError):
            read = HALF_PAIR
        if HALF_PAIR in read:
            raise ValueError(f"{value!r} is no encoding of files; write utf-8, cp1250, cp1251, utf-16 ...")
        return codecs.lookup(value).name

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
        if self.sealed and self.stream not in STREAMS_WITH_SEALED_PART:
            raise ValueError("sealed is for the stream trace")
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
        sealed = (column for rule in self.sealed.values() for column in rule.columns)
        return tuple(dict.fromkeys((*self.open_columns, *sealed)))

    @property
    def open_columns(self) -> tuple[str, ...]:
        """Those that it reads for the open part."""
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
