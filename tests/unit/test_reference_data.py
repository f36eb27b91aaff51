import re

import pytest

from schemas.codes.lists import load_code_lists
from schemas.marks.lookup import Ambiguous, Found
from schemas.marks.reference import load_reference

REFERENCE = load_reference()
TABLES = REFERENCE.tables
LISTS = load_code_lists()
LANGUAGES = {"und", "en", "sq", "bs", "cnr", "mk", "ro", "sr-Latn", "sr-Cyrl", "uk", "ru", "hr", "cs", "bg", "tr"} | {
    "de",
    "it",
    "fr",
    "hu",
    "pl",
}


def test_every_model_is_recorded_under_classes_that_the_lists_hold() -> None:
    for model in TABLES.models.values():
        assert model.kind in LISTS["item-kind"]
        assert model.classes
        for code in model.classes:
            assert code in LISTS["weapon-class"] or code in LISTS["explosive-type"], model.id
        if model.kind == "firearm":
            assert model.classes[0] in LISTS["weapon-class"]


def test_every_alias_is_a_text_in_a_known_language() -> None:
    for alias in (*TABLES.maker_aliases, *TABLES.model_aliases, *TABLES.calibre_aliases):
        assert alias.text == alias.text.strip() != ""
        assert alias.language in LANGUAGES


def test_every_entry_can_be_found_by_one_of_its_names() -> None:
    assert {alias.of for alias in TABLES.maker_aliases} == set(TABLES.makers)
    assert {alias.of for alias in TABLES.model_aliases} == set(TABLES.models)
    assert {alias.of for alias in TABLES.calibre_aliases} == set(TABLES.calibres)


def test_every_maker_is_found_or_in_question_under_each_of_its_names() -> None:
    for alias in TABLES.maker_aliases:
        found = REFERENCE.find_maker(alias.text)
        assert found is not None
        named = {found.entry.id} if isinstance(found, Found) else {c.entry.id for c in found.candidates}
        assert alias.of in named


def test_only_names_known_to_be_shared_are_in_question() -> None:
    shared = {alias.text for alias in TABLES.maker_aliases if isinstance(REFERENCE.find_maker(alias.text), Ambiguous)}
    assert shared == {"CZ"}


def test_every_model_is_found_or_in_question_by_its_maker_class_and_each_name() -> None:
    for alias in TABLES.model_aliases:
        model = TABLES.models[alias.of]
        make = TABLES.makers[model.maker].name if model.maker else None
        found = REFERENCE.find_model(make, model.classes[0], alias.text)
        assert found is not None, alias
        named = {found.entry.id} if isinstance(found, Found) else {c.entry.id for c in found.candidates}
        assert alias.of in named, alias


def test_every_calibre_has_a_name_of_its_own() -> None:
    for calibre in TABLES.calibres.values():
        own = [alias.text for alias in TABLES.calibre_aliases if alias.of == calibre.id]
        assert any(isinstance(REFERENCE.find_calibre(text), Found) for text in own), calibre.id


def test_successors_end_and_places_of_makers_lead_to_a_place_of_today() -> None:
    former = set(TABLES.successors)
    for place in former:
        assert REFERENCE.successor(REFERENCE.successor(place)) == REFERENCE.successor(place)
    for maker in TABLES.makers.values():
        if maker.place:
            assert REFERENCE.successor(maker.place) not in former, maker.id


def test_ids_and_version_are_stable_words() -> None:
    assert re.fullmatch(r"\d+", REFERENCE.version)
    for identity in (*TABLES.makers, *TABLES.models, *TABLES.calibres):
        assert re.fullmatch(r"[a-z0-9_]+", identity)


AS_TYPED = """GLOCK|SMITH & WESSON|TAURUS|RUGER|SCCY|BERETTA|FN|LORCIN|KEL-TEC|HI-POINT|COBRA|CANIK|MOSSBERG|DAVIS
BRYCO|WALTHER|REMINGTON|PALMETTO|NAA|KIMBER|JIMENEZ|DPMS|COLT|BUSHMASTER"""


@pytest.mark.parametrize("make", re.split(r"[|\n]", AS_TYPED))
def test_makes_as_officers_type_them_have_a_place_of_manufacture(make: str) -> None:
    assert REFERENCE.manufacture_place(make, "not_recorded", None)
