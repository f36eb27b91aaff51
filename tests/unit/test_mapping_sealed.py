"""What a mapping names as sealed reaches addressees only: it stands in no event, log, problem or open list."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from intake_cases import AT_THE_DOOR, CODE_LISTS, NOW, mapping_of, open_intake
from interfocal.process.intake_observer import IntakeObserver
from interfocal.process.metrics import Metrics
from producers.intake.intake import Intake
from producers.intake.result import Result
from producers.intake.sealing import PartSealing
from producers.mapping.grouping import group
from producers.mapping.harmonise import harmonise
from producers.mapping.national import NationalRecord, NationalRow
from producers.mapping.trial import examine
from schemas.errors import Misconfigured
from schemas.events.grant import Grant
from schemas.events.sealed_part import SealedPart, part_of
from schemas.events.trace import TraceAct
from schemas.trust.opening import opening_key_from_seed
from schemas.trust.sealed_parts import Place, open_part, terms_of, unwrap
from schemas.wire.codec import decode, event_json

DESK = opening_key_from_seed(bytes(range(32)))
WORD = "kanarinac"
MAPPING = """
version = 1
member = "RS"
stream = "trace"
format = "jsonl"
absent = { "nepoznato" = "unknown" }

[record]
key = ["ZAHTEV"]

[fields]
act = { constant = "request" }
own_reference = "ZAHTEV"
"request.weapon_class" = { constant = "pistol" }
"request.marks.make" = "MARKA"
"request.priority" = { column = "HITNOST", codes = { "redovno" = "routine" } }
"request.illicit_ground" = { constant = "law_of_place" }
"request.intended_use" = { constant = "criminal_investigation" }
"request.domestic_trace" = { constant = "no_record" }
"handling.codes" = { constant = ["H1"] }

