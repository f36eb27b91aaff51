"""Looks a packed workbook through before anything is built of it. It changes with what a workbook may weigh.

A few kilobytes can unpack to gigabytes, so every part is counted as it declares itself, and again as it unpacks.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo
from zlib import error as zlib_error

from openpyxl.utils.cell import range_boundaries

from producers.ways_in.json_text import malformed
from producers.ways_in.readers.bounds import MAX_COLUMNS, MEBIBYTE, check_whole, not_readable
from producers.ways_in.readers.expat import Guard, parsed
from producers.ways_in.readers.tables import Merge

MAX_PARTS = 2_000
MAX_LISTED_BYTES = MEBIBYTE
MAX_UNPACKED = 256 * MEBIBYTE
MAX_PART = 32 * MEBIBYTE
"""Of a part that is held as a whole: every part but the sheets."""

MAX_PART_ELEMENTS = 1_000_000
MAX_ROW_ELEMENTS = 64 * MAX_COLUMNS
"""Elements between one row and the next; an office formats all of its 16,384 columns at once."""

MAX_MERGES = 1_000
LAST_ROW = 1_048_576
ROW = re.compile(r"[0-9]{1,7}")
CELL = re.compile(r"[A-Z]{1,3}[0-9]{1,7}")
SHEETS = "xl/worksheets/"
XML_ENDINGS = (".xml", ".rels")

END_MARK = b"PK\x05\x06"
ZIP64_MARK = b"PK\x06\x07"
END_BYTES = 22
ZIP64_BYTES = 20
LONGEST_COMMENT = 65_535


@dataclass(slots=True)
class Part:
    """Listens to one part, and counts."""

    is_sheet: bool
    elements: int = 0
    merges: list[Merge] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Count; look at the places that rows, cells and merged cells say they have."""
        self.elements += 1
        if self.elements > (MAX_ROW_ELEMENTS if self.is_sheet else MAX_PART_ELEMENTS):
            raise not_readable("unpacks_too_large", detail=f"{self.elements} elements", limit=str(self.elements - 1))
        if self.is_sheet and name in {"row", "c"}:
            self._check_place(name, attributes.get("r"))
        elif self.is_sheet and name == "mergeCell" and len(self.merges) < MAX_MERGES:
            self.merges.append(_merge(attributes.get("ref", "")))

    def end(self, name: str) -> None:
        """With a row the counting begins anew: rows are let go."""
        if name in {"row", "mergeCell"}:
            self.elements = 0

    def text(self, _piece: str) -> None:
        """The guard bounds it."""

    def _check_place(self, name: str, place: str | None) -> None:
        if place is None:
            return
        if name == "row":
            right = ROW.fullmatch(place) is not None and 0 < int(place) <= LAST_ROW
        else:
            right = CELL.fullmatch(place) is not None
        if not right:
            raise malformed("xlsx", f"{place[:40]!r} is no place in a sheet")


def examined(file: BinaryIO) -> Mapping[str, tuple[Merge, ...]]:
    """Merged cells by part, once every part was found within bounds.

    Raises Rejected: ``malformed_file``, ``file_too_large``, ``unpacks_too_large``, ``document_type``.
    """
    _check_list(file)
    try:
        with ZipFile(file) as archive:
            parts = archive.infolist()
            _check_declared(parts)
            return {
                part.filename: _look_through(archive, part) for part in parts if part.filename.endswith(XML_ENDINGS)
            }
    except (BadZipFile, zlib_error, EOFError, RuntimeError, ValueError, OSError) as error:
        detail = f"it is no whole workbook ({type(error).__name__}); if it has a password, take it away"
        raise malformed("xlsx", detail) from None


def _check_list(file: BinaryIO) -> None:
    """The list of parts is held as a whole when the archive is opened, so its length comes first."""
    size = file.seek(0, 2)
    check_whole("xlsx", size)
    start = max(0, size - END_BYTES - LONGEST_COMMENT - ZIP64_BYTES)
    file.seek(start)
    tail = file.read()
    file.seek(0)
    at = tail.rfind(END_MARK)
    if at < 0 or len(tail) - at < END_BYTES:
        raise malformed("xlsx", "it is no whole workbook: its end is missing, or it has a password")
    parts, listed = struct.unpack("<HL", tail[at + 10 : at + 16])
    large = tail[max(0, at - ZIP64_BYTES) : at].startswith(ZIP64_MARK)
    if parts > MAX_PARTS or listed > MAX_LISTED_BYTES or large:
        raise not_readable("unpacks_too_large", detail=f"{parts} parts", limit=f"{MAX_PARTS} parts")


def _check_declared(parts: list[ZipInfo]) -> None:
    if len(parts) > MAX_PARTS:
        raise not_readable("unpacks_too_large", detail=f"{len(parts)} parts", limit=f"{MAX_PARTS} parts")
    _check_size(sum(part.file_size for part in parts), MAX_UNPACKED)
    for part in parts:
        if part.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            raise malformed("xlsx", "it is packed in a way that no office uses")
        if part.filename.endswith(XML_ENDINGS) and not _is_sheet(part):
            _check_size(part.file_size, MAX_PART)


def _is_sheet(part: ZipInfo) -> bool:
    return part.filename.startswith(SHEETS) and part.filename.endswith(".xml")


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise not_readable("unpacks_too_large", detail=f"{size} bytes", limit=f"{limit} bytes")


def _look_through(archive: ZipFile, part: ZipInfo) -> tuple[Merge, ...]:
    """Unpack one part without keeping it. What is read of it never exceeds what it declares."""
    listener = Part(_is_sheet(part))
    with archive.open(part) as content:
        for fed in parsed(content, Guard(listener, "xlsx")):  # type: ignore[arg-type]  # it reads bytes as files do
            _check_size(fed, part.file_size)
    return tuple(listener.merges)


def _merge(reference: str) -> Merge:
    try:
        left, top, right, bottom = range_boundaries(reference[:40])
    except (ValueError, TypeError):
        raise malformed("xlsx", f"{reference[:40]!r} is no range of cells") from None
    return Merge(top or 1, left or 1, bottom or 1, right or 1)
