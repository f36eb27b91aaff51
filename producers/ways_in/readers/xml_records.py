"""XML files, as a stream: each element at the mapping's path is one record. It changes with how XML becomes columns.

An element with only text is a column; one with elements inside is a part of its own; the same name again makes a list.
An attribute of ``x`` is the column ``x@name``, and of the record or an item itself ``@name``.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from producers.ways_in.json_text import malformed
from producers.ways_in.readers.bounds import MAX_LINE_CHARACTERS
from producers.ways_in.readers.expat import Guard, parsed, plain

MAX_ELEMENTS = 20_000
MAX_LEVELS = 20
TEXT = "#text"
OWN_WORDS = frozenset({"row", "problems"})
"""Names that a row has for the exchange itself, as ``@row``; a record's attribute of that name gets one more ``@``."""


@dataclass(slots=True)
class Element:
    """An element of a record in the making."""

    name: str
    attributes: Mapping[str, str]
    fields: dict[str, Any] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its text without blanks around it."""
        return "".join(self.pieces).strip()

    def whole(self) -> dict[str, Any]:
        """All of it as one part, with its own attributes."""
        made = {_own(name): value for name, value in self.attributes.items()} | self.fields
        return {**made, TEXT: self.text} if self.text else made

    def add(self, name: str, value: Any, *, listed: bool = False) -> None:
        """Put a value under a name; a second one makes a list."""
        if name not in self.fields:
            self.fields[name] = [value] if listed else value
        elif isinstance(self.fields[name], list):
            self.fields[name].append(value)
        else:
            self.fields[name] = [self.fields[name], value]


@dataclass(slots=True)
class Records:
    """Listens to a file, and keeps one record at a time."""

    path: tuple[str, ...]
    items: tuple[str, ...]
    outside: list[str] = field(default_factory=list)
    inside: list[Element] = field(default_factory=list)
    finished: deque[dict[str, Any]] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    elements: int = 0
    characters: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """A record begins, or an element of it, or something around it."""
        given = {plain(key): value for key, value in attributes.items() if not key.startswith("xmlns")}
        if self.inside:
            self.elements += 1
            self._count(sum(map(len, given.values())))
            self.inside.append(Element(name, given))
            return
        self.outside.append(name)
        if tuple(self.outside) == self.path:
            self.elements = self.characters = 0
            self.inside.append(Element(name, given))
        elif len(self.outside) <= len(self.path):
            self.seen.add(name)

    def end(self, _name: str) -> None:
        """It ends."""
        if len(self.inside) > 1:
            self._close(self.inside.pop())
        elif self.inside:
            self.finished.append(self.inside.pop().whole())
            self.outside.pop()
        else:
            self.outside.pop()

    def text(self, piece: str) -> None:
        """Text counts inside a record only."""
        if self.inside:
            self._count(len(piece))
            self.inside[-1].pieces.append(piece)

    def _close(self, done: Element) -> None:
        """Put a finished element into the one around it."""
        around = self.inside[-1]
        if (*(one.name for one in self.inside[1:]), done.name) == self.items:
            around.add(done.name, done.whole(), listed=True)
            return
        for name, value in done.attributes.items():
            around.add(f"{done.name}@{name}", value)
        if done.fields and done.text:
            done.fields[TEXT] = done.text
        around.add(done.name, done.fields or done.text)

    def _count(self, characters: int) -> None:
        self.characters += characters
        if self.elements > MAX_ELEMENTS or self.characters > MAX_LINE_CHARACTERS:
            raise malformed("xml", f"one {self.path[-1]} holds more than a record can")
        if len(self.inside) > MAX_LEVELS:
            raise malformed("xml", f"more than {MAX_LEVELS} levels in one {self.path[-1]}")


def xml_records(file: BinaryIO, mapping: NationalMapping) -> Iterator[NationalRow]:
    """Records of an XML file, numbered from 1.

    Raises Rejected: ``malformed_file`` with the place, ``document_type``, ``line_too_long``.
    """
    path = tuple(mapping.record.element.split("/"))
    items = tuple(mapping.items.source.split(".")) if mapping.items and mapping.items.source else ()
    records = Records(path, items)
    guard = Guard(records, "xml")
    number = 0
    for _ in parsed(file, guard):
        while records.finished:
            number += 1
            yield NationalRow(number, records.finished.popleft())
    if not number and path[0] not in records.seen:
        raise malformed("xml", f"its outermost element is not {path[0]}; {mapping.record.element} holds the records")


def _own(name: str) -> str:
    return f"@@{name}" if name in OWN_WORDS else f"@{name}"
