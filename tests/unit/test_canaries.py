"""The search for canaries finds one in every spelling, wherever it begins: a search that finds nothing proves it."""

from base64 import b64encode
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from interfocal.demo.canaries import PORTION_BYTES, Canaries, file_holds, in_files, spellings

PART = {
    "case_details": "Found under the seat.",
    "persons": [{"name": "P. Person", "role": "driver"}],
    "attachments": [{"media_type": "image/jpeg", "caption": "item", "content": "a picture"}],
}


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_a_canary_is_found_in_every_spelling_whatever_stands_around_it(before: bytes, after: bytes) -> None:
    mark = "kanarinac0123456789abcdef"
    whole = before + mark.encode() + after
    for spelled in (whole, whole.hex().encode(), whole.hex().upper().encode(), b64encode(whole)):
        assert any(one in spelled for one in spellings(mark))


def test_every_text_of_a_part_gets_a_canary_of_its_own() -> None:
    canaries = Canaries(mark="kanarinac")
    planted = canaries.plant(PART)
    assert canaries.planted == 4
    assert planted["case_details"] == "Found under the seat. kanarinac-1"
    assert planted["persons"][0] == {"name": "P. Person kanarinac-2", "role": "driver kanarinac-3"}
    assert planted["attachments"][0]["caption"] == "item"
    assert planted["attachments"][0]["content"] == b64encode(b"a picture kanarinac-4").decode()


def test_a_canary_is_found_across_portions_of_a_file_and_in_folders(tmp_path: Path) -> None:
    mark = "kanarinac0123456789abcdef"
    deep = tmp_path / "kafka" / "logs" / "rs.trace-0"
    deep.mkdir(parents=True)
    (deep / "0.log").write_bytes(b"\0" * (PORTION_BYTES - 5) + mark.encode() + b"\0" * 100)
    (deep / "0.index").write_bytes(b"\0" * 100)
    (tmp_path / "clean.log").write_bytes(b"kanarinac")
    assert list(in_files(tmp_path, mark)) == ["kafka/logs/rs.trace-0/0.log"]


def test_a_file_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert not file_holds(tmp_path / "gone", [b"x"])
