"""A region as data: directory, mappings and samples in one folder. It changes when a region needs another file."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from interfocal.installation.installation import Places
from schemas.errors import Misconfigured

DEFAULT_REGION = "south_east_europe"
DIRECTORY_FILE = "directory.toml"


@dataclass(frozen=True, slots=True)
class RegionFolder:
    """The folder and what its ``directory.toml`` says: the directory without keys, versions and dates."""

    path: Path
    template: dict[str, Any]

    @property
    def mappings(self) -> Path:
        """Where the mappings of its members are."""
        return self.path / "mappings"

    @property
    def samples(self) -> Path:
        """Sample files, one folder per member's lower-case code."""
        return self.path / "samples"


def region_folder(places: Places) -> RegionFolder:
    """The folder that an installation was made from, or the default region's; raises Misconfigured."""
    source = places.region_source
    return open_region(Path(source.read_text(encoding="utf-8")) if source.exists() else None)


def open_region(path: Path | None = None) -> RegionFolder:
    """Read a region's folder (the default region's for None); raises Misconfigured naming what is wrong."""
    folder = path or Path(str(files("interfocal"))) / "regions" / DEFAULT_REGION
    file = folder / DIRECTORY_FILE
    try:
        template = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Misconfigured(f"{folder} is not a region: it has no {DIRECTORY_FILE}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{file} is not readable as TOML: {error}") from error
    return RegionFolder(folder, template)
