"""Follows the topic of directories, and takes what may be taken. It changes with how directories are handed out.

The record that carries a version proves nothing: a version counts because trusted roots have signed it. Whoever
serves an old, a broken or another version is told of and not followed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from interfocal.trust.kept import TrustFolder
from schemas.errors import ExchangeError, Malformed, NotTaken, Undecodable
from schemas.events.issued_directory import IssuedDirectory
from schemas.record import Record, TopicReader
from schemas.topics import DIRECTORY_TOPIC
from schemas.wire.codec import decode


@dataclass(slots=True)
class Follower:
    """One reader of the topic. ``refused`` is told of every version that is not taken, with its offset."""

    folder: TrustFolder
    open_reader: Callable[[], TopicReader]
    refused: Callable[[int, ExchangeError], None]
    _reader: TopicReader | None = None
    _next: int = field(default=0)

    def look(self) -> None:
        """Take what is new on the topic. Raises BrokerAway, and Misconfigured when the folder is not readable."""
        if self._reader is None:
            self._reader = self.open_reader()
        bounds = self._reader.bounds([DIRECTORY_TOPIC])[DIRECTORY_TOPIC]
        start = max(self._next, bounds.start) if self._next <= bounds.end else bounds.start
        for record in self._reader.read(DIRECTORY_TOPIC, start, bounds.end):
            self._take(record)
            self._next = record.next_offset
        self._next = bounds.end

    def close(self) -> None:
        """Let go of the connection; the next look opens another."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _take(self, record: Record) -> None:
        try:
            issued = issued_in(record)
            if not self._is_past(issued):
                self.folder.take(issued.document)
        except (Undecodable, NotTaken) as error:
            self.refused(record.offset, error)

    def _is_past(self, issued: IssuedDirectory) -> bool:
        """Whether it is a version that stood here before: the topic keeps all of them."""
        path = self.folder.document(issued.version)
        return issued.version < self.folder.said().version and path.exists() and path.read_bytes() == issued.document


def issued_in(record: Record) -> IssuedDirectory:
    """The version that a record carries; raises Undecodable for anything else."""
    if record.value is None:
        raise Malformed("a record without a value carries no directory")
    _, event = decode(record.value)
    if not isinstance(event, IssuedDirectory):
        raise Malformed("an event of another kind stands on the topic of directories", code="wrong_stream")
    return event
