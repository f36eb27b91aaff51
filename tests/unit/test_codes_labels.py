"""Labels in the languages of the region, and what follows from codes."""

import json
import re

import pytest
from typer.testing import CliRunner

from interfocal.commands.main import build_app
from schemas.codes.coverage import coverage_of, languages_of
from schemas.codes.derived import border_side, iafq_class
from schemas.codes.lists import WORKING_LANGUAGE, load_code_lists, parse_code_list
from schemas.errors import Misconfigured
from serbian import in_latin

LISTS = load_code_lists()
LABELLED = re.findall(
    r"\S+",
    """weapon-class serial-state seizure-context disposition transport concealment trace-act answer-result answer-scope
    refusal-reason delay-reason closure-outcome reopening-reason question-field holder-role intended-use domestic-trace
    priority urgent-reason evidence-kind trace-state route-rule""",
)
LANGUAGES = ("en", "sq", "bs", "cnr", "mk", "ro", "sr-Latn", "sr-Cyrl", "uk")
FOREIGN = [language for language in LANGUAGES if language != WORKING_LANGUAGE]
CYRILLIC = re.compile(r"[Ѐ-ӿ]")
LATIN_LETTER = re.compile(r"[A-Za-zÀ-ɏ]")
SCRIPT = {"mk": CYRILLIC, "sr-Cyrl": CYRILLIC, "uk": CYRILLIC}


def labels(name: str, language: str) -> dict[str, str]:
    return {code: entry.labels[language].text for code, entry in LISTS[name].entries.items()}


@pytest.mark.parametrize("name", LABELLED)
def test_what_people_choose_from_is_labelled_in_every_language(name: str) -> None:
    found = coverage_of(LISTS[name], LANGUAGES)
    assert set(found.labels) == set(LANGUAGES)
    assert set(found.labels.values()) == {found.codes}


@pytest.mark.parametrize("name", LABELLED)
@pytest.mark.parametrize("language", FOREIGN)
def test_a_label_is_in_its_script_and_no_two_of_a_list_are_equal(name: str, language: str) -> None:
    texts = labels(name, language)
    assert len({text.casefold() for text in texts.values()}) == len(texts)
    foreign = LATIN_LETTER if language in SCRIPT else CYRILLIC
    assert [text for text in texts.values() if foreign.search(text) or text != text.strip()] == []


@pytest.mark.parametrize("name", LABELLED)
def test_the_two_scripts_of_serbian_say_the_same(name: str) -> None:
    assert {c: in_latin(t) for c, t in labels(name, "sr-Cyrl").items()} == labels(name, "sr-Latn")


def test_no_language_is_another_by_mistake() -> None:
    said = {
        language: tuple(text for name in LABELLED for text in labels(name, language).values()) for language in FOREIGN
    }
    assert len(set(said.values())) == len(FOREIGN)


def test_the_languages_of_the_region_are_those_in_which_lists_speak() -> None:
    assert tuple(languages_of(LISTS.values())) == LANGUAGES


def test_coverage_counts_labels_and_those_checked() -> None:
    head = "code,definition,source,maps_to,en,en_status,sq,sq_status"
    found = coverage_of(
        parse_code_list("example", f"{head}\na,A.,x,,A,checked,Aa,proposed\nb,B.,x,,B,proposed,,\n"), ("en", "sq", "mk")
    )
    assert (found.codes, found.labels["en"], found.checked["en"]) == (2, 2, 1)
    assert (found.labels["sq"], found.checked["sq"], found.labels["mk"]) == (1, 0, 0)


def test_every_weapon_class_counts_in_one_class_of_the_questionnaire() -> None:
    derived = {code: iafq_class(LISTS, code) for code in LISTS["weapon-class"].codes}
    assert set(derived.values()) == set(LISTS["iafq-class"].codes)
    assert derived["assault_rifle"] == "rifle"
    assert derived["lmg"] == "machine_gun"
    assert derived["gas_alarm_signal"] == "other"
    assert derived["not_recorded"] == "unspecified"
    assert iafq_class(LISTS, "of_a_newer_list") == "unspecified"


def test_every_context_is_at_the_border_or_inland_or_does_not_say() -> None:
    derived = {code: border_side(LISTS, code) for code in LISTS["seizure-context"].codes}
    assert set(derived.values()) == set(LISTS["border-side"].codes)
    assert {code for code, side in derived.items() if side == "border"} == {
        "border_crossing_point",
        "green_border",
        "blue_border",
        "airport",
        "port",
    }
    assert derived["customs_inland"] == "inland"
    assert derived["parcel_post"] == derived["not_recorded"] == border_side(LISTS, "newer") == "undetermined"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(build_app(("schemas",)), ["schemas", "codes", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_the_command_prints_every_list_with_its_coverage() -> None:
    printed = {row["list"]: row for row in json.loads(run("--json"))}
    assert set(printed) == set(LISTS)
    assert printed["transport"]["languages"]["sq"]["labels"] == printed["transport"]["codes"]
    assert printed["absent-reason"]["languages"]["sq"]["labels"] == 0
    table = run()
    assert all(name in table for name in LISTS)
    assert "of them checked by somebody" in table


def test_the_command_shows_one_list_in_one_language_and_gaps_in_english() -> None:
    rows = {row["code"]: row for row in json.loads(run("transport", "--language", "sr-Cyrl", "--json"))}
    assert rows["lorry"]["label"] == "Камион"
    assert rows["lorry"]["status"] == "proposed"
    assert "(English)" in run("absent-reason", "--language", "sq")


@pytest.mark.parametrize("arguments", [("no-such-list",), ("transport", "--language", "xx")])
def test_the_command_names_the_lists_and_languages_that_there_are(arguments: tuple[str, ...]) -> None:
    with pytest.raises(Misconfigured, match="there are"):
        run(*arguments)
