"""Grouping on disk gives what grouping in memory gives, for files that memory would not hold."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_cases import ROW, mapping_of
from producers.mapping import grouping_on_disk
from producers.mapping.grouping import group
from producers.mapping.grouping_on_disk import MAX_RECORD_CHARACTERS, MAX_RECORD_ROWS, bulks_on_disk
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from schemas.rejection import problem

FAULT = problem("malformed_record", detail="cut off")


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> NationalMapping:
    return mapping_of(tmp_path_factory.mktemp("mapping"))


def row(number: int, key: str, **more: str) -> NationalRow:
    return NationalRow(number, {**ROW, "PREDMET": key, **more})


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "1", "2", "1 ", "ж"]),
            st.sampled_from(["", "važi", "storno"]),
            st.booleans(),
            st.text(max_size=3) | st.integers() | st.none(),
        ),
        max_size=12,
    )
)
def test_it_is_the_same_as_in_memory(
    mapping: NationalMapping, drawn: list[tuple[str, str, bool, str | int | None]]
) -> None:
    rows = [
        NationalRow(place, {**ROW, "PREDMET": key, "STATUS": status, "MARKA": make}, (FAULT,) * faulty)
        for place, (key, status, faulty, make) in enumerate(drawn, start=2)
    ]
    bulks = list(bulks_on_disk(mapping, "RS", rows))
    assert tuple(record for bulk in bulks for record in bulk) == group(mapping, "RS", rows)


def test_bulks_divide_no_record_and_stay_small(mapping: NationalMapping, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(n, str(n % 300)) for n in range(900)]
    bulks = list(bulks_on_disk(mapping, "RS", rows))
    assert [sum(len(record.rows) for record in bulk) for bulk in bulks] == [498, 402]
    monkeypatch.setattr(grouping_on_disk, "BULK_CHARACTERS", 5_000)
    small = list(bulks_on_disk(mapping, "RS", [row(n, str(n), MARKA="x" * 2_000) for n in range(9)]))
    assert [len(bulk) for bulk in small] == [2, 2, 2, 2, 1]


@pytest.mark.parametrize(
    "rows",
    [
        [row(n, "1") for n in range(2, MAX_RECORD_ROWS + 3)],
        [row(n, "1", MARKA="x" * (MAX_RECORD_CHARACTERS // 4)) for n in range(2, 7)],
    ],
)
def test_a_key_with_more_rows_than_a_record_holds_is_one_problem(
    mapping: NationalMapping, rows: list[NationalRow]
) -> None:
    ((record, other),) = bulks_on_disk(mapping, "RS", [*rows, row(9_999, "2")])
    assert [found.code for found in record.rows[0].problems] == ["malformed_record"]
    assert str(len(rows)) in record.rows[0].problems[0].parameters["detail"]
    assert len(record.rows) == 1
    assert other.national_id == "2"


def test_nothing_is_left_on_disk(mapping: NationalMapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    bulks = bulks_on_disk(mapping, "RS", [row(n, str(n), MARKA="x" * 5_000) for n in range(6_000)])
    next(bulks)
    assert list(tmp_path.iterdir()) == []
    bulks.close()
