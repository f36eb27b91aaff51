# ruff: noqa: RUF001 - names in Cyrillic are what these promises are about
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Misconfigured
from schemas.marks.calibre import calibre_key
from schemas.marks.lookup import Ambiguous, Found
from schemas.marks.reference import Reference, load_reference
from schemas.marks.tables import Calibre, Maker, Model, read_tables

REFERENCE = load_reference()


Result = Found[Maker] | Found[Model] | Found[Calibre] | Ambiguous[Maker] | Ambiguous[Model] | Ambiguous[Calibre]


def ids(result: Result | None) -> str:
    if result is None:
        return ""
    if isinstance(result, Found):
        return result.entry.id
    return "? " + " ".join(candidate.entry.id for candidate in result.candidates)


@pytest.mark.parametrize(
    ("make", "expected", "transform"),
    [
        ("Crvena Zastava", "zastava", "as_written"),
        ("CRVENA ZASTAVA", "zastava", "visual_key"),
        ("Застава", "zastava", "spoken_key"),
        ("SMITH & WESSON", "smith_wesson", "visual_key"),
        ("Kel Tec", "kel_tec", "visual_key"),
        ("Ucyildiz", "blow", "spoken_key"),
        ("Ceska zbrojovka", "ceska_zbrojovka", "spoken_key"),
        ("EKOL FIRAT", "ekol", "make_and_model"),
    ],
)
def test_a_make_is_found_in_any_script_and_spelling_and_says_how(make: str, expected: str, transform: str) -> None:
    found = REFERENCE.find_maker(make)
    assert isinstance(found, Found)
    assert (found.entry.id, found.evidence.transform) == (expected, transform)


@pytest.mark.parametrize("make", ["CZ", "cz", "C.Z.", "ЦЗ"])
def test_cz_is_two_makers_and_none_is_guessed(make: str) -> None:
    assert ids(REFERENCE.find_maker(make)) == "? ceska_zbrojovka zastava"
    assert REFERENCE.manufacture_place(make, "pistol", None) is None


@pytest.mark.parametrize(
    ("make", "weapon_class", "model", "expected"),
    [
        ("CZ", "pistol", "75", "cz_75"),
        ("CZ", "pistol", "99", "zastava_cz99"),
        ("CZ", None, "CZ 99", "zastava_cz99"),
        (None, "assault_rifle", "М70 АБ2", "zastava_m70ab2"),
        ("Zastava", "assault_rifle", "M 70 ab-2", "zastava_m70ab2"),
        ("Zastava", "pistol", "M70", "zastava_m70_pistol"),
        ("Zastava", "assault_rifle", "M70", "zastava_m70_rifle"),
        ("Zastava", "rifle_bolt", "M70", "zastava_m70_hunting"),
        ("Zastava", "pistol", "M70A", "zastava_m70a_pistol"),
        ("Zastava", None, "M70", "? zastava_m70_hunting zastava_m70_pistol zastava_m70_rifle"),
        ("Zastava", "not_recorded", "M70", "? zastava_m70_hunting zastava_m70_pistol zastava_m70_rifle"),
        (None, "rifle_bolt", "M70", "? winchester_70 zastava_m70_hunting"),
        ("Zastava", "smg", "M84", "zastava_m84_skorpion"),
        ("Zastava", "lmg", "M84", "zastava_m84_machine_gun"),
        ("Zastava", None, "M84", "? zastava_m84_machine_gun zastava_m84_skorpion"),
        ("Zastava", "shotgun", "M57", "? zastava_m57"),
        ("Nobody's", "pistol", "M57", "? zastava_m57"),
        ("N/A", "pistol", "M57", "zastava_m57"),
        ("unknown", None, "tetejac", "zastava_m57"),
        (None, None, "дуга деветка", "zastava_m88"),
        ("EKOL FIRAT", "gas_alarm_signal", None, "ekol_firat"),
        ("Ekol", "pistol", "FIRAT", "ekol_firat"),
        ("Voltran", None, "Special 99", "ekol_special_99"),
        ("Zoraki", "gas_alarm_signal", "914", "zoraki_914"),
        ("Atak Zoraki", None, "M914", "zoraki_914"),
        ("GLOCK", "not_recorded", "19", "glock_19"),
        (None, "pistol", "19", ""),
        (None, "pistol", "M92", "? beretta_92 zastava_m92"),
        ("Glock", None, "M57", ""),
        ("Ижмаш", None, "АКМ", "akm"),
        (None, None, "kallashnikov", "? ak_47 akm zastava_m70_rifle"),
        (None, "hand_grenade", "bomba kašikara", "m75_grenade"),
        (None, None, "зоља", "m80_zolja"),
        (None, None, "FGC9", "fgc_9"),
        (None, None, None, ""),
        ("", "", "", ""),
    ],
)
def test_a_model_is_found_by_make_class_and_name_together(
    make: str | None, weapon_class: str | None, model: str | None, expected: str
) -> None:
    assert ids(REFERENCE.find_model(make, weapon_class, model)) == expected


