"""A rejection is said in the reader's language, with the clerk's own words."""

import csv
import string
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Misconfigured
from schemas.messages.sentences import load_sentences, message, read_sentences, reading_language, whereabouts
from schemas.rejection import MESSAGES, Problem, problem
from serbian import in_latin

SENTENCES = load_sentences()
LANGUAGES = ("sq", "bs", "cnr", "mk", "ro", "sr-Latn", "sr-Cyrl")
FOLDER = files("schemas").joinpath("messages")


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(FOLDER.joinpath(name).read_text(encoding="utf-8").splitlines()))


def places(text: str) -> list[str]:
    """The placeholders of a text."""
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})


def test_there_are_sentences_in_english_and_the_languages_of_the_members() -> None:
    assert set(SENTENCES.languages) == {"en", *LANGUAGES}


@pytest.mark.parametrize(
    ("spoken", "asked", "language"),
    [
        (("sr-Cyrl", "sq"), None, "sr-Cyrl"),
        (("sr-Cyrl", "sq"), "sq", "sq"),
        (("sr-Cyrl",), "mk", "mk"),
        (("uk", "ro"), None, "en"),
        ((), None, "en"),
    ],
)
def test_a_reader_is_told_in_the_language_asked_for_or_the_members_first(
    spoken: tuple[str, ...], asked: str | None, language: str
) -> None:
    assert reading_language(spoken, asked) == language


def test_a_language_without_sentences_is_named_with_those_there_are() -> None:
    with pytest.raises(Misconfigured, match=r"'tlh'.*sr-Cyrl"):
        reading_language(("sq",), "tlh")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_every_code_is_said_in_every_language_with_the_same_parameters(language: str, code: str) -> None:
    sentence = SENTENCES.of[language][code]
    assert places(sentence) == places(MESSAGES[code])
    assert sentence != MESSAGES[code]
    assert sentence.endswith((".", "?"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_says_each_code_once_and_how_sure_it_is(language: str) -> None:
    found = rows(f"{language}.csv")
    assert len({row["code"] for row in found}) == len(found)
    assert {row["status"] for row in found} <= {"checked", "proposed"}


def test_every_phrase_is_said_in_every_language_with_the_same_places() -> None:
    for row in rows("phrases.csv"):
        assert set(row) == {"en", *LANGUAGES}
        for language in LANGUAGES:
            assert row[language]
            assert set(places(row[language])) <= set(places(row["en"]))


@pytest.mark.parametrize("one", LANGUAGES)
@pytest.mark.parametrize("other", LANGUAGES)
def test_no_language_is_another_by_mistake(one: str, other: str) -> None:
    same = [code for code in MESSAGES if SENTENCES.of[one][code] == SENTENCES.of[other][code]]
    near = {"bs", "cnr", "sr-Latn"}
    if one == other:
        assert len(same) == len(MESSAGES)
    elif {one, other} <= near:
        assert len(same) < len(MESSAGES)
    else:
        assert same == []


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_the_two_scripts_of_serbian_say_the_same(code: str) -> None:
    assert in_latin(SENTENCES.of["sr-Cyrl"][code]) == SENTENCES.of["sr-Latn"][code]


def test_the_phrases_in_the_two_scripts_of_serbian_say_the_same() -> None:
    assert all(in_latin(row["sr-Cyrl"]) == row["sr-Latn"] for row in rows("phrases.csv"))


def test_a_field_is_called_by_the_clerks_own_column_where_it_is_known() -> None:
    plain = problem("missing_field", field="items[0].firearm.marks.make")
    hers = Problem(code=plain.code, parameters={**plain.parameters, "column": "MARKA", "row": "17", "sheet": "2025"})
    assert plain.message.startswith("items[0].firearm.marks.make is empty")
    assert hers.message.startswith("MARKA is empty")
    assert message(hers, "sr-Latn") == "MARKA je prazno, a bez toga se zapis ne može prihvatiti."
    assert message(hers, "sq") == "MARKA është bosh, dhe pa të regjistrimi nuk mund të pranohet."
    assert (whereabouts(hers), whereabouts(hers, "sq")) == ("sheet 2025, row 17", "fleta 2025, rreshti 17")
    assert whereabouts(plain, "sq") == ""


@pytest.mark.parametrize(
    ("found", "language", "said"),
    [
        (
            problem("malformed_date", field="D", value="31.2.", format="dd.mm.yyyy or yyyy-mm-dd"),
            "ro",
            "D: 31.2. nu este o dată de forma dd.mm.yyyy sau yyyy-mm-dd.",
        ),
        (
            problem("malformed_value", field="D", value="x", detail="text of at most 200 characters is expected"),
            "sq",
            "D: x nuk është e përdorshme (pritet tekst me më së shumti 200 shenja).",
        ),
        (
            problem("unknown_code", field="D", value="none", list="the mapping", nearest="none"),
            "sr-Cyrl",
            "D: none није шифра из списка (мапирање). Најближе: нема.",
        ),
        (
            problem("malformed_value", field="D", value="x", detail="something that no table has yet"),
            "bs",
            "D: x se ne može upotrijebiti (something that no table has yet).",
        ),
        (problem("malformed_number", field="D", value="x"), "uk", "D: x is not a number."),
    ],
)
def test_our_own_words_are_said_in_the_language_and_the_clerks_stay(found: Problem, language: str, said: str) -> None:
    assert message(found, language) == said


def test_a_rejection_kept_by_another_version_still_has_a_sentence() -> None:
    assert Problem(code="malformed_number", parameters={"field": "KOM"}).message == "KOM: - is not a number."


anything = st.text(max_size=20)


@given(st.sampled_from(sorted(MESSAGES)), st.sampled_from(["en", "uk", *LANGUAGES]), anything, anything)
def test_any_values_make_a_sentence_and_the_value_is_never_touched(
    code: str, language: str, value: str, other: str
) -> None:
    parameters = {**dict.fromkeys(places(MESSAGES[code]), other), "value": value}
    said = message(Problem(code=code, parameters=parameters), language)
    assert value in said or "{value}" not in MESSAGES[code]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("code,message\nmissing_field,x\n", "columns have to be"),
        ("code,message,status\nno_such_code,x,proposed\n", "line 2: its code"),
        ("code,message,status\nmissing_field,x\n", "as many cells"),
    ],
)
def test_a_wrong_table_is_refused_with_file_and_line(tmp_path: Path, table: str, says: str) -> None:
    (tmp_path / "phrases.csv").write_text("en\nx\n", encoding="utf-8")
    (tmp_path / "xx.csv").write_text(table, encoding="utf-8")
    with pytest.raises(Misconfigured, match=says) as told:
        read_sentences(tmp_path)
    assert "xx.csv" in str(told.value)
