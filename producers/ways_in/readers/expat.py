"""XML, piece by piece, without document types, entities or anything from elsewhere. It changes with what XML may hold.

Nothing here builds a tree: who listens keeps what it wants, and memory stays within the bounds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol
from xml.parsers import expat

from producers.ways_in.json_text import malformed
from producers.ways_in.readers.bounds import MAX_LINE_CHARACTERS, not_readable, too_long
from producers.ways_in.readers.streams import CHUNK_BYTES

MAX_LEVELS = 64


class Listener(Protocol):
    """Who is told what stands in the file. Names are without prefixes."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, piece: str) -> None:
        """Characters, or a part of them."""


@dataclass(slots=True)
class Guard:
    """Stands between the parser and the listener, and stops what has no end."""

    listener: Listener
    form: str
    parser: Any = field(default_factory=expat.ParserCreate)
    levels: int = 0
    characters: int = 0

    def __post_init__(self) -> None:
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes, fed: int) -> None:
        """Parse one more piece; ``fed`` counts all bytes so far. An empty one ends the file. Raises Rejected."""
        try:
            self.parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            place = f"line {error.lineno}, column {error.offset + 1}"
            raise malformed(self.form, f"{place}: {expat.ErrorString(error.code)}") from None
        except (LookupError, ValueError):
            raise malformed(self.form, "its encoding is unknown; write UTF-8") from None
        # The parser holds what it cannot name yet: one endless tag, attribute or comment.
        if chunk and fed - self.parser.CurrentByteIndex > MAX_LINE_CHARACTERS + CHUNK_BYTES:
            raise too_long(self.parser.CurrentLineNumber)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.levels += 1
        self.characters = 0
        if self.levels > MAX_LEVELS:
            raise malformed(self.form, f"more than {MAX_LEVELS} levels")
        self.listener.start(plain(name), attributes)

    def _end(self, name: str) -> None:
        self.levels -= 1
        self.characters = 0
        self.listener.end(plain(name))

    def _text(self, piece: str) -> None:
        self.characters += len(piece)
        if self.characters > MAX_LINE_CHARACTERS:
            raise too_long(self.parser.CurrentLineNumber)
        self.listener.text(piece)

    def _doctype(self, *_: Any) -> None:
        raise not_readable("document_type")


def parsed(file: BinaryIO, guard: Guard) -> Iterator[int]:
    """Hand the whole file to the guard, piece by piece; tells the bytes so far after each. Raises Rejected."""
    fed = 0
    chunk = b" "
    while chunk:
        chunk = file.read(CHUNK_BYTES)
        fed += len(chunk)
        guard.feed(chunk, fed)
        yield fed


def plain(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]
