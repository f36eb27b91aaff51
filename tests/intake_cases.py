"""A small invented region, its mapping and its records: what the tests of intake, files and HTTP share."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from producers.intake.intake import Intake
from producers.intake.submission import Entrance
from producers.mapping.files import MappingSet, load_mapping
from producers.mapping.mapping import NationalMapping
from producers.outbox import OutboxFile
from schemas.codes.lists import load_code_lists
from schemas.directory import Directory, Member
from schemas.events.ids import id_key_check

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ID_KEY = b"k" * 32
CODE_LISTS = load_code_lists()
AT_THE_DOOR = Entrance("http", "test")

MAPPING = """
version = 3
member = "RS"
stream = "seizure"
files = ["zaplene*.csv"]
format = "csv"
encoding = "cp1250"
delimiter = ";"
decimal_comma = true
time_zone = "Europe/Belgrade"
empty = ["-"]
absent = { "nepoznato" = "unknown" }

[record]
key = ["PREDMET"]
only = { "STATUS" = ["", "važi"] }
ignore = ["IZVOZ"]

[fields]
own_reference = "PREDMET"
occurred = { column = ["DATUM", "VREME"], dates = [
    { format = "%d.%m.%Y %H:%M", precision = "minute" },
    { format = "%d.%m.%Y", precision = "day" } ] }
agency = { column = "ORGAN", codes = { "Granična policija" = "border_police", "Carina" = "customs" } }
"place.border_point" = "PRELAZ"
"place.precision" = { constant = "border_point", with = "PRELAZ" }
"handling.codes" = { constant = ["H1"] }

[items]
key = ["RB"]

[items.fields]
kind = { column = "VRSTA", codes = { "municija" = "ammunition" }, other = "firearm" }
quantity = { column = "KOM", number = true, otherwise = 1 }
"firearm.weapon_class" = { column = "VRSTA", codes = { "pištolj" = "pistol", "puška" = "rifle_bolt" } }
"firearm.marks.make" = "MARKA"
"firearm.marks.numbers[0].place" = { constant = "frame" }
"firearm.marks.numbers[0].as_read" = { column = "BROJ", empty = ["bez broja"] }
"firearm.marks.numbers[1].place" = { constant = "slide", with = "NAVLAKA" }
"firearm.marks.numbers[1].as_read" = "NAVLAKA"
"firearm.marks.numbers[1].state" = { constant = "legible", with = "NAVLAKA" }
"ammunition.kind" = { constant = "ball" }

[items.fields."firearm.marks.numbers[0].state"]
column = "BROJ"
codes = { "bez broja" = "none_ever" }
contains = { "?" = "partial" }
other = "legible"
otherwise = "not_recorded"
"""

ROW = {
    "PREDMET": "KU-17/26",
    "DATUM": "14.02.2026",
    "VREME": "06:45",
    "ORGAN": "Granična policija",
    "PRELAZ": "BATROVCI",
    "RB": "1",
    "VRSTA": "Pištolj",
    "KOM": "",
    "MARKA": "Zastava M57",
    "BROJ": "С-41?377",  # noqa: RUF001  # a Cyrillic letter, as stamped
    "NAVLAKA": "",
    "STATUS": "",
    "IZVOZ": "01.03.2026",
}


def written_mapping(folder: Path, text: str = MAPPING, name: str = "rs-zaplene") -> Path:
    """A mapping file in a folder."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mapping_of(folder: Path, text: str = MAPPING) -> NationalMapping:
    """A mapping, loaded from a file."""
    return load_mapping(written_mapping(folder, text), CODE_LISTS)


def directory(*, check: str = id_key_check(ID_KEY)) -> Directory:
    """Three members and an observer; the intake is that of RS."""
    return Directory(
        region="test",
        title="Test",
        version=1,
        exercise=True,
        issued_at=NOW,
        expires_at=NOW.replace(year=2027),
        members=(
            Member(code="RS", name="Serbia", id_key_check=check),
            Member(code="BA", name="Bosnia and Herzegovina"),
            Member(code="MK", name="North Macedonia"),
            Member(code="UA", name="Ukraine", observer=True),
        ),
    )


def open_intake(folder: Path, *mappings: NationalMapping, bound_rows: int = 1000) -> Intake:
    """The intake of RS over a real outbox file."""
    return Intake(
        member="RS",
        directory=directory(),
        id_key=ID_KEY,
        code_lists=CODE_LISTS,
        outbox=OutboxFile.open(folder / "outbox.sqlite", now=lambda: NOW, bound_rows=bound_rows, min_free_bytes=0),
        now=lambda: NOW,
        mappings=MappingSet(mappings),
    )


def seizure(**changes: Any) -> dict[str, Any]:
    """A harmonised seizure of one pistol, as a submitter sends it."""
    firearm = {
        "weapon_class": "pistol",
        "marks": {"make": "Zastava", "numbers": [{"place": "frame", "as_read": "C-123456", "state": "legible"}]},
    }
    plain = {
        "national_id": "KU-17/26",
        "own_reference": "KU-17/26",
        "occurred": {"at": "2026-02-14T05:45:00Z", "offset_minutes": 60, "precision": "minute"},
        "handling": {"codes": ["H1"]},
        "items": [{"kind": "firearm", "quantity": 1, "firearm": firearm}],
    }
    return {**plain, **changes}


def trace_request(**changes: Any) -> dict[str, Any]:
    """A harmonised trace request."""
    request = {
        "seizure_national_id": "KU-17/26",
        "weapon_class": "pistol",
        "marks": {"make": "Zastava"},
        "priority": "routine",
        "illicit_ground": CODE_LISTS["illicit-ground"].codes[0],
        "intended_use": CODE_LISTS["intended-use"].codes[0],
        "domestic_trace": CODE_LISTS["domestic-trace"].codes[0],
    }
    plain = {"national_id": "T-1", "own_reference": "T-1", "act": "request", "handling": {}, "request": request}
    return {**plain, **changes}
