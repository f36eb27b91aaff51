"""A national record becomes a harmonised one; all that is wrong with it is named in the clerk's own words."""

from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_cases import CODE_LISTS, MAPPING, NOW, ROW, mapping_of
from producers.intake.submission import national_content
from producers.mapping.files import load_mapping
from producers.mapping.grouping import bulks, group
from producers.mapping.harmonise import Harmonised, harmonise
from producers.mapping.mapping import DateFormat, NationalMapping, Rule
from producers.mapping.national import NationalRecord, NationalRow
from producers.mapping.values import Read, Spelling, parse_instant, read

PLAIN = Spelling(frozenset({"-"}), {"n/a": "unknown"}, decimal_comma=True, zone=UTC)


@pytest.fixture
def mapping(tmp_path: Path) -> NationalMapping:
    return mapping_of(tmp_path)


def rows(*changes: dict[str, Any]) -> list[NationalRow]:
    return [NationalRow(number, {**ROW, **changed}) for number, changed in enumerate(changes, start=2)]


def made(mapping: NationalMapping, *changes: dict[str, Any]) -> Harmonised:
    (record,) = group(mapping, "RS", rows(*changes))
    return harmonise(mapping, record)


def found(result: Harmonised) -> set[tuple[str, str, str, str]]:
    return {
        (p.code, p.parameters["field"], p.parameters.get("column", ""), p.parameters["row"]) for p in result.problems
    }


def test_a_row_becomes_a_record_with_what_was_read_verbatim(mapping: NationalMapping) -> None:
    result = made(mapping, {})
    assert result.problems == ()
    assert result.fields == {
        "national_id": "KU-17/26",
        "own_reference": "KU-17/26",
        "occurred": {"at": "2026-02-14T05:45:00.000Z", "offset_minutes": 60, "precision": "minute"},
        "agency": "border_police",
        "place": {"border_point": "BATROVCI", "precision": "border_point"},
        "handling": {"codes": ["H1"]},
        "items": [
            {
                "item_key": "1",
                "kind": "firearm",
                "quantity": 1,
                "firearm": {
                    "weapon_class": "pistol",
                    "marks": {
                        "make": "Zastava M57",
                        "numbers": [{"place": "frame", "as_read": ROW["BROJ"], "state": "partial"}],
                    },
                },
            }
        ],
    }


def test_rows_of_one_record_are_its_items_wherever_they_stand(mapping: NationalMapping) -> None:
    other = {"PREDMET": "KU-18/26"}
    records = group(mapping, "RS", rows({}, other, {"RB": "2", "VRSTA": "municija", "KOM": "1.250,00"}))
    assert [(record.national_id, [row.number for row in record.rows]) for record in records] == [
        ("KU-17/26", [2, 4]),
        ("KU-18/26", [3]),
    ]
    items = harmonise(mapping, records[0]).fields["items"]
    assert [item["item_key"] for item in items] == ["1", "2"]
    assert items[1] == {"item_key": "2", "kind": "ammunition", "quantity": 1250, "ammunition": {"kind": "ball"}}


def test_everything_wrong_is_named_at_once_with_column_and_row(mapping: NationalMapping) -> None:
    wrong = {"DATUM": "31.02.2026", "ORGAN": "Policja", "KOM": "2,5", "VRSTA": "top"}
    assert found(made(mapping, {}, {**wrong, "RB": "2", "DATUM": "", "VREME": "", "ORGAN": ""})) == {
        ("malformed_number", "items[1].quantity", "KOM", "3"),
        ("unknown_code", "items[1].firearm.weapon_class", "VRSTA", "3"),
    }
    assert found(made(mapping, wrong)) == {
        ("malformed_date", "occurred", "DATUM + VREME", "2"),
        ("unknown_code", "agency", "ORGAN", "2"),
        ("malformed_number", "items[0].quantity", "KOM", "2"),
        ("unknown_code", "items[0].firearm.weapon_class", "VRSTA", "2"),
    }


def test_a_spelling_that_nobody_translated_gets_the_nearest_of_the_clerks_own(mapping: NationalMapping) -> None:
    (problem,) = made(mapping, {"ORGAN": "Granična policja"}).problems
    assert problem.parameters["nearest"].startswith("Granična policija")


def test_capitals_and_blanks_do_not_matter_and_scripts_do(mapping: NationalMapping) -> None:
    assert made(mapping, {"ORGAN": "  GRANIČNA   policija"}).fields["agency"] == "border_police"
    assert found(made(mapping, {"VRSTA": "пиштољ"})) == {
        ("unknown_code", "items[0].firearm.weapon_class", "VRSTA", "2")
    }


