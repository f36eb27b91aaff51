"""An exported event is checked as `deploy/README.md` tells outsiders to: without anything of ours."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from documents import OPERATION, section
from interfocal.commands.main import build_app
from interfocal.exporting import FORMAT
from interfocal.installation.installation import Installation
from interfocal.limits import EXERCISE_NOTICE
from schemas.trust import base64url
from small_records import ASKED, ASKER
from small_region import SmallRegion

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def here(settled: SmallRegion, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with settled.copy(tmp_path_factory.mktemp("export")) as copied:
        yield copied.installation


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exactly the document's script."""
    text = "\n".join(section(OPERATION, "## Checking an event without Interfocal"))
    (script,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    path = tmp_path_factory.mktemp("outside") / "check.py"
    path.write_text(script, encoding="utf-8")
    return path


def run(here: Installation, *words: str) -> Result:
    return CliRunner().invoke(build_app(), [*words, "--var", str(here.var)])


def export(here: Installation, event: str, *options: str) -> dict[str, Any]:
    result = run(here, "event", "export", event, *options)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def check(checker: Path, told: dict[str, Any], *roots: str) -> subprocess.CompletedProcess[str]:
    file = checker.with_name("event.json")
    file.write_text(json.dumps(told), encoding="utf-8")
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-W", "ignore", str(checker), str(file), *roots]
    return subprocess.run(  # noqa: S603  # the document's own script
        command, capture_output=True, text=True, check=False, cwd=checker.parent, env=outside
    )


def roots_of(here: Installation) -> list[str]:
    return sorted(here.kept.trust.roots)


@pytest.mark.parametrize(
    ("name", "desk"), [("seizure", None), ("missing", None), ("request", None), ("request", ASKER), ("request", ASKED)]
)
def test_the_documents_script_takes_what_was_exported(
    here: Installation, settled: SmallRegion, checker: Path, name: str, desk: str | None
) -> None:
    event = settled.events[name]
    told = export(here, event, *(("--as", desk) if desk else ()))
    assert (told["format"], told["event"]["event_id"]) == (FORMAT, event)
    assert told["limits"][0] == EXERCISE_NOTICE
    found = check(checker, told, *roots_of(here))
    assert (found.returncode, found.stderr) == (0, "")
    said, _, shown = found.stdout.partition(": ")
    assert said == f"Sealed by {told['event']['member']}"
    assert json.loads(shown)["event_id"] == event


def test_a_desk_exports_what_was_delivered_as_its_sender_sealed_it(here: Installation, settled: SmallRegion) -> None:
    of_region, of_desk = (export(here, settled.events["request"], *desk) for desk in ((), ("--as", ASKED)))
    assert of_desk == of_region
    assert of_desk["topic"] == f"{ASKER.lower()}.trace"


def flipped(text: str, at: int) -> str:
    """Base64url with one bit of its bytes turned."""
    raw = bytearray(base64url.decode(text.encode()))
    raw[at] ^= 1
    return base64url.encode(bytes(raw)).decode()


def other_seal(told: dict[str, Any]) -> None:
    protected, _, signature = told["seal"].partition("..")
    told["seal"] = f"{protected}..{flipped(signature, 9)}"


def other_claims(told: dict[str, Any]) -> None:
    protected, _, signature = told["seal"].partition("..")
    claims = base64url.decode(protected.encode()).replace(b'"seq":1', b'"seq":2')
    told["seal"] = f"{base64url.encode(claims).decode()}..{signature}"


def other_directory(told: dict[str, Any]) -> None:
    head, payload, signature = told["directory"]["document"].split(".")
    directory = json.loads(base64url.decode(payload.encode()))
    for member in directory["members"]:
        member["keys"] = directory["members"][0]["keys"]
    told["directory"]["document"] = ".".join(
        (head, base64url.encode(json.dumps(directory).encode()).decode(), signature)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(value=flipped(told["value"], -1)),
        lambda told: told.update(value=flipped(told["value"], 9)),
        lambda told: told.update(topic="bb.seizure"),
        lambda told: told.update(key=""),
        lambda told: told["schema"].update(id=102),
        other_seal,
        other_claims,
        other_directory,
    ],
    ids=["last_bit", "a_bit", "topic", "key", "schema_id", "seal", "claims", "directory"],
)
def test_the_documents_script_refuses_what_was_tampered_with(
    here: Installation, settled: SmallRegion, checker: Path, change: Change
) -> None:
    told = export(here, settled.events["seizure"])
    change(told)
    found = check(checker, told, *roots_of(here))
    assert (found.returncode, found.stdout) == (1, "")
    assert "REFUSED" in found.stderr or "joserfc.errors" in found.stderr


