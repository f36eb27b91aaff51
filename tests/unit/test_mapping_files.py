"""A mapping that does not fit is found at start, with the file and the key."""

from pathlib import Path

import pytest

from intake_cases import CODE_LISTS, MAPPING, mapping_of, written_mapping
from producers.mapping.files import MappingSet, load_mapping, load_mappings
from schemas.errors import Misconfigured, Rejected

FLAWED = {
    "an unknown key": ('delimiter = ";"', 'delimeter = ";"', "delimeter"),
    "a field that is not there": ("agency = {", "agencyy = {", "fields.agencyy: there is no agencyy"),
    "a field of an item that is not there": (
        '"firearm.marks.make"',
        '"firearm.marks.maker"',
        "items[0].firearm.marks.maker",
    ),
    "a code that its list does not hold": ('"border_police"', '"borderpolice"', "nearest: border_police"),
    "another code": ('other = "legible"', 'other = "readable"', "items.fields.firearm.marks.numbers[0].state.other"),
    "a field that intake gives": ('own_reference = "PREDMET"', 'record_id = "PREDMET"', "record_id is given at intake"),
    "an encoding that nobody knows": ('"cp1250"', '"cp9999"', "encoding: 'cp9999' is no encoding"),
    "an encoding that gives bytes": ('"cp1250"', '"base64"', "encoding: 'base64' is no encoding"),
    "an encoding that gives half characters": ('"cp1250"', '"utf-7"', "encoding: 'utf-7' is no encoding"),
    "a time zone that nobody knows": ('"Europe/Belgrade"', '"Europe/Atlantis"', "time_zone: 'Europe/Atlantis'"),
    "a date without precision": (', precision = "day"', "", "a date has a precision in occurred"),
    "names of months": ('"%d.%m.%Y"', '"%d %B %Y"', "no usable format"),
    "a part of a date twice": ('"%d.%m.%Y"', '"%d.%d.%Y"', "no usable format"),
    "a percent sign and nothing else": ('"%d.%m.%Y"', '"%%"', "no usable format"),
    "number without number": (", number = true", "", "number = true is needed"),
    "column and constant": ('constant = "frame"', 'constant = "frame", column = "RB"', "either column or constant"),
    "neither of them": ('{ constant = "ball" }', '{ with = "RB" }', "either column or constant"),
    "an unknown reason": ('"nepoznato" = "unknown"', '"nepoznato" = "unclear"', "absent.nepoznato"),
    "items outside seizures": ('stream = "seizure"', 'stream = "missing"', "items are needed for the stream seizure"),
    "no TOML": ("version = 3", "version = = 3", "is not TOML"),
}


@pytest.mark.parametrize("flaw", FLAWED)
def test_a_mapping_that_does_not_fit_names_file_and_key(tmp_path: Path, flaw: str) -> None:
    right, wrong, said = FLAWED[flaw]
    assert right in MAPPING
    with pytest.raises(Misconfigured) as stopped:
        mapping_of(tmp_path, MAPPING.replace(right, wrong, 1))
    assert "rs-zaplene.toml" in str(stopped.value)
    assert said in str(stopped.value)


def test_a_mapping_that_fits_knows_its_name_and_every_column_it_reads(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path)
    assert (mapping.name, mapping.version) == ("rs-zaplene", 3)
    assert set(mapping.columns) == {
        *("PREDMET", "DATUM", "VREME", "ORGAN", "PRELAZ", "RB", "VRSTA", "KOM", "MARKA", "BROJ", "NAVLAKA", "STATUS")
    }


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"nothing-here\.toml cannot be read"):
        load_mapping(tmp_path / "nothing-here.toml", CODE_LISTS)


def test_a_member_sees_its_own_mappings_and_those_for_everybody(tmp_path: Path) -> None:
    written_mapping(tmp_path)
    written_mapping(tmp_path, MAPPING.replace('member = "RS"', 'member = "BA"'), "ba-zapljene")
    written_mapping(tmp_path, MAPPING.replace('member = "RS"', 'member = "*"'), "all")
    mappings = load_mappings(tmp_path, CODE_LISTS)
    assert [mapping.name for mapping in mappings.of_member("RS")] == ["all", "rs-zaplene"]
    assert [mapping.name for mapping in mappings.for_file("RS", "Zaplene-2026.CSV")] == ["all", "rs-zaplene"]
    assert mappings.for_file("RS", "popis.csv") == ()
    assert mappings.find("BA", "ba-zapljene").member == "BA"


def test_a_mapping_that_is_not_there_is_rejected_with_those_that_are(tmp_path: Path) -> None:
    mappings = MappingSet((mapping_of(tmp_path),))
    with pytest.raises(Rejected, match="there are: rs-zaplene") as rejected:
        mappings.find("RS", "zaplene")
    assert rejected.value.code == "unknown_mapping"
    with pytest.raises(Rejected, match="there are: none"):
        mappings.find("RS", "rs-zaplene", "trace")