@pytest.mark.parametrize(
    ("make", "weapon_class", "model", "place", "field"),
    [
        (None, "assault_rifle", "М70 АБ2", "YU", "marks.model"),
        ("CZ", None, "M70", "YU", "marks.model"),
        ("CZ", "pistol", "75", "CZ", "marks.model"),
        ("EKOL FIRAT", "pistol", None, "TR", "marks.make"),
        ("GLOCK", "not_recorded", None, "AT", "marks.make"),
        ("TAURUS", "not_recorded", None, "BR", "marks.make"),
        ("BERETTA", None, None, "IT", "marks.make"),
        ("RUGER", None, "no such model", "US", "marks.make"),
        ("Springfield", "pistol", "XD", "HR", "marks.model"),
        ("Ижмаш", None, "АКМ", "RU", "marks.model"),
        (None, None, "ASH-78", "AL", "marks.model"),
    ],
)
def test_the_place_of_manufacture_comes_with_the_field_that_told(
    make: str | None, weapon_class: str | None, model: str | None, place: str, field: str
) -> None:
    made = REFERENCE.find_manufacture(make, weapon_class, model)
    assert made is not None
    assert (made.place, made.field) == (place, field)
    assert REFERENCE.manufacture_place(make, weapon_class, model) == place


@pytest.mark.parametrize(
    ("make", "model"),
    [
        ("CZ", None),
        ("CENTURY", None),
        ("SIG SAUER", None),
        ("Springfield", "1911"),
        ("Nobody's", "M57"),
        (None, "AKM"),
        (None, "M92"),
        (None, "kalašnjikov"),
        (None, None),
    ],
)
def test_a_doubtful_place_of_manufacture_is_none(make: str | None, model: str | None) -> None:
    assert REFERENCE.manufacture_place(make, None, model) is None


@pytest.mark.parametrize(
    ("place", "today"),
    [
        ("YU", "RS"),
        ("SFRY", "RS"),
        ("SCG", "RS"),
        ("SU", "RU"),
        ("DD", "DE"),
        ("CSHH", "CSHH"),
        ("CS", "CS"),
        ("AT", "AT"),
    ],
)
def test_a_former_state_has_its_successor_unless_there_are_several(place: str, today: str) -> None:
    assert REFERENCE.successor(place) == today


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7.62x39", "7_62x39"),
        ("7,62x39", "7_62x39"),
        ("7,62 х 39 мм", "7_62x39"),
        ("cal. 7.62mm x 39mm", "7_62x39"),
        ("9x19", "9x19"),
        ("9×19 mm Parabellum", "9x19"),
        ("9mm Luger", "9x19"),
        ("9 x 18", "9x18"),
        ("9 mm Makarov", "9x18"),
        ("9 kratki", "9x17"),
        (".380", "9x17"),
        ("380 ACP", "9x17"),
        ("9mm", "? 9x17 9x18 9x19"),
        ("7,65", "? 7_65_browning 7_65_para"),
        ("7.65 mm Browning", "7_65_browning"),
        (".32 ACP", "7_65_browning"),
        (".22", "? 22_lr 22_short 22_wmr"),
        ("4,5 mm", "air_4_5"),
        (".45 ACP", "45_auto"),
        ("7.62 Tokarev", "7_62x25"),
        ("7.63 Mauser", "7_63_mauser"),
        ("7.92x57", "8x57is"),
        ("7,9 mm", "8x57is"),
        ("9 mm P.A.K.", "9_pak"),
        ("9 mm P.A. Knall", "9_pak"),
        ("8 mm K.", "8_k"),
        ("12/70", "12_gauge"),
        ("12 Gauge", "12_gauge"),
        ("кал. 12", "12_gauge"),
        ("20 Gauge", "20_gauge"),
        ("5.7", "5_7x28"),
        ("", ""),
        (None, ""),
        ("a stone", ""),
    ],
)
def test_a_calibre_is_found_in_the_spellings_of_the_region(text: str | None, expected: str) -> None:
    assert ids(REFERENCE.find_calibre(text)) == expected


