"""Files become rows; what is wrong with a file is said with its place, and is never an error of ours."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_cases import CODE_LISTS, MAPPING, ROW, mapping_of
from producers.mapping.files import load_mapping
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRow
from producers.ways_in.files import MAX_FILE_BYTES, read_objects, read_rows, rows_of
from schemas.errors import Rejected

HEADER = ";".join(ROW)
LINE = ";".join(ROW.values()).replace(ROW["BROJ"], "C-41?377")
JSON_TEXT = MAPPING.replace('format = "csv"', 'format = "json"').replace("cp1250", "utf-8")


@pytest.fixture
def csv(tmp_path: Path) -> NationalMapping:
    return mapping_of(tmp_path)


@pytest.fixture
def json_mapping(tmp_path: Path) -> NationalMapping:
    return mapping_of(tmp_path, JSON_TEXT)


@pytest.fixture
def jsonl(tmp_path: Path) -> NationalMapping:
    return mapping_of(tmp_path, JSON_TEXT.replace('"json"', '"jsonl"'))


def rejected(content: bytes, mapping: NationalMapping) -> Rejected:
    with pytest.raises(Rejected) as caught:
        list(rows_of(content, mapping))
    return caught.value


def test_rows_of_a_table_are_counted_as_its_clerk_counts(csv: NationalMapping) -> None:
    content = f'{HEADER}\r\n{LINE}\r\n;;;;;;;;;;;;\r\n"two\r\nlines"{LINE[8:]}\r\n'.encode("cp1250")
    rows = list(rows_of(content, csv))
    assert [row.number for row in rows] == [2, 4]
    assert rows[0].fields == {**ROW, "BROJ": "C-41?377"}
    assert rows[1].fields["PREDMET"] == "two\r\nlines"


def test_the_mappings_encoding_is_used(csv: NationalMapping, tmp_path: Path) -> None:
    content = f"{HEADER}\n{LINE}\n".encode("cp1250")
    path = tmp_path / "zaplene.csv"
    path.write_bytes(content)
    assert next(read_rows(path, csv)).fields["ORGAN"] == "Granična policija"


def test_a_mark_at_the_start_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, MAPPING.replace("cp1250", "utf-8"))
    assert "PREDMET" in next(rows_of(f"\ufeff{HEADER}\n{LINE}\n".encode(), mapping)).fields


def test_a_byte_that_does_not_fit_is_named(csv: NationalMapping) -> None:
    found = rejected(f"{HEADER}\n".encode() + b"\x81", csv)
    assert (found.code, found.parameters) == (
        "wrong_encoding",
        {"encoding": "cp1250", "position": str(len(HEADER) + 2)},
    )


def test_columns_that_the_mapping_needs_are_named(csv: NationalMapping) -> None:
    found = rejected(b"PREDMET;DATUM\n1;2\n", csv)
    assert (found.code, found.parameters["mapping"]) == ("missing_column", "rs-zaplene")
    assert "VREME, ORGAN" in found.parameters["column"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"\n\n", "two columns|it is empty|has no column"),
        (f"{HEADER};PREDMET\n".encode("cp1250"), "two columns are called PREDMET"),
        (f'{HEADER}\n{LINE}\n"open'.encode("cp1250"), "row 3: unexpected end of data"),
        (f'{HEADER}\n"a"b{LINE}'.encode("cp1250"), "row 2: "),
    ],
)
def test_a_table_that_is_none_says_where(csv: NationalMapping, content: bytes, said: str) -> None:
    with pytest.raises(Rejected, match=said):
        list(rows_of(content, csv))


@pytest.mark.parametrize("line", [LINE + ";more", "KU-1;14.02.2026"])
def test_a_row_with_other_cells_than_the_header_is_a_problem_of_that_row(csv: NationalMapping, line: str) -> None:
    rows = list(rows_of(f"{HEADER}\n{line}\n{LINE};;\n".encode("cp1250"), csv))
    assert [[p.code for p in row.problems] for row in rows] == [["malformed_record"], []]


def test_json_is_an_array_or_an_object_with_records(json_mapping: NationalMapping) -> None:
    rows = [NationalRow(1, {"a": 1}), NationalRow(2, {"b": "1.50"})]
    array = '[{"a": 1}, {"b": 1.50}]'
    assert list(rows_of(array.encode(), json_mapping)) == rows
    assert list(rows_of(f'{{"records": {array}}}'.encode(), json_mapping)) == rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"a": 1},\n{"a" 2}]', "line 2, column 6"),
        ('{"rows": []}', '"records"'),
        ("[NaN]", "NaN is no JSON"),
        ('[{"a": 1, "a": 2}]', "'a' stands twice"),
        (f"[{{{', '.join(f'{str(n)!r}: 1' for n in range(200_000))}, '7': 2}}]".replace("'", '"'), "'7' stands twice"),
        ('["\\ud800"]', "half a surrogate pair"),
        ("[" * 30 + "]" * 30, "more than 24 levels"),
        ("[" * 100_000, "levels"),
        (f"[{'9' * 5000}]", "digits"),
    ],
)
def test_json_that_is_none_says_where(json_mapping: NationalMapping, text: str, said: str) -> None:
    found = rejected(text.encode(), json_mapping)
    assert found.code == "malformed_file"
    assert said in str(found)


def test_a_bad_line_of_json_lines_is_a_problem_of_that_line(jsonl: NationalMapping) -> None:
    rows = list(rows_of('{"a": 1}\n\n{"a":\n[1]\n{"a": "\u2028"}\n'.encode(), jsonl))
    assert [(row.number, [p.code for p in row.problems]) for row in rows] == [
        (1, []),
        (3, ["malformed_record"]),
        (4, ["malformed_record"]),
        (5, []),
    ]
    assert rows[1].fields == {"@text": '{"a":'}


def test_a_file_that_is_not_there_or_too_large_is_a_sentence(
    csv: NationalMapping, json_mapping: NationalMapping, tmp_path: Path
) -> None:
    with pytest.raises(Rejected, match=r"nothing\.csv cannot be opened"):
        read_rows(tmp_path / "nothing.csv", csv)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(Rejected, match="Divide it"):
        read_rows(large, json_mapping)


def test_harmonised_records_are_read_without_a_mapping(tmp_path: Path) -> None:
    lines = tmp_path / "seizures.jsonl"
    lines.write_text('{"a": 1}\n{"a": 2}\n', encoding="utf-8")
    assert list(read_objects(lines)) == [{"a": 1}, {"a": 2}]
    lines.write_text('{"a": 1}\n{"a"\n', encoding="utf-8")
    with pytest.raises(Rejected, match="record 2"):
        list(read_objects(lines))


@given(st.binary(max_size=200), st.sampled_from(["csv", "json", "jsonl"]))
def test_any_bytes_are_rows_or_one_clear_rejection(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, form: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / f"any-{form}.toml"
    path.write_text(MAPPING.replace('format = "csv"', f'format = "{form}"'), encoding="utf-8")
    mapping = load_mapping(path, CODE_LISTS)
    with suppress(Rejected):
        assert all(row.number >= 1 for row in rows_of(content, mapping))


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(), max_size=3), max_size=5))
def test_json_lines_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str | int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-jsonl.toml"
    path.write_text(JSON_TEXT.replace('"json"', '"jsonl"'), encoding="utf-8")
    mapping = load_mapping(path, CODE_LISTS)
    content = "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()
    assert [row.fields for row in rows_of(content, mapping)] == records
