"""The samples of the default region: the oddities of the field are in them, as clerks write them."""

# ruff: noqa: RUF001 - letters that look like others are what these promises are about

import re

import pytest

from sample_files import firearms, items, judged, missing, numbers, requests
from schemas.events.firearm import Firearm, Marks
from schemas.marks.keys import visual_key

ODD_NUMBERS = {
    "a sign that cannot be read": r".*\?.*",
    "a run that cannot be read": r".*\*.*",
    "one of two signs": r".*\[[^]]{2}\].*",
    "Cyrillic letters": r"[А-Я]{2} ?\d{4}",
    "one Cyrillic letter that looks Latin": r"[АВЕКМНОРСТХ][- ]?\d.*",
    "the letter O among digits, in either script": r".*\d[OО]\d.*",
    "a hyphen": r"[A-Z]-\d+.*",
    "a blank": r"[A-Z] \d+.*",
    "neither": r"[A-Z]\d+.*",
    "groups of digits": r"\d{2,3} \d{3}",
    "the year, fused": r".*\d{4,}[-/]\d{2}",
    "the year, written out": r".* 19[5-9]\d",
    "leading zeros": r"0+\d{2,}",
    "a word for nothing that stayed in": r"N/A|1|0{4,6}",
}
PRINTED = {"printed_3d", "hybrid_printed", "kit_80pct"}


def as_read() -> list[str]:
    return [number.as_read for number in numbers() if number.as_read]


def marks() -> list[Marks]:
    """Of what was seized and of what is missing."""
    return [*(firearm.marks for firearm in firearms()), *(record.marks for record in missing())]


def with_marks(make: str, model: str) -> list[Firearm]:
    """Firearms seized with exactly these words on them."""
    return [f for f in firearms() if (f.marks.make, f.marks.model) == (make, model)]


def second_numbers() -> list[tuple[str, str]]:
    """The first and the second number, where both could be read."""
    pairs = [(one.numbers[0].as_read, one.numbers[1].as_read) for one in marks() if len(one.numbers) > 1]
    return [(first, second) for first, second in pairs if first and second]


@pytest.mark.parametrize("pattern", ODD_NUMBERS.values(), ids=ODD_NUMBERS)
def test_numbers_are_written_in_every_odd_way(pattern: str) -> None:
    assert any(re.fullmatch(pattern, text) for text in as_read())


def test_numbers_are_in_every_state() -> None:
    assert {number.state for number in numbers()} >= {
        "legible",
        "partial",
        "obliterated",
        "restored",
        "partially_restored",
        "altered",
        "duplicate",
        "none_ever",
        "not_examined",
        "not_recorded",
    }


def test_a_firearm_has_several_numbers_the_same_another_or_the_end_of_one() -> None:
    pairs = second_numbers()
    assert any(first == second for first, second in pairs)
    assert any(sorted(first) == sorted(second) and first != second for first, second in pairs)
    assert any(len(second) in {3, 4} and first != second and first.endswith(second) for first, second in pairs)
    assert any(len(one.numbers) == 3 for one in marks())


def test_two_makers_are_called_the_same() -> None:
    assert with_marks("CZ", "99")
    assert with_marks("CZ", "75")


@pytest.mark.parametrize(
    ("model", "classes"), [("M70", {"assault_rifle", "pistol", "rifle_bolt"}), ("M84", {"smg", "lmg"})]
)
def test_one_model_name_is_several_weapons(model: str, classes: set[str]) -> None:
    """In whichever script it is written."""
    assert {f.weapon_class for f in firearms() if f.marks.model and visual_key(f.marks.model) == model} >= classes


def test_makers_go_by_their_earlier_names_and_in_both_scripts() -> None:
    makes = {one.make for one in marks()}
    assert makes >= {"Zastava", "Crvena zastava", "Zavodi Crvena Zastava", "Preduzeće 44", "Застава", "Црвена застава"}
    assert makes >= {"Ekol", "Voltran", "Ekol-Voltran", "Norinco", "Норинко", "Izhevsk", "Ижмех"}


def test_clerks_write_slang() -> None:
    written = {text.casefold() for one in marks() for text in (one.model, one.type_as_read) if text}
    written |= {item.explosive.model.casefold() for item in items() if item.explosive and item.explosive.model}
    assert written >= {
        *("tetejac", "тетејац", "duga devetka", "heklerica", "хеклерица", "hekler"),
        *("kalašnjikov", "kallashnikov", "калашников", "plašljivac", "плашливец", "škorpion", "m80 zolja"),
    }


def test_states_that_are_no_more_are_named_as_places() -> None:
    named = {act.request.country_of_manufacture for act in requests() if act.request}
    named |= {mark.place for one in marks() for mark in one.import_marks}
    assert named >= {"YU", "SFRY", "SFRJ", "SU", "CS", "CSSR", "DD", "DDR"}


def test_marks_of_import_and_of_proof_are_read_too() -> None:
    imports = [mark for one in marks() for mark in one.import_marks]
    assert {(mark.place, mark.year) for mark in imports} >= {("RS", 2018), ("XK", 2014)}
    assert any(len(one.import_marks) > 1 for one in marks())
    assert any(one.proof_marks for one in marks())


def test_weapons_are_changed_in_many_ways_and_none_is_printed() -> None:
    """The first printed one of the region is a scenario's to tell, and would raise the highest warning."""
    changed = {firearm.modification for firearm in firearms()}
    assert changed >= {"converted_from_blank", "converted_from_flobert", "craft", "shortened", "full_auto_conversion"}
    assert not changed & PRINTED


def test_calibres_go_by_every_spelling() -> None:
    written = {one.calibre for one in marks()} | {i.ammunition.calibre for i in items() if i.ammunition}
    assert written >= {"7,62x39", "7.62x39", "7,62×39", "7,62х39"}  # the second x is a letter, the third a sign
    assert written >= {"9x19", "9 mm Para", "9 mm Luger", "9mm", "9 мм Пара"}
    assert written >= {"9x18", "9x17", "9 mm kratki", ".380 Auto", "9 mm i shkurtër"}
    assert written >= {"7,65", ".32 ACP", "7,63 Mauser", "7,62 TT", "7,62x25"}
    assert written >= {"7,9 mm", "7,92x57", "8x57 IS", "12", "12/70", "cal. 12", "9 PAK", "9 mm P.A.K."}


def test_a_seizure_has_much_or_little_ammunition_and_many_explosives() -> None:
    counts = [item.quantity for item in items() if item.ammunition]
    assert min(counts) <= 5
    assert max(counts) >= 1000
    assert {item.explosive.type for item in items() if item.explosive} >= {
        *("hand_grenade", "rifle_grenade", "mine_ap", "mine_at", "rocket", "mortar_shell", "tnt", "detonator", "fuse"),
    }


def test_the_rows_of_a_seizure_stand_apart_in_the_tables_of_several_members() -> None:
    apart = {
        member
        for member, _, one in judged()
        if (rows := one.submission.rows) and not one.problems and rows[-1] - rows[0] >= len(rows)
    }
    assert len(apart) >= 4