def test_9x18_is_never_9x19() -> None:
    aliases = {
        name: {calibre_key(alias.text) for alias in REFERENCE.tables.calibre_aliases if alias.of == name} - {"9"}
        for name in ("9x18", "9x19", "9x17")
    }
    assert not aliases["9x18"] & aliases["9x19"]
    assert not aliases["9x18"] & aliases["9x17"]
    assert not aliases["9x19"] & aliases["9x17"]


@given(st.text(max_size=30))
def test_every_text_has_a_calibre_key_without_spaces_and_commas(text: str) -> None:
    key = calibre_key(text)
    assert " " not in key
    assert "," not in key


anything = st.none() | st.text(max_size=20) | st.sampled_from(["CZ", "Zastava", "M70", "EKOL", "Glock", "17", "N/A"])


@given(anything, anything, anything)
def test_a_lookup_never_raises_and_never_returns_an_empty_choice(
    make: str | None, weapon_class: str | None, model: str | None
) -> None:
    for found in (REFERENCE.find_maker(make), REFERENCE.find_model(make, weapon_class, model)):
        if isinstance(found, Ambiguous):
            assert found.candidates
    place = REFERENCE.manufacture_place(make, weapon_class, model)
    assert place is None or place.isalpha()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in files("schemas").joinpath("reference").iterdir():
        if file.name.endswith(".csv") or file.name == "VERSION":
            (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def test_tables_are_read_from_any_folder(folder: Path) -> None:
    assert read_tables(folder) == REFERENCE.tables
    assert isinstance(REFERENCE, Reference)
    assert REFERENCE.version == (folder / "VERSION").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize(
    ("table", "row", "says"),
    [
        ("makers", "zastava,Another,RS,", "stands twice"),
        ("makers", "New Maker,Name,RS,", "malformed"),
        ("makers", "new_maker,Name,somewhere,", "no place code"),
        ("makers", "new_maker,Name", "as many cells"),
        ("makers_aliases", "nobody,Nobody,und", "'nobody', which its table does not hold"),
        ("models", "new_model,nobody,firearm,pistol,M1,,,", "maker_id names 'nobody'"),
        ("models", "new_model,,firearm,pistol,M1,9x99,,", "calibre_id names '9x99'"),
        ("places_successors", "YU,YU,", "circle"),
        ("places_successors", ",YU,", "another that succeeded it"),
        ("places_successors", "RS,YU,", "circle"),
    ],
)
def test_a_wrong_table_is_refused_with_table_and_line(folder: Path, table: str, row: str, says: str) -> None:
    with (folder / f"{table}.csv").open("a", encoding="utf-8") as file:
        file.write(f"{row}\n")
    with pytest.raises(Misconfigured, match=says) as told:
        read_tables(folder)
    assert table in str(told.value)


def test_a_missing_column_is_named(folder: Path) -> None:
    (folder / "calibres.csv").write_text("id,title\nx,X\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match="no column name"):
        read_tables(folder)
    shutil.rmtree(folder)
