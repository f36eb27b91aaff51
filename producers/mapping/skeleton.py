"""A first mapping file from the columns of an export, to be completed by hand. It changes with the format.

Pure. The skeleton is valid as it is, and says nothing of a record but its key. A column whose few values look like
codes is listed with them; values of other columns are left out, for they may be anybody's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from producers.mapping.mapping import NationalMapping, RecordRules
from producers.mapping.schema import SCHEMA_LINE

FEW = 12
TIMES = 3
PLAIN = re.compile(r"[^\W\d_][^\d@]{0,39}")
FIRST_FIELDS: Mapping[str, Sequence[str]] = {
    "seizure": (),
    "missing": (
        'type = { constant = "lost" }',
        'state = { constant = "open" }',
        'weapon_class = { constant = "not_recorded" }',
    ),
    "trace": ('act = { constant = "request" }',),
}
ITEMS = """
[items]

[items.fields]
kind = { constant = "firearm" }
quantity = { constant = 1 }
"firearm.weapon_class" = { constant = "not_recorded" }
"firearm.marks.numbers[0].place" = { constant = "not_recorded" }
"firearm.marks.numbers[0].state" = { constant = "not_recorded" }
"""


@dataclass(slots=True)
class Column:
    """What was seen of one column: how many values, and the different ones as long as they are few."""

    name: str
    filled: int = 0
    values: dict[str, None] = field(default_factory=dict)

    def see(self, value: Any) -> None:
        """Take one value into account."""
        text = str(value).strip() if isinstance(value, str | int | float) else ""
        if text:
            self.filled += 1
            if len(self.values) <= FEW:
                self.values[text] = None

    @property
    def is_coded(self) -> bool:
        """Whether its values look like codes: few, repeated, short words without digits."""
        repeated = self.filled >= TIMES * len(self.values)
        return 0 < len(self.values) <= FEW and repeated and all(PLAIN.fullmatch(value) for value in self.values)


def probe(form: Any, **how: Any) -> NationalMapping:
    """A mapping that asks for no column, only to read a file whose columns are not known yet."""
    record = RecordRules.model_construct(key=(), element=how.pop("element", ""))
    return NationalMapping.model_construct(
        name="new", version=1, member="*", stream="seizure", format=form, record=record, fields={}, **how
    )


def skeleton(member: str, stream: str, filename: str, read_with: NationalMapping, columns: Sequence[Column]) -> str:
    """The text of a mapping file that reads this file."""
    first = _quoted(columns[0].name)
    lines = [
        SCHEMA_LINE,
        f"# A first mapping of {_plain(filename)}: complete it, and try it with `interfocal mapping check` and `try`.",
        "version = 1",
        f'member = "{member}"',
        f'stream = "{stream}"',
        f"files = [{_quoted(filename)}]",
        f'format = "{read_with.format}"',
        *_reading(read_with),
        "",
        "[record]",
        f"key = [{first}] # the column, or columns, that tell one record from another",
        *([f"element = {_quoted(read_with.record.element)}"] if read_with.record.element else []),
        "",
        "[fields]",
        *FIRST_FIELDS[stream],
        f"own_reference = {first}",
        *(ITEMS.rstrip().splitlines() if stream == "seizure" else []),
        "",
        "# Columns of the file. Take away the # and write the field of the data set for the question mark.",
        *(_line(column) for column in columns[1:]),
    ]
    return "\n".join(lines) + "\n"


def _reading(read_with: NationalMapping) -> list[str]:
    written = []
    if read_with.encoding != "utf-8":
        written.append(f'encoding = "{read_with.encoding}"')
    if read_with.format == "csv" and read_with.delimiter != ",":
        written.append(f"delimiter = {_quoted(read_with.delimiter)}")
    if read_with.sheet:
        written.append(f"sheet = {_quoted(read_with.sheet)}")
    return written


def _line(column: Column) -> str:
    name = _quoted(column.name)
    if not column.is_coded:
        return f'# "?" = {name}'
    codes = ", ".join(f'{_quoted(value)} = "?"' for value in column.values)
    return f'# "?" = {{ column = {name}, codes = {{ {codes} }} }}'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text)
