# ruff: noqa: RUF001 - letters that look alike are what these promises are about
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.marks.keys import visual_key
from schemas.marks.notation import tokens
from schemas.marks.patterns import is_partial, known_characters, matches
from schemas.marks.placeholders import is_placeholder

keys = st.text("AB18", max_size=7)
signs = st.sampled_from(["A", "B", "1", "8", "?", "*", "[8B]", "[18AB]", "[AB]"])
patterns = st.lists(signs, max_size=7).map("".join)


def possible(pattern: tuple[str, ...], key: str) -> bool:
    """The definition itself, trying every way."""
    if not pattern:
        return not key
    first, rest = pattern[0], pattern[1:]
    if first == "*":
        return any(possible(rest, key[start:]) for start in range(len(key) + 1))
    return bool(key) and (first == "?" or key[0] in first) and possible(rest, key[1:])


@given(patterns, keys)
def test_a_match_is_what_trying_every_way_finds(pattern: str, key: str) -> None:
    assert matches(pattern, key) == possible(tokens(pattern), key)


@given(keys, st.data())
def test_a_number_with_signs_made_unreadable_still_matches_itself(key: str, data: st.DataObject) -> None:
    hidden = "".join(data.draw(st.sampled_from([sign, "?", "*", f"[{sign}Z]"])) for sign in key)
    assert matches(hidden, key)


@given(st.text(max_size=20).map(visual_key))
def test_a_complete_key_matches_itself_and_nothing_longer(key: str) -> None:
    if not is_partial(key):
        assert matches(key, key)
        assert not matches(key, key + "A")


@pytest.mark.parametrize(
    ("pattern", "key", "expected"),
    [
        ("C41?377", "C416377", True),
        ("C41?377", "C41377", False),
        ("C41*377", "C41377", True),
        ("C41?377", "C41637", False),
        ("[8B]12", "B12", True),
        ("[8B]12", "312", False),
        ("*", "", True),
        ("?", "", False),
        ("", "", True),
        ("[", "[", True),
    ],
)
def test_partial_numbers_match_as_officers_expect(pattern: str, key: str, expected: bool) -> None:
    assert matches(pattern, key) is expected


def test_many_runs_do_not_blow_up() -> None:
    pattern, key = "*A" * 2000 + "B", "A" * 4000
    assert not matches(pattern, key)
    assert matches("*A" * 2000, key)


def test_characters_that_mean_something_to_regular_expressions_mean_nothing_here() -> None:
    assert not matches("(A+)+", "AA")
    assert not matches("^A|B$", "A")


@pytest.mark.parametrize(
    ("text", "partial", "known"),
    [
        ("С-41?377", True, 6),
        ("416*", True, 3),
        ("[8B]12", True, 2),
        ("[8-]12", True, 3),
        ("416377", False, 6),
        ("", False, 0),
        ("１２？", True, 2),
    ],
)
def test_open_signs_are_seen_in_what_was_read(text: str, partial: bool, known: int) -> None:
    assert is_partial(text) is partial
    assert known_characters(visual_key(text)) == known


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "0",
        "000000",
        "0-0-0",
        "BEZ BROJA",
        "bez broja",
        "БЕЗ БРОЈА",
        "БЕЗ БРОЈ",
        "без номера",
        "pa numër",
        "PA NUMER",
        "fără număr",
        "N/A",
        "n.a.",
        "None",
        "UNKNOWN",
        "nepoznato",
        "---",
        "",
        "?",
        "?????",
        "*",
        "XXXX",
        "99999",
        "123456",
        "1234567890",
    ],
)
def test_texts_that_stand_for_no_number_are_known(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text", ["C-416377", "С-41?377", "511", "23", "7", "1234", "U8011", "11", "100000", "NA123", "0001", "BB 12"]
)
def test_numbers_are_not_taken_for_placeholders(text: str) -> None:
    assert not is_placeholder(text)


@given(st.text(max_size=30))
def test_a_placeholder_is_one_however_it_is_written(text: str) -> None:
    assert is_placeholder(text) == is_placeholder(f" {text.upper()} -")
