# ruff: noqa: RUF001 - letters that look alike are what these promises are about
import sys
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.marks.keys import digits_key, match_keys, spoken_key, visual_key
from schemas.marks.patterns import matches
from schemas.marks.scripts import TWINS

# as read            | visual key     | spoken key    | digits key
EXAMPLES = """
С-41?377             | C41?377        | S41?377       | 41*377
C 41 6377            | C416377        | C416377       | 416377
c-416377             | C416377        | C416377       | 416377
М70 АБ2              | M70AБ2         | M70AB2        | 702
M70AB2               | M70AB2         | M70AB2        | 702
ГЕ 1234              | ГE1234         | GE1234        | 1234
В-12345              | B12345         | V12345        | 12345
НРХ 100              | HPX100         | NRH100        | 100
IO-01                | 1001           | IO01          | 1001
Z70-012345           | Z70012345      | Z70012345     | 70012345
123456/86            | 12345686       | 12345686      | 12345686
0012                 | 0012           | 0012          | 0012
[8B]12*              | [8B]12*        | [8B]12*       | *12*
[38]12               | [38]12         | [38]12        | [38]12
[8-]12               | 812            | 812           | 812
[B8]12[0O]           | [8B]120        | [8B]12[0O]    | *120
１２３                | 123            | 123           | 123
٣٤-АК                | 34AK           | 34AK          | 34
Üçyıldız             | ÜÇY1LD1Z       | UCYILDIZ      | 11
Застава              | ЗACTABA        | ZASTAVA       |
Česká zbrojovka      | ČESKÁZBR0J0VKA | CESKAZBROJOVKA | 00
Ђурђевић             | ЂYPЂEBИЋ       | DURDEVIC      |
Đurđević             | ĐURĐEV1Ć       | DURDEVIC      | 1
ЉЊЏ                  | ЉЊЏ            | LJNJDZ        |
Ѓ Ќ Ѕ                | ЃḰS            | GKDZ          |
ЯЩ 1234              | ЯЩ1234         | YASC1234      | 1234
Ёж                   | ËЖ             | EZ            |
№ 7                  | N07            | NO7           | 07
---                  |                |               |
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in EXAMPLES.strip().splitlines()]

anything = st.text(st.characters(), max_size=40)
mark_like = st.text(st.sampled_from("ABCIOSXYavoi0189 -/.?*[]АВСЕНРХУІЈЅавсЂЉЖѓ٣ßĆé\u030c"), max_size=14)
texts = anything | mark_like


@pytest.mark.parametrize(("as_read", "visual", "spoken", "digits"), ROWS, ids=[row[0] for row in ROWS])
def test_the_keys_are_what_the_table_says(as_read: str, visual: str, spoken: str, digits: str) -> None:
    keys = match_keys(as_read)
    assert (keys.visual, keys.spoken, keys.digits) == (visual, spoken, digits)


@given(texts)
def test_what_was_read_stands_unchanged_beside_its_keys(text: str) -> None:
    keys = match_keys(text)
    assert keys.verbatim == text
    assert (keys.visual, keys.spoken, keys.digits) == (visual_key(text), spoken_key(text), digits_key(text))


@given(texts)
def test_the_key_of_a_key_is_that_key(text: str) -> None:
    for key in (visual_key, spoken_key, digits_key):
        assert key(key(text)) == key(text)


def test_every_single_character_has_settled_keys() -> None:
    for point in range(0, min(sys.maxunicode, 196608), 3):
        character = chr(point)
        for key in (visual_key, spoken_key):
            assert key(key(character)) == key(character), hex(point)


@given(texts)
def test_letters_that_look_the_same_in_two_scripts_have_one_visual_key(text: str) -> None:
    latin = unicodedata.normalize("NFC", text).upper().translate(TWINS)
    assert visual_key(latin) == visual_key(unicodedata.normalize("NFC", text).upper())


@given(st.text("АБВГДЂЕЖЗИЈКЛЉМНЊОПРСТЋУФХЦЧЏШ0123456789 -", max_size=20))
def test_serbian_in_either_alphabet_has_one_spoken_key(cyrillic: str) -> None:
    pairs = {"Љ": "Lj", "Њ": "Nj", "Џ": "Dž", "Ђ": "Đ", "Ж": "Ž", "Ћ": "Ć", "Ч": "Č", "Ш": "Š"}
    plain = dict(zip("АБВГДЕЗИЈКЛМНОПРСТУФХЦ", "ABVGDEZIJKLMNOPRSTUFHC", strict=True))
    letters: dict[str, str | int | None] = {**pairs, **plain}
    latin = cyrillic.translate(str.maketrans(letters))
    assert spoken_key(latin) == spoken_key(cyrillic)


@given(mark_like, st.sampled_from(["-", " ", "/", ".", "\u00a0", "–", "\u200b"]), st.integers(0, 14))
def test_separators_do_not_count_outside_brackets(text: str, separator: str, at: int) -> None:
    plain = text.translate({ord(c): None for c in "[]\u030c"})
    assert visual_key(plain[:at] + separator + plain[at:]) == visual_key(plain)
    assert digits_key(plain[:at] + separator + plain[at:]) == digits_key(plain)


@given(mark_like)
def test_case_does_not_count(text: str) -> None:
    assume(len(text.upper()) == len(text))  # Python's capital of ß is SS: in brackets, one sign would become two
    assert visual_key(text.lower()) == visual_key(text.upper())
    assert spoken_key(text.lower()) == spoken_key(text.upper())


@pytest.mark.parametrize("pair", ["8B", "5S", "2Z", "6G", "UV", "0D", "0Q", "1L", "17", "ČC", "ŠS", "ĐD", "З3"])
def test_signs_that_only_wear_makes_alike_stay_apart(pair: str) -> None:
    assert visual_key(pair[0]) != visual_key(pair[1])


@given(texts)
def test_keys_hold_only_letters_digits_and_the_signs_of_partial_numbers(text: str) -> None:
    for key in (visual_key(text), spoken_key(text), digits_key(text)):
        assert all(c.isalnum() or c in "?*[]" for c in key)


@given(texts)
def test_equal_visual_keys_have_equal_digits_keys(text: str) -> None:
    assert digits_key(text) == digits_key(visual_key(text))


@given(texts)
def test_every_unknown_sign_stays_in_the_visual_and_spoken_key(text: str) -> None:
    plain = unicodedata.normalize("NFKC", text).replace("[", "").replace("]", "")
    for key in (visual_key(plain), spoken_key(plain)):
        assert [c for c in key if c in "?*"] == [c for c in plain if c in "?*"]


@given(st.text("AB819?*", max_size=8), st.text("AB819", max_size=8))
def test_what_a_partial_number_matches_its_digits_match_too(partial: str, number: str) -> None:
    if matches(visual_key(partial), visual_key(number)):
        assert matches(digits_key(partial), digits_key(number))