def test_the_documents_script_prints_what_was_sealed_and_not_the_copy_for_reading(
    here: Installation, settled: SmallRegion, checker: Path
) -> None:
    told = export(here, settled.events["seizure"])
    found = check(checker, {**told, "event": {"own_reference": "FORGED-7"}}, *roots_of(here))
    assert (found.returncode, "FORGED-7" in found.stdout) == (0, False)


@pytest.mark.parametrize("roots", [(), ("A" * 43,)])
def test_the_documents_script_refuses_a_directory_of_roots_that_are_not_trusted(
    here: Installation, settled: SmallRegion, checker: Path, roots: tuple[str, ...]
) -> None:
    found = check(checker, export(here, settled.events["seizure"]), *roots)
    assert (found.returncode, found.stdout) == (1, "")
    assert "REFUSED: not all of the roots" in found.stderr


def test_a_seal_of_another_event_is_refused(here: Installation, settled: SmallRegion, checker: Path) -> None:
    told, other = (export(here, settled.events[name]) for name in ("seizure", "request"))
    assert "joserfc.errors" in check(checker, {**told, "seal": other["seal"]}, *roots_of(here)).stderr


@pytest.mark.parametrize("desk", [None, ASKED])
def test_an_export_is_logged_with_who_purpose_and_case(
    here: Installation, settled: SmallRegion, desk: str | None
) -> None:
    said = ("--person", "mark-7", "--purpose", "tracing", "--case", "C-77")
    export(here, settled.events["request"], *said, *(("--as", desk) if desk else ()))
    rows = json.loads(run(here, "audit", "list", "--json", *(("--desk", desk) if desk else ())).stdout)["rows"]
    last = rows[-1]
    assert (last["kind"], last["person"], last["member"]) == ("export", "mark-7", desk or "REGION")
    assert (last["purpose"], last["case"]) == ("tracing", "C-77")
    assert json.loads(last["what"]) == {"event": settled.events["request"], "topic": f"{ASKER.lower()}.trace"}


def test_a_file_is_private_and_never_written_over(here: Installation, settled: SmallRegion, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    words = ("event", "export", settled.events["seizure"][:8], "--out", str(file))
    assert run(here, *words).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_bytes()) == export(here, settled.events["seizure"])
    assert "is there already" in str(run(here, *words).exception)


@pytest.mark.parametrize("event", ["x", "00000000", "%%%%%%%%"])
def test_what_is_not_here_is_not_exported(here: Installation, event: str) -> None:
    result = run(here, "event", "export", event)
    assert (result.exit_code != 0, result.stdout) == (True, "")


def test_an_event_whose_seal_does_not_hold_is_not_exported(settled: SmallRegion, tmp_path: Path) -> None:
    with settled.copy(tmp_path) as copied:
        event = copied.events["seizure"]
        copied.change(
            copied.installation.region_url,
            f"update event set value = set_byte(value, 9, get_byte(value, 9) # 1) where event_id = '{event}'",
        )
        result = run(copied.installation, "event", "export", event)
        assert (result.exit_code != 0, result.stdout) == (True, "")
        assert "(bad_signature)" in str(result.exception)
