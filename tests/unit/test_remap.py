"""A mended mapping changes what was said only where it is asked for; files handed in again change nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake_cases import AT_THE_DOOR, MAPPING, ROW, mapping_of, open_intake, trace_request
from producers.intake.intake import Intake
from producers.intake.result import Result
from producers.intake.sameness import MappedBy, Sameness, Verdict, remapped
from producers.mapping.files import MappingSet
from producers.mapping.national import NationalRow
from schemas.events.seizure import Seizure
from schemas.wire.codec import decode

VERSIONED = MAPPING.replace('ignore = ["IZVOZ"]', 'version = { column = "VERZIJA", kind = "integer" }')
MENDED = VERSIONED.replace("version = 3", "version = 4", 1).replace('"Carina" = "customs"', '"Granicari" = "customs"')


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    one = open_intake(tmp_path, mapping_of(tmp_path, VERSIONED))
    yield one
    one.outbox.close()


def mended(intake: Intake, folder: Path, text: str = MENDED) -> Intake:
    return replace(intake, mappings=MappingSet((mapping_of(folder, text),)))


def row(version: int = 1, **changes: str) -> dict[str, str]:
    return {**ROW, "VERZIJA": str(version), **changes}


def hand_in(intake: Intake, *rows: Mapping[str, Any], **options: bool) -> list[Result]:
    numbered = [NationalRow(number, fields) for number, fields in enumerate(rows, start=2)]
    return list(intake.submit_rows("rs-zaplene", numbered, AT_THE_DOOR, remap=options.get("remap", False)))


def test_a_mended_mapping_revises_nothing_by_itself(intake: Intake, tmp_path: Path) -> None:
    hand_in(intake, row())
    assert hand_in(mended(intake, tmp_path), row())[0].outcome == "unchanged"


def test_remap_makes_a_revision_of_the_same_content_under_a_newer_mapping(intake: Intake, tmp_path: Path) -> None:
    hand_in(intake, row())
    (result,) = hand_in(mended(intake, tmp_path), row(), remap=True)
    assert (result.outcome, result.revision) == ("accepted", 2)
    kept = intake.outbox.reading.find_event(result.event_id or "")
    assert kept is not None
    event = decode(kept.draft.value)[1]
    assert isinstance(event, Seizure)
    assert event.source.mapping_version == 4


def test_remap_does_so_once(intake: Intake, tmp_path: Path) -> None:
    hand_in(intake, row())
    newer = mended(intake, tmp_path)
    hand_in(newer, row(), remap=True)
    assert hand_in(newer, row(), remap=True)[0].outcome == "unchanged"
    assert hand_in(newer, row())[0].outcome == "unchanged"


def test_remap_with_an_older_mapping_changes_nothing(intake: Intake, tmp_path: Path) -> None:
    hand_in(intake, row())
    older = mended(intake, tmp_path, VERSIONED.replace("version = 3", "version = 2", 1))
    assert hand_in(older, row(), remap=True)[0].outcome == "unchanged"


def test_remap_brings_no_superseded_content_back(intake: Intake, tmp_path: Path) -> None:
    hand_in(intake, row(1))
    hand_in(intake, row(2, MARKA="Zastava M70"))
    assert hand_in(mended(intake, tmp_path), row(1), remap=True)[0].outcome == "superseded"


def test_what_a_mended_mapping_cannot_read_is_rejected_on_remap(intake: Intake, tmp_path: Path) -> None:
    hand_in(intake, row())
    worse = mended(intake, tmp_path, MENDED.replace('"Granična policija" = "border_police", ', ""))
    assert hand_in(worse, row(), remap=True)[0].outcome == "rejected"
    assert hand_in(worse, row())[0].outcome == "unchanged"


def test_an_act_is_never_mapped_anew(intake: Intake) -> None:
    intake.submit("trace", [trace_request()], AT_THE_DOOR)
    assert intake.submit("trace", [trace_request()], AT_THE_DOOR, remap=True)[0].outcome == "unchanged"
    verdict = Verdict(Sameness.UNCHANGED, 1, 1)
    assert remapped(verdict, "trace", MappedBy("m", 2), MappedBy("m", 1)) is verdict
    assert remapped(verdict, "seizure", MappedBy("m", 2), MappedBy("m", 1)).sameness is Sameness.NEW


ROWS = st.tuples(st.sampled_from(["KU-1", "KU-2"]), st.integers(1, 4))
FILES = st.lists(st.lists(ROWS, min_size=1, max_size=3, unique_by=lambda one: one[0]), min_size=1, max_size=6)
CONTENT = {1: "Zastava M57", 2: "Zastava M70", 3: "CZ 75", 4: "TT-33"}


def file_rows(file: list[tuple[str, int]]) -> list[dict[str, str]]:
    return [row(version, PREDMET=key, MARKA=CONTENT[version]) for key, version in file]


def standing(intake: Intake) -> dict[str, tuple[int, str | None]]:
    """For each record its highest revision, and the national version that it says."""
    return {
        one.record_id: (one.revision, one.national_version)
        for one in sorted(intake.outbox.reading.all_revisions(), key=lambda one: one.revision)
    }


@settings(max_examples=60, deadline=None)
@given(FILES, st.data())
def test_whatever_files_come_in_whatever_order_the_newest_version_stands_and_nothing_goes_back(
    files: list[list[tuple[str, int]]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        intake = open_intake(folder, mapping_of(folder, VERSIONED))
        newer = mended(intake, folder)
        newest: dict[str, int] = {}
        for file in files:
            hand_in(intake, *file_rows(file))
            newest |= {key: max(version, newest.get(key, 0)) for key, version in file}
            assert sorted(said or "" for _, said in standing(intake).values()) == sorted(map(str, newest.values()))
        before = standing(intake)
        for file in data.draw(st.permutations(files)):
            hand_in(data.draw(st.sampled_from([intake, newer])), *file_rows(file))
        assert standing(intake) == before
        for file in data.draw(st.permutations(files)):
            hand_in(newer, *file_rows(file), remap=True)
        assert standing(intake) == {record: (number + 1, said) for record, (number, said) in before.items()}
        for file in data.draw(st.permutations(files)):
            hand_in(data.draw(st.sampled_from([intake, newer])), *file_rows(file), remap=True)
        assert {said for _, said in standing(intake).values()} == {str(version) for version in newest.values()}
        assert standing(intake) == {record: (number + 1, said) for record, (number, said) in before.items()}
        intake.outbox.close()