def test_rows_of_one_record_may_not_disagree(mapping: NationalMapping) -> None:
    assert found(made(mapping, {}, {"RB": "2", "PRELAZ": "HORGOŠ"})) == {("rows_disagree", "PRELAZ", "PRELAZ", "2")}
    assert made(mapping, {"PRELAZ": ""}, {"RB": "2"}).fields["place"]["border_point"] == "BATROVCI"


def test_a_row_without_a_key_is_a_record_of_its_own_and_says_so(mapping: NationalMapping) -> None:
    records = group(mapping, "RS", rows({"PREDMET": ""}, {"PREDMET": " "}))
    assert [record.national_id for record in records] == ["", ""]
    assert found(harmonise(mapping, records[1])) == {("missing_field", "national_id", "PREDMET", "3")}


def test_rows_that_the_mapping_leaves_out_are_left_out(mapping: NationalMapping) -> None:
    records = group(mapping, "RS", rows({"STATUS": "Poništeno"}, {"STATUS": "VAŽI"}))
    assert [row.number for record in records for row in record.rows] == [3]


def test_words_for_nothing_write_nothing_and_words_for_unknown_say_why(mapping: NationalMapping) -> None:
    result = made(mapping, {"MARKA": "Nepoznato", "PRELAZ": "-", "BROJ": "bez broja"})
    assert result.problems == ()
    assert result.fields["absent"] == [{"field": "items[0].firearm.marks.make", "reason": "unknown"}]
    assert "place" not in result.fields
    assert result.fields["items"][0]["firearm"]["marks"] == {"numbers": [{"place": "frame", "state": "none_ever"}]}


def test_a_second_number_is_there_only_when_it_is_filled(mapping: NationalMapping) -> None:
    numbers = made(mapping, {"NAVLAKA": "77"}).fields["items"][0]["firearm"]["marks"]["numbers"]
    assert numbers[1] == {"place": "slide", "as_read": "77", "state": "legible"}


def test_places_of_lists_close_up_and_keep_their_columns(tmp_path: Path) -> None:
    text = MAPPING.replace('"firearm.marks.numbers[0].place" = { constant = "frame" }', "")
    lines = [line for line in text.partition("[items.fields.")[0].splitlines() if "numbers[0]" not in line]
    result = made(mapping_of(tmp_path, "\n".join(lines)), {"NAVLAKA": "77"})
    assert len(result.fields["items"][0]["firearm"]["marks"]["numbers"]) == 1
    assert result.origins["items[0].firearm.marks.numbers[0].as_read"].column == "NAVLAKA"


JSON_MAPPING = """
version = 1
member = "*"
stream = "seizure"
format = "json"
[record]
key = ["zapisnik.broj"]
only = { "zapisnik.organ" = ["@member"] }
version = { column = "izmena", kind = "instant", dates = ["iso"] }
[fields]
own_reference = "zapisnik.broj"
"handling.releasable_to" = { column = "za", split = "," }
[items]
from = "predmeti"
key = ["rb"]
[items.fields]
kind = { constant = "firearm" }
quantity = { column = "kom", number = true }
disposition = { column = "/stanje", codes = { "depo" = "evidence_room" } }
"firearm.weapon_class" = { constant = "pistol" }
"firearm.marks.make" = "oznake.0"
"firearm.marks.numbers[0].place" = { constant = "frame" }
"firearm.marks.numbers[0].state" = { constant = "not_examined" }
"""


def test_nested_json_is_read_by_paths(tmp_path: Path) -> None:
    path = tmp_path / "nested.toml"
    path.write_text(JSON_MAPPING.replace("evidence_room", CODE_LISTS["disposition"].codes[0]), encoding="utf-8")
    mapping = load_mapping(path, CODE_LISTS)
    national = {
        "zapisnik": {"broj": 7, "organ": "BA"},
        "izmena": "2026-01-05T10:00:00+01:00",
        "za": ["BA", "MK"],
        "stanje": "depo",
        "predmeti": [{"rb": "a", "kom": 2, "oznake": ["CZ"]}, {"rb": "b", "kom": "1"}],
    }
    (record,) = group(mapping, "BA", [NationalRow(1, national)])
    result = harmonise(mapping, record)
    assert result.problems == ()
    assert result.fields["national_id"] == "7"
    assert result.fields["national_version"] == "2026-01-05T09:00:00.000Z"
    assert result.fields["handling"] == {"releasable_to": ["BA", "MK"]}
    assert [(item["item_key"], item["quantity"]) for item in result.fields["items"]] == [("a", 2), ("b", 1)]
    assert result.fields["items"][1]["disposition"] == CODE_LISTS["disposition"].codes[0]
    assert result.fields["items"][0]["firearm"]["marks"]["make"] == "CZ"
    assert group(mapping, "RS", [NationalRow(1, national)]) == ()


