"""A rejected record is judged again as it was sent, or mended in a workbook; nothing of it leaves the member."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from asgi import client_of
from intake_cases import AT_THE_DOOR, MAPPING, ROW, mapping_of, open_intake, seizure
from producers.intake.intake import Intake
from producers.intake.resubmit import resubmit
from producers.intake.result import Result
from producers.intake.submission import REASON_COLUMN, Entrance
from producers.mapping.files import MappingSet
from producers.mapping.national import NationalRow
from producers.ways_in.api_keys import Caller
from producers.ways_in.files import read_rows
from producers.ways_in.http import create_app
from producers.ways_in.rejected_workbook import as_workbook, sheet_of, write_workbook
from schemas.errors import Rejected
from schemas.rejection import problem

FILE = Entrance("file", "zaplene.csv")
MENDED = MAPPING.replace('"Carina" = "customs"', '"Carina" = "customs", "Komunalci" = "other"')
UNKNOWN_AGENCY = {**ROW, "ORGAN": "Komunalci", "IZVOZ": "0012"}


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    one = open_intake(tmp_path, mapping_of(tmp_path))
    yield one
    one.outbox.close()


def hand_in(intake: Intake, *rows: NationalRow) -> list[Result]:
    return list(intake.submit_rows("rs-zaplene", rows, FILE))


def reject_one(intake: Intake) -> int:
    (result,) = hand_in(intake, NationalRow(2, UNKNOWN_AGENCY))
    assert result.rejected_id is not None
    return result.rejected_id


def with_mapping(intake: Intake, folder: Path, text: str) -> Intake:
    return replace(intake, mappings=MappingSet((mapping_of(folder, text),)))


def test_a_record_that_a_mended_mapping_reads_is_accepted_and_closed(intake: Intake, tmp_path: Path) -> None:
    number = reject_one(intake)
    stream, (result,) = resubmit(with_mapping(intake, tmp_path, MENDED), number)
    assert (stream, result.outcome, result.national_id) == ("seizure", "accepted", ROW["PREDMET"])
    kept = intake.outbox.reading.find_rejected(number)
    assert kept is not None
    assert kept.closed_by == result.event_id
    assert hand_in(with_mapping(intake, tmp_path, MENDED), NationalRow(2, UNKNOWN_AGENCY))[0].outcome == "unchanged"


def test_what_is_still_wrong_stays_under_its_number(intake: Intake) -> None:
    number = reject_one(intake)
    _, (result,) = resubmit(intake, number)
    assert (result.outcome, result.rejected_id) == ("rejected", number)
    assert len(intake.outbox.reading.rejected()) == 1


def test_what_is_wrong_in_another_way_now_has_one_open_number(intake: Intake, tmp_path: Path) -> None:
    number = reject_one(intake)
    other = MAPPING.replace('"Granična policija" = "border_police", ', "")
    _, (result,) = resubmit(with_mapping(intake, tmp_path, other), number)
    assert [one.id for one in intake.outbox.reading.rejected()] == [result.rejected_id]


def test_rows_of_one_record_are_judged_again_together(intake: Intake, tmp_path: Path) -> None:
    second = {**UNKNOWN_AGENCY, "RB": "2", "BROJ": "77"}
    (rejected,) = hand_in(intake, NationalRow(2, UNKNOWN_AGENCY), NationalRow(9, second))
    _, (result,) = resubmit(with_mapping(intake, tmp_path, MENDED), rejected.rejected_id or 0)
    assert (result.outcome, result.rows) == ("accepted", (2, 9))


def test_a_row_that_its_reader_could_not_read_stays_rejected(intake: Intake) -> None:
    fault = problem("malformed_record", detail="it has 5 cells where the header has 13")
    (rejected,) = hand_in(intake, NationalRow(2, ROW, (fault,)))
    assert rejected.outcome == "rejected"
    _, (result,) = resubmit(intake, rejected.rejected_id or 0)
    assert result.outcome == "rejected"


def test_a_harmonised_record_is_judged_again(intake: Intake) -> None:
    (rejected,) = intake.submit("seizure", [seizure(own_reference="")], AT_THE_DOOR)
    assert resubmit(intake, rejected.rejected_id or 0)[1][0].outcome == "rejected"


def test_what_is_closed_or_unknown_is_not_judged_again(intake: Intake, tmp_path: Path) -> None:
    number = reject_one(intake)
    resubmit(with_mapping(intake, tmp_path, MENDED), number)
    for gone in (number, 99):
        with pytest.raises(Rejected, match=f"{gone}"):
            resubmit(intake, gone)


def test_http_judges_again_for_the_member_alone(intake: Intake, tmp_path: Path) -> None:
    number = reject_one(intake)
    mended = with_mapping(intake, tmp_path, MENDED)
    app = create_app({"RS": mended}, lambda key: Caller("RS", "cms") if key == "k" else None)
    http = client_of(app, authorization="Bearer k")
    assert client_of(app).post(f"/v1/rejected/{number}/resubmit").status_code == 401
    answer = http.post(f"/v1/rejected/{number}/resubmit")
    assert (answer.status_code, answer.json()[0]["outcome"]) == (200, "accepted")
    assert http.post(f"/v1/rejected/{number}/resubmit").status_code == 404
    assert http.post("/v1/rejected/99/resubmit").status_code == 404


def test_a_workbook_has_the_clerks_columns_and_the_reasons_as_text(intake: Intake, tmp_path: Path) -> None:
    hand_in(intake, NationalRow(2, {**UNKNOWN_AGENCY, "MARKA": "=1+1\x01"}))
    path = tmp_path / "mend.xlsx"
    mapping = intake.mappings.find("RS", "rs-zaplene")
    write_workbook(path, [sheet_of(mapping, intake.outbox.reading.rejected())])
    header, row = load_workbook(path)["rs-zaplene"].iter_rows()
    assert {cell.value for cell in header} == {*ROW, REASON_COLUMN}
    told = {str(name.value): cell for name, cell in zip(header, row, strict=True)}
    assert told["IZVOZ"].value == "0012"
    assert (told["MARKA"].value, told["MARKA"].data_type) == ("=1+1\N{REPLACEMENT CHARACTER}", "s")
    assert "Komunalci" in str(told[REASON_COLUMN].value)


def test_a_mended_workbook_is_taken_and_the_reasons_are_no_content(intake: Intake, tmp_path: Path) -> None:
    number = reject_one(intake)
    path = tmp_path / "mend.xlsx"
    mapping = intake.mappings.find("RS", "rs-zaplene")
    write_workbook(path, [sheet_of(mapping, intake.outbox.reading.rejected(), "sr-Latn")])
    workbook = load_workbook(path)
    for row in workbook["rs-zaplene"].iter_rows():
        for cell in row:
            cell.value = ROW["ORGAN"] if cell.value == "Komunalci" else cell.value
    workbook.save(path)
    read = list(read_rows(path, as_workbook(mapping, path)))
    assert all(row.fields.get(REASON_COLUMN) for row in read)
    (result,) = hand_in(intake, *read)
    assert result.outcome == "accepted"
    kept = intake.outbox.reading.find_rejected(number)
    assert kept is not None
    assert kept.closed_by == result.event_id
    mended_at_home = {**UNKNOWN_AGENCY, "ORGAN": ROW["ORGAN"]}
    assert hand_in(intake, NationalRow(2, mended_at_home))[0].outcome == "unchanged"


def test_any_other_workbook_is_read_as_its_mapping_says(intake: Intake, tmp_path: Path) -> None:
    mapping = intake.mappings.find("RS", "rs-zaplene")
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04nothing")
    plain = tmp_path / "plain.csv"
    plain.write_text("x", encoding="utf-8")
    assert as_workbook(mapping, plain) is mapping
    with pytest.raises(Rejected):
        list(read_rows(broken, as_workbook(mapping.model_copy(update={"format": "xlsx"}), broken)))


def test_a_file_of_the_layout_before_keeps_what_it_holds(tmp_path: Path) -> None:
    intake = open_intake(tmp_path, mapping_of(tmp_path))
    number = reject_one(intake)
    intake.outbox.writer.connection.executescript("alter table rejected drop column mapping; pragma user_version = 1")
    intake.outbox.close()
    again = open_intake(tmp_path, mapping_of(tmp_path))
    kept = again.outbox.reading.find_rejected(number)
    assert kept is not None
    assert kept.rejected.mapping == ""
    with pytest.raises(Rejected):
        resubmit(again, number)
    again.outbox.close()
