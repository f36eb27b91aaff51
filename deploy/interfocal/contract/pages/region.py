"""Members and places of a region, for the pages that explain its codes. It changes when a region's data say more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interfocal.installation.region_folder import RegionFolder
from schemas.codes.rows import Row, read_rows
from schemas.errors import Misconfigured

PLACE_COLUMNS = ("code", "name", "kind", "jurisdiction")


@dataclass(frozen=True, slots=True)
class PlaceList:
    """Places of one kind, as ``areas``."""

    name: str
    places: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ShownRegion:
    """What a region's folder says of members and places; ``footnotes`` by member code."""

    title: str
    notice: str
    members: Sequence[Mapping[str, Any]]
    footnotes: Mapping[str, str]
    places: Sequence[PlaceList]


def shown_region(folder: RegionFolder) -> ShownRegion:
    """Members in the directory's order, and every list of places; raises Misconfigured naming what is wrong."""
    template = folder.template
    members = template.get("members", [])
    files = sorted((folder.path / "codes").glob("*.csv"))
    return ShownRegion(
        title=template.get("title", folder.path.name),
        notice=template.get("notice", ""),
        members=members,
        footnotes={member["code"]: member["footnote"] for member in members if member.get("footnote")},
        places=[
            PlaceList(file.stem, [row.cells for row in _rows(file.stem, file.read_text("utf-8"))]) for file in files
        ],
    )


def _rows(name: str, text: str) -> Sequence[Row]:
    columns, rows = read_rows(f"place list {name}", text)
    if tuple(columns) != PLACE_COLUMNS:
        raise Misconfigured(f"place list {name}: the columns have to be {', '.join(PLACE_COLUMNS)}")
    return rows
