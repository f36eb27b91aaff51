"""The watched folder of a national system: what is complete is handed over and put away. It changes with its habits.

A file is complete when it looks the same (size, time, inode) at two looks in a row. A system that may pause longer than
that between two writes gives the file another name first (``.part``, ``.tmp``, or a leading dot) and renames it at its
end. Its report is written before the file is moved, and the move is one rename; whenever the process ends in between,
the file is read again, and what was accepted before is unchanged.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_IMODE, S_ISREG

from producers.mapping.files import MappingSet
from producers.ways_in.handing import FileReport, Take, fault_of, hand_over_file, mappings_for, report_of
from schemas.errors import OutboxFull, Rejected, StoreAway

DONE = "done"
REJECTED = "rejected"
REPORT_ENDING = ".report.json"
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload")
OFFICE_LOCK = "~$"

Stamp = tuple[int, int, int]
"""What a file looks like from outside: size in bytes, time of change, inode."""


def complete(before: Mapping[str, Stamp], now: Mapping[str, Stamp]) -> tuple[str, ...]:
    """Names of files that look the same at two looks, in order."""
    return tuple(sorted(name for name, stamp in now.items() if before.get(name) == stamp))


def is_finished_name(name: str) -> bool:
    """Whether a name is one of a file that its writer has finished."""
    return not name.startswith((".", OFFICE_LOCK)) and not name.casefold().endswith(UNFINISHED)


def free_name(name: str, taken: Callable[[str], bool]) -> str:
    """The name, or with a number when it is taken: ``export.csv``, ``export.2.csv``, ``export.3.csv``."""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, f"{dot}{ending}") if stem else (name, "")
    number, chosen = 1, name
    while taken(chosen):
        number += 1
        chosen = f"{stem}.{number}{ending}"
    return chosen


@dataclass(slots=True)
class WatchedFolder:
    """One member's folder. ``seen`` is what it looked like last."""

    path: Path
    member: str
    mappings: MappingSet
    take: Take
    seen: Mapping[str, Stamp] = field(default_factory=dict)

    def look(self) -> Iterator[FileReport]:
        """Hand over each complete file and put it away; one report each.

        Raises StoreAway, when folder or intake are away, and OutboxFull: the file stays, and the next look tries again.
        """
        now = self._looks()
        ready = complete(self.seen, now)
        self.seen = now
        for name in ready:
            report = self._report(self.path / name)
            if self._stamp(self.path / name) == now[name]:  # what was written to meanwhile is read again
                self._put_away(name, report)
                yield report

    def _report(self, path: Path) -> FileReport:
        try:
            return hand_over_file(path, self.member, mappings_for(self.mappings, self.member, path.name), self.take)
        except Rejected as error:
            return FileReport(path.name, (), fault_of(error))

    def _looks(self) -> Mapping[str, Stamp]:
        try:
            names = [path.name for path in self.path.iterdir() if is_finished_name(path.name)]
        except OSError as error:
            raise StoreAway(f"the folder {self.path} cannot be read ({error.strerror})") from error
        stamps = {name: self._stamp(self.path / name) for name in names}
        return {name: stamp for name, stamp in stamps.items() if stamp}

    def _stamp(self, path: Path) -> Stamp | None:
        """What a file looks like; None for what is none, also for a link."""
        try:
            status = path.lstat()
        except OSError:
            return None
        return (status.st_size, status.st_mtime_ns, status.st_ino) if S_ISREG(status.st_mode) else None

    def _put_away(self, name: str, report: FileReport) -> None:
        try:
            room = self.path / (DONE if report.is_clean else REJECTED)
            # Who may read the exports may read what became of them.
            room.mkdir(exist_ok=True, mode=S_IMODE(self.path.stat().st_mode))
            chosen = free_name(name, lambda one: (room / one).exists())
            draft = room / f".{chosen}{REPORT_ENDING}"
            draft.write_text(json.dumps(report_of(report), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            draft.replace(room / f"{chosen}{REPORT_ENDING}")
            (self.path / name).rename(room / chosen)
        except OSError as error:
            raise StoreAway(f"{name} cannot be put away under {self.path} ({error.strerror})") from error


AWAY = (StoreAway, OutboxFull)
"""What passes: the next look tries again."""