def test_a_list_where_one_value_belongs_is_a_problem_and_no_error(mapping: NationalMapping) -> None:
    assert found(made(mapping, {"MARKA": ["a", "b"]})) == {
        ("malformed_value", "items[0].firearm.marks.make", "MARKA", "2")
    }


def test_content_does_not_depend_on_the_order_of_rows_or_on_ignored_columns(mapping: NationalMapping) -> None:
    one, two = rows({}, {"RB": "2"})
    later = NationalRow(9, {**one.fields, "IZVOZ": "02.03.2026"})
    first = national_content(mapping, NationalRecord("KU", (one, two)))
    assert national_content(mapping, NationalRecord("KU", (two, later))) == first
    assert national_content(mapping, NationalRecord("KU", (one,))) != first


def test_keys_of_several_columns_never_run_into_each_other(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, MAPPING.replace('key = ["PREDMET"]', 'key = ["PREDMET", "RB"]'))
    records = group(mapping, "RS", rows({"PREDMET": "a|b", "RB": "c"}, {"PREDMET": "a", "RB": "b|c"}))
    assert len({record.national_id for record in records}) == 2


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=4), max_size=30), st.integers(1, 6))
def test_bulks_hold_every_record_once_and_never_divide_one(sizes: list[list[int]], limit: int) -> None:
    records = [NationalRecord(str(n), tuple(NationalRow(1, {}) for _ in members)) for n, members in enumerate(sizes)]
    made_of = list(bulks(records, limit))
    assert [record for bulk in made_of for record in bulk] == records
    assert all(len(bulk) == 1 or sum(len(r.rows) for r in bulk) <= limit for bulk in made_of)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("1.250", 1250),
        ("1 250,0", 1250),
        ("-3", -3),
        ("2,5", None),
        ("1.25", None),
        ("1E9", None),
        ("٣", None),
    ],
)
def test_numbers_are_whole_and_written_as_the_mapping_says(text: str, number: int | None) -> None:
    result = read(Rule(column=("n",), number=True), text, PLAIN, "quantity")
    assert result.value == number
    assert (result.problem is not None) == (number is None)


def test_what_a_mapping_leaves_out_gets_its_reason() -> None:
    dated = Rule(column=("d",), dates=(DateFormat(format="%Y-%m-%d"),), ahead_absent="unknown")
    known = replace(PLAIN, at=NOW)
    assert read(dated, "2028-03-01", known, "since").reason == "unknown"
    assert read(dated, "2026-02-28", known, "since").value == "2026-02-28T00:00:00.000Z"
    coded = Rule(column=("c",), codes={"a": "b"}, other_absent="withheld")
    assert [read(coded, text, PLAIN, "agency") for text in ("a", "z")] == [Read("b"), Read(reason="withheld")]


@given(st.text(max_size=30))
def test_any_text_is_read_or_named_as_a_problem_never_an_error(text: str) -> None:
    formats = (DateFormat(format="%d.%m.%Y"), DateFormat(format="iso"), DateFormat(format="%y"))
    for rule in (
        Rule(column=("x",), number=True),
        Rule(column=("x",), dates=formats),
        Rule(column=("x",), codes={"a": "b"}),
        Rule(column=("x",), split=","),
    ):
        result = read(rule, text, PLAIN, "field")
        assert [result.value, result.reason, result.problem].count(None) >= 2


def test_a_local_time_becomes_the_instant_of_its_zone(mapping: NationalMapping) -> None:
    minute = (DateFormat(format="%d.%m.%Y %H:%M"),)
    summer, _ = parse_instant("01.07.2025 12:00", minute, mapping.zone)
    winter, _ = parse_instant("01.01.2025 12:00", minute, mapping.zone)
    assert [one.astimezone(UTC).hour for one in (summer, winter)] == [10, 11]
    with pytest.raises(ValueError, match="no format"):
        parse_instant("01.01.0001 00:00", minute, mapping.zone)
