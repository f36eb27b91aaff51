"""Intake warns of what is odd, in the clerk's own words, and accepts it as it was read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from intake_cases import AT_THE_DOOR, ROW, mapping_of, open_intake, seizure, trace_request
from producers.intake.intake import Intake
from producers.intake.rejected import kept_rejection
from producers.intake.result import show_problem
from producers.mapping.national import NationalRow
from schemas.events.seizure import Seizure
from schemas.rejection import problem
from schemas.wire.codec import decode_as


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    opened = open_intake(tmp_path, mapping_of(tmp_path))
    yield opened
    opened.outbox.close()


def with_marks(**marks: Any) -> dict[str, Any]:
    numbers = [{"place": "frame", "as_read": "C-123456", "state": "legible"}]
    firearm = {"weapon_class": "assault_rifle", "marks": {"numbers": numbers, **marks}}
    return seizure(items=[{"kind": "firearm", "quantity": 1, "firearm": firearm}])


def test_a_model_that_is_near_to_one_of_the_table_is_asked_about_and_accepted_as_read(intake: Intake) -> None:
    (result,) = intake.submit("seizure", [with_marks(make="Zastava", model="M70BA2")], AT_THE_DOOR)
    assert result.outcome == "accepted"
    assert result.problems == ()
    (warning,) = result.warnings
    assert warning.code == "did_you_mean"
    assert warning.parameters == {
        "field": "items[0].firearm.marks.model",
        "value": "M70BA2",
        "suggestion": "Zastava M70AB2",
    }
    assert warning.message.endswith("Did you mean Zastava M70AB2?")
    (row,) = intake.outbox.reading.all_rows()
    event = decode_as(row.draft.value, "seizure")
    assert isinstance(event, Seizure)
    assert event.items[0].firearm
    assert event.items[0].firearm.marks.model == "M70BA2"


def test_several_that_are_as_near_are_all_named(intake: Intake) -> None:
    (result,) = intake.submit("seizure", [with_marks(make="Zastava", model="M70AB")], AT_THE_DOOR)
    assert result.warnings[0].parameters["suggestion"] == "Zastava M70AB1 or Zastava M70AB2 or Zastava M70AB3"
    said = show_problem(problem("did_you_mean", **result.warnings[0].parameters), "sr-Latn").message
    assert said.endswith("Da li je to Zastava M70AB1 ili Zastava M70AB2 ili Zastava M70AB3?")


def test_what_the_table_knows_or_nothing_is_near_to_brings_no_warning(intake: Intake) -> None:
    records = [with_marks(make="Zastava", model="M70AB2"), with_marks(make="Kjqw Works", model="Xyzzy-9")]
    results = [intake.submit("seizure", [one], AT_THE_DOOR)[0] for one in records]
    assert [(result.outcome, result.warnings) for result in results] == [("accepted", ()), ("accepted", ())]


def test_a_warning_names_the_clerks_own_column_and_row(intake: Intake) -> None:
    row = NationalRow(17, {**ROW, "MARKA": "Zastva"})
    (result,) = intake.submit_rows("rs-zaplene", [row], AT_THE_DOOR)
    (warning,) = result.warnings
    assert (warning.parameters["column"], warning.parameters["row"]) == ("MARKA", "17")
    assert warning.message == "MARKA: Zastva is not in the reference table. Did you mean Zastava?"


def test_a_request_is_warned_of_as_well_and_the_same_again_still_is(intake: Intake) -> None:
    request = trace_request()
    request["request"]["marks"] = {"make": "Glockk", "calibre": "9x19 Lugger"}
    for outcome in ("accepted", "unchanged"):
        (result,) = intake.submit("trace", [request], AT_THE_DOOR)
        assert result.outcome == outcome
        assert {one.parameters["field"] for one in result.warnings} == {"request.marks.make", "request.marks.calibre"}


def test_an_intake_without_suggestions_warns_of_nothing(intake: Intake) -> None:
    quiet = Intake(
        member=intake.member,
        directory=intake.directory,
        id_key=intake.id_key,
        code_lists=intake.code_lists,
        outbox=intake.outbox,
        now=intake.now,
        suggest=lambda _: (),
    )
    assert quiet.submit("seizure", [with_marks(make="Zastva")], AT_THE_DOOR)[0].warnings == ()


def test_a_rejected_record_is_shown_in_the_language_that_is_asked_for(intake: Intake) -> None:
    (result,) = intake.submit_rows("rs-zaplene", [NationalRow(4, {**ROW, "KOM": "dva"})], AT_THE_DOOR)
    assert result.outcome == "rejected"
    (kept,) = intake.outbox.reading.rejected(closed=False, limit=10)
    assert kept_rejection(kept).problems[0].message == "KOM: dva is not a number."
    assert kept_rejection(kept, "sr-Latn").problems[0].message == "KOM: dva nije broj."
    assert kept_rejection(kept, "sq").problems[0].message == "KOM: dva nuk është numër."
