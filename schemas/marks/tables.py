"""The reference tables as they stand in ``schemas/reference``. It changes when a table gets another column."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from schemas.codes.rows import Row, read_rows
from schemas.errors import Misconfigured

_ID = re.compile(r"[a-z0-9_]+")
_PLACE = re.compile(r"[A-Z]{2,4}(-[A-Z0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Alias:
    """One way to write a name. ``needs_make``: it names a model only together with its maker (as 17)."""

    of: str
    text: str
    language: str
    needs_make: bool = False


@dataclass(frozen=True, slots=True)
class Maker:
    """A maker. ``place`` is where it makes firearms; None where the name alone does not say."""

    id: str
    name: str
    place: str | None


@dataclass(frozen=True, slots=True)
class Model:
    """A model. ``maker`` is None for a pattern of many makers; ``classes`` are those it is recorded under.

    ``place`` is set where this model is made elsewhere than its maker's other models.
    """

    id: str
    name: str
    maker: str | None
    kind: str
    classes: tuple[str, ...]
    calibre: str | None
    place: str | None


@dataclass(frozen=True, slots=True)
class Calibre:
    """A calibre by its CIP name where it has one."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything that is looked up, as read."""

    version: str
    makers: Mapping[str, Maker]
    models: Mapping[str, Model]
    calibres: Mapping[str, Calibre]
    maker_aliases: tuple[Alias, ...]
    model_aliases: tuple[Alias, ...]
    calibre_aliases: tuple[Alias, ...]
    successors: Mapping[str, tuple[str, ...]]


def load_tables() -> Tables:
    """The tables of the contract; raises Misconfigured naming the table and line that is wrong."""
    return read_tables(files("schemas").joinpath("reference"))


def read_tables(folder: Traversable) -> Tables:
    """The tables of a folder; raises Misconfigured as above."""
    makers = {row["id"]: _maker(row) for row in _rows(folder, "makers", "id")}
    calibres = {row["id"]: Calibre(row["id"], row["name"]) for row in _rows(folder, "calibres", "id")}
    models = {row["id"]: _model(row, makers, calibres) for row in _rows(folder, "models", "id")}
    return Tables(
        version=folder.joinpath("VERSION").read_text(encoding="utf-8").strip(),
        makers=MappingProxyType(makers),
        models=MappingProxyType(models),
        calibres=MappingProxyType(calibres),
        maker_aliases=_aliases(folder, "makers_aliases", "maker_id", makers),
        model_aliases=_aliases(folder, "models_aliases", "model_id", models),
        calibre_aliases=_aliases(folder, "calibres_aliases", "calibre_id", calibres),
        successors=_successors(folder),
    )


@dataclass(frozen=True, slots=True)
class _Cells:
    row: Row

    def __getitem__(self, column: str) -> str:
        if column not in self.row.cells:
            raise Misconfigured(f"{self.row.where}: there is no column {column}; add it to the table")
        return self.row.cells[column]

    def place(self, column: str = "place") -> str | None:
        if self[column] and not _PLACE.fullmatch(self[column]):
            raise Misconfigured(
                f"{self.row.where}: {self[column]!r} is no place code; write two to four capitals, "
                "and perhaps a part after a dash"
            )
        return self[column] or None

    def known(self, column: str, ids: Mapping[str, object]) -> str:
        if self[column] not in ids:
            raise Misconfigured(f"{self.row.where}: {column} names {self[column]!r}, which its table does not hold")
        return self[column]


def _rows(folder: Traversable, table: str, identity: str | None = None) -> list[_Cells]:
    _, rows = read_rows(f"{table}.csv", folder.joinpath(f"{table}.csv").read_text(encoding="utf-8"))
    seen: set[str] = set()
    found = [_Cells(row) for row in rows]
    for cells in found if identity else []:
        if not _ID.fullmatch(cells["id"]) or cells["id"] in seen:
            raise Misconfigured(f"{cells.row.where}: the id {cells['id']!r} is malformed or stands twice")
        seen.add(cells["id"])
    return found


def _maker(row: _Cells) -> Maker:
    return Maker(row["id"], row["name"], row.place())


def _model(row: _Cells, makers: Mapping[str, Maker], calibres: Mapping[str, Calibre]) -> Model:
    return Model(
        id=row["id"],
        name=row["name"],
        maker=row.known("maker_id", makers) if row["maker_id"] else None,
        kind=row["kind"],
        classes=tuple(row["classes"].split()),
        calibre=row.known("calibre_id", calibres) if row["calibre_id"] else None,
        place=row.place(),
    )


def _aliases(folder: Traversable, table: str, column: str, ids: Mapping[str, object]) -> tuple[Alias, ...]:
    return tuple(
        Alias(row.known(column, ids), row["alias"], row["language"], row.row.cells.get("needs_make") == "yes")
        for row in _rows(folder, table)
    )


def _successors(folder: Traversable) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in _rows(folder, "places_successors"):
        place, successor = row.place(), row.place("successor")
        if place is None or successor is None:
            raise Misconfigured(f"{row.row.where}: a place and another that succeeded it are needed")
        if place == successor or place in _following(successor, found):
            raise Misconfigured(f"{row.row.where}: {place} and {successor} succeed each other in a circle")
        found[place] = (*found.get(place, ()), successor)
    return MappingProxyType(found)


def _following(place: str, successors: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Every place that succeeded a place, at any remove. ``successors`` holds no circle among itself."""
    following = successors.get(place, ())
    return frozenset(following).union(*(_following(successor, successors) for successor in following))
