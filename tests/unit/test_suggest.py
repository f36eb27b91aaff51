"""What does not name anything is held against the tables, and a person is asked; what names something never is."""

# ruff: noqa: RUF001 - names in Cyrillic are what these promises are about

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.marks.reference import load_reference
from schemas.marks.suggest import MOST, NEAR, Asked, suggest, vocabulary_of
from schemas.marks.tables import Model

REFERENCE = load_reference()
KNOWN = vocabulary_of(REFERENCE)


def suggested(**asked: str | None) -> dict[str, list[str]]:
    """Field -> what is suggested for it."""
    found: dict[str, list[str]] = {}
    for one in suggest(KNOWN, Asked(**asked)):
        found.setdefault(one.field, []).append(one.suggestion)
    return found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked("Zastava", "assault_rifle", "M70BA2"), {"model": ["Zastava M70AB2"]}),
        (Asked("Застава", "assault_rifle", "M70 АП2"), {"model": ["Zastava M70AB2"]}),
        (
            Asked("Zastava", "assault_rifle", "M70AB"),
            {"model": ["Zastava M70AB1", "Zastava M70AB2", "Zastava M70AB3"]},
        ),
        (Asked("Zastva", "assault_rifle", "M70AB2"), {"make": ["Zastava"]}),
        (Asked("Застваа", None, None), {"make": ["Zastava"]}),
        (Asked("Makarow", "pistol", "PM"), {"make": ["Makarov"]}),
        (Asked("Zoraki", None, "914 TDD"), {"model": ["Zoraki 914"]}),
        (Asked(calibre="7,65 Brovning"), {"calibre": ["7.65 Browning"]}),
        (Asked(calibre="9x19 Lugger"), {"calibre": ["9 mm Luger"]}),
    ],
)
def test_a_slip_of_the_pen_is_answered_with_what_may_have_been_meant(
    asked: Asked, expected: dict[str, list[str]]
) -> None:
    found = suggested(make=asked.make, weapon_class=asked.weapon_class, model=asked.model, calibre=asked.calibre)
    assert found == expected


@pytest.mark.parametrize(
    "asked",
    [
        Asked("Zastava", None, "M71"),
        Asked("Zastava", "assault_rifle", "M70AB2", "7,62x39"),
        Asked("CZ", "pistol", "75"),
        Asked("CZ", None, None, "9 mm"),
        Asked("Makarov", "pistol", "PM"),
        Asked("Nobody's", "pistol", "M57"),
        Asked("nepoznato", None, "bez oznake", "nepoznat"),
        Asked("N/A", None, "---", ""),
        Asked("Zastava", None, "M7?AB"),
        Asked("Zastava", None, "K1"),
        Asked(calibre="7,62x40"),
        Asked(),
    ],
)
def test_another_model_what_is_known_in_question_or_says_nothing_gets_no_suggestion(asked: Asked) -> None:
    assert suggest(KNOWN, asked) == ()


def test_a_suggestion_fits_the_weapon_class() -> None:
    assert suggested(make="Zastava", weapon_class="pistol", model="M70 pčelca") == {"model": ["Zastava M70 (pčelica)"]}
    assert suggested(make="Zastava", weapon_class="shotgun", model="M70 pčelca") == {}


NAMES = [alias.text for alias in REFERENCE.tables.maker_aliases] + [a.text for a in REFERENCE.tables.model_aliases]
texts = st.none() | st.text(max_size=15) | st.sampled_from(NAMES) | st.sampled_from(NAMES).map(lambda name: name[1:])


@given(make=texts, model=texts, calibre=texts)
def test_any_text_gets_a_few_near_suggestions_and_only_where_nothing_is_named(
    make: str | None, model: str | None, calibre: str | None
) -> None:
    found = suggest(KNOWN, Asked(make, None, model, calibre))
    for name in ("make", "model", "calibre"):
        own = [one for one in found if one.field == name]
        assert len(own) <= MOST
        assert all(NEAR <= one.score <= 100 for one in own)
        assert [one.score for one in own] == sorted((one.score for one in own), reverse=True)
    named = {
        "make": REFERENCE.find_maker(make),
        "model": REFERENCE.find_model(make, None, model),
        "calibre": REFERENCE.find_calibre(calibre),
    }
    assert not {one.field for one in found} & {name for name, entry in named.items() if entry is not None}


@pytest.mark.parametrize("name", [name for names in (KNOWN.makes, KNOWN.calibres) for _, name in names])
def test_whoever_types_a_suggested_make_or_calibre_is_understood(name: str) -> None:
    assert REFERENCE.find_maker(name) or REFERENCE.find_model(name, None, None) or REFERENCE.find_calibre(name)


@pytest.mark.parametrize("model", REFERENCE.tables.models.values(), ids=lambda model: model.id)
def test_whoever_types_a_suggested_model_is_understood(model: Model) -> None:
    make = KNOWN.short_names[model.maker] if model.maker else None
    assert REFERENCE.find_model(make, None, model.name)
    assert REFERENCE.find_model(None, None, f"{make} {model.name}" if make else model.name)
