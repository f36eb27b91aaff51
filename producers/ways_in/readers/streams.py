"""Files as streams: bytes that are counted as they are read, and text of any encoding. It changes with encodings."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import BinaryIO, cast

from producers.ways_in.readers.bounds import MAX_LINE_CHARACTERS, not_readable, too_long

CHUNK_BYTES = 64 * 1024
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
WITHOUT_MARK = {"utf-8": "utf-8-sig", "utf-16": "utf-16-le"}


class Counted(RawIOBase):
    """A file that tells how many bytes were read of it so far."""

    def __init__(self, inner: BinaryIO, on_read: Callable[[int], None]) -> None:
        self._inner = inner
        self._on_read = on_read

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As of the file."""
        return self._inner.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer is what the caller gives
        """Read, and tell where the file stands."""
        content = self._inner.read(len(buffer))
        buffer[: len(content)] = content
        self._on_read(self._inner.tell())
        return len(content)

    def close(self) -> None:
        """Close the file too."""
        self._inner.close()
        super().close()


def counted(file: BinaryIO, on_read: Callable[[int], None]) -> BinaryIO:
    """The file, with ``on_read`` told the position after each read."""
    return cast("BinaryIO", BufferedReader(Counted(file, on_read), CHUNK_BYTES))


def codec_of(file: BinaryIO, encoding: str) -> str:
    """The codec of a file: a mark at its start is surer than what its mapping says."""
    start = file.read(3)
    file.seek(0)
    found = next((codec for mark, codec in MARKS if start.startswith(mark)), None)
    return found or WITHOUT_MARK.get(encoding, encoding)


@dataclass(slots=True)
class Lines:
    """Lines of a text file. ``ends`` is the newline argument of ``open``: "" for any end, or a line feed only.

    ``taken`` counts the characters since its user last set it to zero: of one row, which may have several lines.
    """

    file: BinaryIO
    encoding: str
    ends: str = ""
    taken: int = 0
    number: int = 0

    def __iter__(self) -> Iterator[str]:
        """Each line with its end. Raises Rejected (``wrong_encoding`` with the byte, ``line_too_long``)."""
        codec = codec_of(self.file, self.encoding)
        text = TextIOWrapper(self.file, codec, newline=self.ends)
        try:
            while line := text.readline(MAX_LINE_CHARACTERS - self.taken + 1):
                self.number += 1
                self.taken += len(line)
                if self.taken > MAX_LINE_CHARACTERS:
                    raise too_long(self.number)
                yield line
        except UnicodeError:
            place = str(_first_misfit(self.file, codec))
            raise not_readable("wrong_encoding", encoding=self.encoding, position=place) from None
        finally:
            if not text.closed:
                text.detach()


def _first_misfit(file: BinaryIO, codec: str) -> int:
    """The place, from 1, of the first byte that the codec does not take."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(codec)()
    end = 0
    chunk = b" "
    while chunk:
        chunk = file.read(CHUNK_BYTES)
        end += len(chunk)
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            return end - len(error.object) + error.start + 1
    return end + 1
