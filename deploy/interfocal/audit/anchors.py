"""Heads of an audit log, kept in a file apart from its database. It changes with where heads are kept.

Whoever can change the database cannot thereby change the file: a log whose end was cut off, or that was written anew,
disagrees with it. The newest anchors prove all before them, so only the newest are kept.
"""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from consumers.audit.log import Head
from consumers.audit.proof import Anchor
from interfocal.installation.secrets import write_private
from schemas.errors import Misconfigured
from schemas.events.types import instant_text

KEPT = 100


@dataclass(frozen=True, slots=True)
class AnchorFile:
    """The anchors of one log: the region's, or a desk's."""

    path: Path

    def read(self) -> Sequence[Anchor]:
        """Every anchor, the oldest first; none where there is no file. Raises Misconfigured for a damaged file."""
        if not self.path.exists():
            return []
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))["anchors"]
            return [Anchor(Head(int(one["number"]), str(one["hash"])), str(self.path.name)) for one in kept]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Misconfigured(f"the anchors in {self.path} cannot be read; restore the file") from error

    def keep(self, head: Head | None, at: datetime) -> bool:
        """Add where the log stands now, if it has grown; False for a log that stands where, or before, it stood.

        A log that was cut off is not anchored anew: what the file knows of it stays.
        """
        if head is None:
            return False
        with self._alone():
            known = self.read()
            if known and head.number <= known[-1].head.number:
                return False
            kept: list[dict[str, int | str]] = [_told(anchor.head) for anchor in known[-KEPT + 1 :]]
            kept.append({**_told(head), "at": instant_text(at)})
            write_private(self.path, json.dumps({"anchors": kept}, indent=1).encode() + b"\n")
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other process writes the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.path.with_suffix(".lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _told(head: Head) -> dict[str, int | str]:
    return {"number": head.number, "hash": head.hash}
