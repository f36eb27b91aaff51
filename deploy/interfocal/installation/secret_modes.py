"""Secrets of an installation that others may read. It changes with where secrets lie."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from interfocal.installation.secrets import OTHERS
from interfocal.installation.settings import SECRETS_FOLDER

FOLDER, FILE = "0700", "0600"


@dataclass(frozen=True, slots=True)
class LooseSecret:
    """A file or folder that more than its owner may read, and the command that mends it."""

    path: Path
    mode: int
    command: str

    @property
    def sentence(self) -> str:
        """What is wrong."""
        return f"the secret {self.path} may be read by others (mode {self.mode:04o})"


def secrets_folders(var: Path) -> Iterator[Path]:
    """Where secrets lie: those of settings, of the region, of its root where it is here, and of each member."""
    of_members = sorted(var.glob(f"members/*/{SECRETS_FOLDER}"))
    places = (var / SECRETS_FOLDER, var / "region" / SECRETS_FOLDER, var / "root", *of_members)
    return (place for place in places if place.is_dir())


def loose_secrets(var: Path) -> Iterator[LooseSecret]:
    """What others may read of them, folders first."""
    for folder in secrets_folders(var):
        yield from _loose(folder, FOLDER)
        for file in sorted(entry for entry in folder.iterdir() if entry.is_file()):
            yield from _loose(file, FILE)


def _loose(path: Path, wanted: str) -> Iterator[LooseSecret]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & OTHERS:
        yield LooseSecret(path, mode, f"chmod {wanted} {path}")
