"""A watched folder: complete files only, each once, and nothing is lost or doubled whenever the process ends."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_cases import ROW, mapping_of, open_intake
from producers.intake.intake import Intake
from producers.ways_in.folder import WatchedFolder, complete, free_name, is_finished_name
from producers.ways_in.handing import IntakeTaker
from producers.ways_in.observer import Observer
from schemas.errors import OutboxFull, StoreAway

HEADER = ";".join(ROW)
LINE = ";".join(ROW.values()).replace(ROW["BROJ"], "C-41377")
stamps = st.dictionaries(st.sampled_from("abc"), st.tuples(*[st.integers(0, 2)] * 3))


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    opened = open_intake(tmp_path, mapping_of(tmp_path))
    yield opened
    opened.outbox.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    return folder


def watching(path: Path, intake: Intake, observer: Observer | None = None) -> WatchedFolder:
    taker = IntakeTaker(intake, observer or Observer(), "folder")
    return WatchedFolder(path, "RS", intake.mappings, taker.take)


def written(path: Path, *lines: str, name: str = "zaplene.csv") -> Path:
    file = path / name
    file.write_bytes("\n".join([HEADER, *lines]).encode("cp1250"))
    return file


def looked(folder: WatchedFolder, times: int = 2) -> list[dict[str, int]]:
    return [dict(report.counts) for _ in range(times) for report in folder.look()]


def report_at(path: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return told


def test_a_file_that_stands_still_for_two_looks_is_handed_over_and_put_away(path: Path, intake: Intake) -> None:
    told: list[tuple[str, str]] = []
    folder = watching(path, intake, Observer(lambda member, stream, _: told.append((member, stream))))
    written(path, LINE)
    assert looked(folder, 1) == []
    assert looked(folder, 1) == [{"accepted": 1}]
    assert told == [("RS", "seizure")]
    assert sorted(p.name for p in path.iterdir()) == ["done"]
    assert sorted(p.name for p in (path / "done").iterdir()) == ["zaplene.csv", "zaplene.csv.report.json"]
    assert report_at(path / "done" / "zaplene.csv.report.json")["counts"] == {"accepted": 1}


def test_a_file_that_still_grows_is_left_alone(path: Path, intake: Intake) -> None:
    folder = watching(path, intake)
    file = written(path)
    for number in range(3):
        assert looked(folder, 1) == []
        with file.open("ab") as more:
            more.write(f"\n{LINE.replace('KU-17/26', f'KU-{number}')}".encode("cp1250"))
    assert looked(folder) == [{"accepted": 3}]


@pytest.mark.parametrize("name", ["zaplene.csv.part", ".zaplene.csv", "~$zaplene.csv", "zaplene.csv.TMP"])
def test_a_file_with_an_unfinished_name_waits_for_its_rename(path: Path, intake: Intake, name: str) -> None:
    folder = watching(path, intake)
    file = written(path, LINE, name=name)
    assert looked(folder, 3) == []
    file.rename(path / "zaplene.csv")
    assert looked(folder) == [{"accepted": 1}]


def test_what_is_rejected_is_put_apart_with_its_reasons(path: Path, intake: Intake) -> None:
    folder = watching(path, intake)
    written(path, LINE, LINE.replace("KU-17/26", "KU-2").replace("Pištolj", "top"))
    written(path, name="popis.csv")
    (path / "zaplene2.csv").write_bytes(b"\x81")
    assert looked(folder) == [{}, {"accepted": 1, "rejected": 1}, {}]
    rejected = path / "rejected"
    mixed = report_at(rejected / "zaplene.csv.report.json")
    assert "VRSTA" in json.dumps(mixed)
    assert "no mapping for popis.csv" in str(report_at(rejected / "popis.csv.report.json")["fault"])
    assert "byte 1 does not fit" in str(report_at(rejected / "zaplene2.csv.report.json")["fault"])
    assert not (path / "done").exists()


def test_the_same_file_twice_changes_nothing_and_keeps_both(path: Path, intake: Intake) -> None:
    folder = watching(path, intake)
    written(path, LINE)
    assert looked(folder) == [{"accepted": 1}]
    written(path, LINE)
    assert looked(folder) == [{"unchanged": 1}]
    names = {"zaplene.csv", "zaplene.2.csv", "zaplene.csv.report.json", "zaplene.2.csv.report.json"}
    assert {p.name for p in (path / "done").iterdir()} == names
    assert len(list(intake.outbox.reading.all_rows())) == 1


@pytest.mark.parametrize("killed_at", ["replace", "rename", "mkdir"])
def test_a_restart_in_the_middle_loses_and_doubles_nothing(
    path: Path, intake: Intake, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    written(path, LINE, LINE.replace("KU-17/26", "KU-2"))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, killed_at, killed)
        with pytest.raises(KeyboardInterrupt):
            looked(watching(path, intake))
    assert (path / "zaplene.csv").exists()
    assert looked(watching(path, intake)) == [{"unchanged": 2}]
    assert len(list(intake.outbox.reading.all_rows())) == 2
    assert (path / "done" / "zaplene.csv").exists()


def test_a_file_stays_while_the_outbox_is_full(path: Path, tmp_path: Path) -> None:
    small = open_intake(tmp_path, mapping_of(tmp_path), bound_rows=1)
    folder = watching(path, small)
    written(path, LINE, LINE.replace("KU-17/26", "KU-2"))
    assert looked(folder, 1) == []
    with pytest.raises(OutboxFull):
        looked(folder, 1)
    assert (path / "zaplene.csv").exists()
    small.outbox.close()
    larger = open_intake(tmp_path, mapping_of(tmp_path))
    assert looked(watching(path, larger)) == [{"accepted": 2}]
    larger.outbox.close()


def test_links_and_folders_are_no_exports(path: Path, intake: Intake, tmp_path: Path) -> None:
    outside = written(tmp_path, LINE, name="zaplene-outside.csv")
    (path / "zaplene.csv").symlink_to(outside)
    (path / "zaplene9.csv").mkdir()
    os.mkfifo(path / "zaplene8.csv")
    assert looked(watching(path, intake), 3) == []
    assert outside.exists()


def test_a_folder_that_is_away_is_tried_again(tmp_path: Path, intake: Intake) -> None:
    folder = watching(tmp_path / "nothing", intake)
    with pytest.raises(StoreAway, match="cannot be read"):
        looked(folder)
    (tmp_path / "nothing").mkdir()
    written(tmp_path / "nothing", LINE)
    assert looked(folder) == [{"accepted": 1}]


@given(stamps, stamps)
def test_only_what_looks_the_same_twice_is_complete(
    before: dict[str, tuple[int, ...]], now: dict[str, tuple[int, ...]]
) -> None:
    found = complete(before, now)  # type: ignore[arg-type]  # three numbers each
    assert list(found) == sorted(name for name in now if name in before and before[name] == now[name])


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=9), st.integers(0, 4))
def test_a_free_name_is_free_and_keeps_its_ending(name: str, taken: int) -> None:
    names: list[str] = []
    for _ in range(taken + 1):
        names.append(free_name(name, names.__contains__))
    assert len(set(names)) == taken + 1
    assert names[0] == name
    assert is_finished_name("zaplene.csv")
