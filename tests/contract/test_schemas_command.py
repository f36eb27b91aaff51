"""``interfocal schemas`` keeps the contract: what it accepts may be released, and what is released stays."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from interfocal.commands.schemas import register
from schemas.errors import Malformed, Misconfigured
from schemas.wire.catalogue import avro_folder, read_versions

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the contract's files, nothing of it released."""
    copy = tmp_path / "avro"
    shutil.copytree(Path(str(avro_folder())), copy)
    (copy / "released.json").write_text("{}\n", encoding="utf-8")
    return copy


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs a schemas command on the copy; gives exit code and output."""
    app = typer.Typer()
    app.command("other")(lambda: None)
    register(app)

    def invoke(command: str, *arguments: object) -> tuple[int, str]:
        words = ["schemas", command, *map(str, arguments), "--folder", str(folder)]
        result = CliRunner().invoke(app, words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return invoke


def edited(path: Path, **changes: Any) -> Path:
    """Change the schema in a file, as an editor would."""
    schema = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(schema | changes, indent=2), encoding="utf-8")
    return path


def with_field(path: Path, **field: Any) -> Path:
    fields = json.loads(path.read_text(encoding="utf-8"))["fields"]
    return edited(path, fields=[*fields, {"name": "extra", "doc": "More", **field}])


def test_our_own_schemas_are_sound(run: Run) -> None:
    code, said = run("lint")
    assert (code, said) == (0, "11 schemas are sound, and any may follow any other of its stream.\n")


def test_lint_names_file_field_and_rule(run: Run, folder: Path) -> None:
    path = with_field(folder / "trace/1/schema.avsc", type="string")
    assert run("lint")[0] == 1
    code, said = run("lint", path)
    assert code == 1
    assert said.startswith("schema.avsc: extra: ")
    assert said.endswith("[uncoded_text]\n")


def test_a_released_version_may_neither_be_edited_nor_removed(run: Run, folder: Path) -> None:
    assert run("release", "trace", "missing") == (0, "Released: trace/1, missing/1.\n")
    assert run("lint")[0] == 0
    edited(folder / "trace/1/schema.avsc", doc="Otherwise")
    shutil.rmtree(folder / "missing/1")
    code, said = run("lint")
    assert code == 1
    assert "trace/1: restore it, and make a new version [released_file_edited]" in said
    assert "missing/1: restore it [released_file_removed]" in said


def test_a_new_stream_begins_with_its_example(run: Run, folder: Path) -> None:
    for stream in ("trace", "receipt"):
        (folder / stream / "1" / "schema.avsc").unlink()
        (folder / stream / "1" / "example.bin").unlink()
    assert run("draft", "trace", "receipt") == (0, "trace/1 is written.\nreceipt/1 is written.\n")
    assert run("lint")[0] == 0


def test_a_release_records_hashes_once(run: Run, folder: Path) -> None:
    run("release", "trace")
    released = json.loads((folder / "released.json").read_text(encoding="utf-8"))
    assert set(released) == {"trace/1"}
    assert len(released["trace/1"]) == 64
    with pytest.raises(Misconfigured, match="no draft"):
        run("release", "trace")


def test_what_is_not_sound_is_not_released(run: Run, folder: Path) -> None:
    with_field(folder / "trace/1/schema.avsc", type="string")
    assert run("release", "trace")[0] == 1
    assert json.loads((folder / "released.json").read_text(encoding="utf-8")) == {}


def test_what_readers_would_misread_is_not_released(run: Run, folder: Path) -> None:
    run("release", "trace")
    shutil.copytree(folder / "trace/1", folder / "trace/2")
    with_field(folder / "trace/2/schema.avsc", type="long")
    code, said = run("release", "trace")
    assert code == 1
    assert "newer_cannot_read_older" in said
    assert "(against trace/1)" in said


def test_a_draft_follows_the_last_release_only(run: Run, folder: Path) -> None:
    shutil.copytree(folder / "trace/1", folder / "trace/2")
    assert "draft_in_between" in run("lint")[1]
    shutil.rmtree(folder / "trace/1")
    assert "version_missing" in run("lint")[1]


def test_check_says_what_a_candidate_may_follow(run: Run, folder: Path, tmp_path: Path) -> None:
    candidate = Path(shutil.copy(folder / "trace/1/schema.avsc", tmp_path / "next.avsc"))
    with_field(candidate, type=["null", "long"], default=None, unit="gram")
    assert run("check", candidate) == (0, "next.avsc may follow trace/1.\n")
    with_field(candidate, name="another", type="long")
    code, said = run("check", candidate)
    assert code == 1
    assert "[newer_cannot_read_older]" in said


def test_check_holds_a_candidate_against_releases_rather_than_the_draft(run: Run, folder: Path, tmp_path: Path) -> None:
    candidate = Path(shutil.copy(folder / "trace/1/schema.avsc", tmp_path / "next.avsc"))
    run("release", "trace")
    shutil.copytree(folder / "trace/1", folder / "trace/2")
    with_field(folder / "trace/2/schema.avsc", type=["null", "long"], default=None, unit="gram")
    with_field(candidate, type=["null", "long"], default=None, unit="kilogram")
    assert run("check", candidate) == (0, "next.avsc may follow trace/1.\n")


def test_check_knows_a_renamed_event_by_its_stream(run: Run, folder: Path, tmp_path: Path) -> None:
    candidate = edited(Path(shutil.copy(folder / "trace/1/schema.avsc", tmp_path / "next.avsc")), name="Message")
    assert "first of its kind" in run("check", candidate)[1]
    code, said = run("check", candidate, "--stream", "trace")
    assert code == 1
    assert "[type_changed]" in said


def test_check_refuses_what_is_not_sound(run: Run, tmp_path: Path) -> None:
    candidate = tmp_path / "next.avsc"
    candidate.write_text("{", encoding="utf-8")
    assert run("check", candidate)[0] == 1
    candidate.write_bytes(b"\xff")
    with pytest.raises(Misconfigured, match=r"next\.avsc"):
        run("check", candidate)


def test_a_draft_is_written_as_model_and_example_say(run: Run, folder: Path) -> None:
    before = {path: path.read_bytes() for path in (folder / "trace/1").iterdir()}
    with_field(folder / "trace/1/schema.avsc", type="long")
    (folder / "trace/1/example.bin").unlink()
    assert run("draft", "trace") == (0, "trace/1 is written.\n")
    assert {path: path.read_bytes() for path in (folder / "trace/1").iterdir()} == before


def test_a_released_version_gets_a_successor_and_is_not_written(run: Run, folder: Path) -> None:
    run("release", "trace")
    before = (folder / "trace/1/schema.avsc").read_bytes()
    assert run("draft", "trace") == (0, "trace/2 is written.\n")
    assert (folder / "trace/1/schema.avsc").read_bytes() == before
    assert [version.name for version in read_versions(folder) if version.stream == "trace"] == ["trace/1", "trace/2"]
    assert (folder / "trace/2/example.bin").read_bytes()[:5] == b"\x00" + (302).to_bytes(4, "big")
    assert run("lint")[0] == 0


def test_a_draft_needs_an_example_that_fits(run: Run, folder: Path) -> None:
    example = folder / "trace/1/example.json"
    example.write_text(json.dumps(json.loads(example.read_text(encoding="utf-8")) | {"hop": 0}), encoding="utf-8")
    with pytest.raises(Malformed, match="hop"):
        run("draft", "trace")
    example.unlink()
    with pytest.raises(Misconfigured, match=r"example\.json"):
        run("draft", "trace")


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("gossip/1/schema.avsc", "{}"),
        ("trace/first/schema.avsc", "{}"),
        ("trace/0/schema.avsc", "{}"),
        ("trace/100/schema.avsc", "{}"),
        ("trace/2/schema.avsc", "{"),
        ("trace/2/example.json", "{}"),
        ("released.json", "[]"),
        ("released.json", "{"),
    ],
)
def test_a_folder_that_is_not_the_contracts_is_named(run: Run, folder: Path, place: str, content: str) -> None:
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_text(content, encoding="utf-8")
    with pytest.raises(Misconfigured, match=place.rpartition("/")[0] or place):
        run("lint")