[sealed]
case_details = { column = ["OPIS", "NAPOMENA"] }
"persons[0].name" = "LICE.IME"
"persons[0].born" = "LICE.ROĐEN"
"contacts[0].name" = "INSPEKTOR"
"attachments[0].content" = "SLIKA"
"attachments[0].media_type" = { constant = "image/jpeg", with = "SLIKA" }
"attachments[0].caption" = { column = "ŠTA", codes = { "ceo" = "item" } }
"""
ROW: dict[str, Any] = {
    "ZAHTEV": "T-1",
    "MARKA": "Zastava",
    "HITNOST": "redovno",
    "OPIS": f"{WORD} pod sedištem",
    "NAPOMENA": f"{WORD} ćuti",
    "LICE": {"IME": f"{WORD} Ime", "ROĐEN": "nepoznato"},
    "INSPEKTOR": f"{WORD} 7",
    "SLIKA": "a2FuYXJpbmFj",
    "ŠTA": "ceo",
}


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    sealing = PartSealing("test", bytes, lambda: ("rs.open.1", DESK.public_key()))
    opened = replace(open_intake(tmp_path, mapping_of(tmp_path, MAPPING)), sealing=sealing)
    yield opened
    opened.outbox.close()


def hand_in(intake: Intake, **changes: Any) -> Result:
    (mapping,) = intake.mappings.mappings
    (result,) = intake.submit_rows(mapping.name, [NationalRow(2, {**ROW, **changes})], AT_THE_DOOR)
    return result


def made(intake: Intake) -> tuple[TraceAct, SealedPart]:
    """The request in the outbox, and what its sealed part holds."""
    grant, request = (decode(row.draft.value)[1] for row in intake.outbox.reading.all_rows())
    assert isinstance(grant, Grant)
    assert isinstance(request, TraceAct)
    assert request.sealed is not None
    key = unwrap(grant.wrapped, terms_of(grant, "test"), DESK)
    return request, part_of(open_part(request.sealed, Place("test", "RS", request.event_id), key))


def test_columns_that_a_mapping_seals_are_read_by_who_is_granted_the_key(intake: Intake) -> None:
    assert hand_in(intake).outcome == "accepted"
    _, part = made(intake)
    assert part.case_details == f"{WORD} pod sedištem {WORD} ćuti"
    assert [(person.name, person.born) for person in part.persons] == [(f"{WORD} Ime", None)]
    assert [contact.name for contact in part.contacts] == [f"{WORD} 7"]
    assert [(file.whole, file.caption) for file in part.attachments] == [(b"kanarinac", "item")]


def test_nothing_that_is_sealed_stands_in_the_event_the_outbox_or_a_log(intake: Intake) -> None:
    observer = IntakeObserver(Metrics(CollectorRegistry()))
    with capture_logs() as lines:
        result = hand_in(intake)
        observer.accepted("RS", "trace", result)
    request, _ = made(intake)
    told = [event_json(request), result.model_dump(mode="json"), lines]
    assert WORD not in json.dumps(told, ensure_ascii=False, default=str)
    assert request.absent == ()
    folder = intake.outbox.writer.path.parent
    files = [file for file in folder.iterdir() if file.is_file() and file.suffix != ".toml"]
    assert [file.name for file in files if WORD.encode() in file.read_bytes()] == []


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"OPIS": {"tekst": WORD}}, "malformed_value", "sealed_part.case_details"),
        ({"INSPEKTOR": WORD * 30}, "malformed_value", "sealed_part.contacts[0].name"),
        ({"LICE": {"ROĐEN": WORD}}, "missing_field", "sealed_part.persons[0].name"),
        ({"SLIKA": f"{WORD}!"}, "malformed_value", "sealed_part.attachments[0].content"),
        ({"ŠTA": WORD}, "unknown_code", "sealed_part.attachments[0].caption"),
        ({"NAPOMENA": f"{WORD}\x00"}, "unusable_character", "sealed_part.case_details"),
        ({"HITNOST": "sutra"}, "unknown_code", "request.priority"),
    ],
)
def test_a_rejection_names_column_and_row_and_quotes_nothing_that_is_sealed(
    intake: Intake, changes: dict[str, Any], code: str, field: str
) -> None:
    with capture_logs() as lines:
        result = hand_in(intake, **changes)
        IntakeObserver(Metrics(CollectorRegistry())).rejected("RS", "trace", result)
    found = {one.parameters["field"]: one for one in result.problems}
    assert (result.outcome, found[field].code, found[field].parameters["row"]) == ("rejected", code, "2")
    assert WORD not in json.dumps([result.model_dump(mode="json"), lines], ensure_ascii=False, default=str)
    assert list(intake.outbox.reading.all_rows()) == [], "nothing of it goes to a topic"


def test_without_a_key_to_open_it_such_a_record_is_rejected(intake: Intake) -> None:
    (problem,) = hand_in(replace(intake, sealing=None)).problems
    assert (problem.code, problem.parameters["field"]) == ("no_opening_key", "sealed_part")


def test_a_record_whose_sealed_columns_are_empty_has_no_sealed_part(intake: Intake) -> None:
    empty = dict.fromkeys(("OPIS", "NAPOMENA", "LICE", "INSPEKTOR", "SLIKA", "ŠTA"), "")
    assert hand_in(intake, **empty).outcome == "accepted"
    (row,) = intake.outbox.reading.all_rows()
    request = decode(row.draft.value)[1]
    assert isinstance(request, TraceAct)
    assert request.sealed is None


def test_rows_of_one_record_that_disagree_in_what_is_sealed_are_rejected_by_their_numbers(intake: Intake) -> None:
    (mapping,) = intake.mappings.mappings
    rows = [NationalRow(2, ROW), NationalRow(5, {**ROW, "INSPEKTOR": f"{WORD} 8"})]
    (result,) = intake.submit_rows(mapping.name, rows, AT_THE_DOOR)
    (problem,) = result.problems
    assert (problem.code, problem.parameters["rows"]) == ("rows_disagree", "2, 5")
    assert WORD not in problem.model_dump_json()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@given(st.lists(TEXT, min_size=4, max_size=4))
def test_whatever_stands_in_sealed_columns_the_open_part_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    mapping = mapping_of(tmp_path_factory.getbasetemp(), MAPPING)
    opis, ime, inspektor, sta = texts
    plain = harmonise(mapping, NationalRecord("T-1", (NationalRow(2, ROW),)))
    row = {**ROW, "OPIS": opis, "LICE": {"IME": ime}, "INSPEKTOR": inspektor, "ŠTA": sta}
    other = harmonise(mapping, NationalRecord("T-1", (NationalRow(2, row),)))
    assert {**plain.fields, "sealed_part": None} == {**other.fields, "sealed_part": None}
    assert all("what is there" in found.parameters.get("value", "what is there") for found in other.problems)


FLAWED = {
    "a field that is not there": ("case_details = {", "case_detail = {", "sealed.case_detail: there is no case_detail"),
    "a part": ('"persons[0].born"', '"persons[0]"', "sealed.persons[0]: persons[0] is a part of its own"),
    "a code that its list does not hold": ('"item"', '"everything"', "sealed.attachments[0].caption.codes.ceo"),
    "the same column in the open part": ('"MARKA"', '"OPIS"', "OPIS is sealed, and the open part reads OPIS"),
    "a part of the column in the open part": ('"MARKA"', '"LICE.IME.0"', "LICE.IME is sealed, and the open part reads"),
    "the column around it in the open part": ('"MARKA"', '"LICE"', "LICE.IME is sealed, and the open part reads LICE"),
    "the record's key": ('key = ["ZAHTEV"]', 'key = ["INSPEKTOR"]', "INSPEKTOR is sealed, and the open part reads"),
    "whether it is there": ('= "MARKA"', '= { column = "MARKA", with = "SLIKA" }', "SLIKA is sealed"),
    "a reason for the open part": (
        '"INSPEKTOR"',
        '{ column = "INSPEKTOR", other_absent = "withheld" }',
        "leave other_absent",
    ),
    "the field of a submitted record": ('"request.marks.make"', '"sealed_part.case_details"', "is filled by [sealed]"),
    "another stream": ('stream = "trace"', 'stream = "missing"', "sealed is for the stream trace"),
}


@pytest.mark.parametrize("flaw", FLAWED)
def test_a_mapping_by_which_something_sealed_would_leak_is_refused(tmp_path: Path, flaw: str) -> None:
    right, wrong, said = FLAWED[flaw]
    assert right in MAPPING
    with pytest.raises(Misconfigured) as stopped:
        mapping_of(tmp_path, MAPPING.replace(right, wrong, 1))
    assert said in str(stopped.value)


def test_a_trial_counts_what_is_sealed_and_quotes_none_of_it(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, MAPPING)
    records = group(mapping, "RS", [NationalRow(2, {**ROW, "ŠTA": WORD})])
    found = examine(mapping, records, CODE_LISTS, NOW)
    filled = {one.field: one.filled for one in found.coverage}
    assert (filled["sealed_part.case_details"], filled["sealed_part.persons[0].born"]) == (1, 0)
    assert WORD not in repr(found)
    assert found.unused == ()
