"""A region that is no exercise: it seals, folds and shows records, and what an exercise says is nothing to it."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from interfocal.commands.main import build_app
from interfocal.installation.installation import Installation, Places, open_installation
from interfocal.ledger.verify import verify
from interfocal.limits import EXERCISE_NOTICE
from interfocal.stack import Stack, drop_database
from small_records import ASKED, ASKER, a_seizure
from small_region import (
    DIRECTORY,
    MemberParts,
    SmallRegion,
    drop_reader,
    member_parts,
    region_parts,
    settle,
    settled_region,
    write_settings,
)

NOTICE = "What may be shown to whom is agreed."
REAL = DIRECTORY.replace("exercise = true", f'exercise = false\nnotice = "{NOTICE}"')
WITHOUT_MEMBERS = REAL[: REAL.index("members = ")]
WHY = ("--person", "mark-7", "--purpose", "tracing", "--case", "C-77")


@pytest.fixture(scope="module")
def real(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallRegion]:
    """Such a region at rest."""
    with settled_region(stack, tmp_path_factory.mktemp("real"), f"t{secrets.token_hex(6)}.", REAL) as region:
        yield region


def typed(var: Path, *words: str) -> Result:
    return CliRunner().invoke(build_app(), [*words, "--var", str(var)])


def told(installation: Installation, *words: str) -> dict[str, Any]:
    result = typed(installation.var, *words, "--json")
    assert result.exit_code == 0, result.output
    assert EXERCISE_NOTICE not in result.output
    shown: dict[str, Any] = json.loads(result.stdout)
    assert shown["limits"] == [NOTICE]
    return shown


def test_its_records_are_sealed_folded_and_shown(real: SmallRegion) -> None:
    here = real.installation
    assert [row["reference"] for row in told(here, "view", "seizures", *WHY)["rows"]] == ["KU-1"]
    assert [row["of_event"] for row in told(here, "inbox", "--as", ASKED, *WHY)["inbox"]] == [real.events["request"]]
    assert told(here, "explain", real.events["missing"], "--to", ASKER, *WHY)["shown"]
    assert real.rows(here.region_url, "select distinct exercise from seizure_revision") == [(False,)]


def test_nobody_reads_them_without_a_purpose_and_a_case(real: SmallRegion) -> None:
    refused = typed(real.installation.var, "view", "seizures", "--person", "mark-7")
    assert refused.exit_code != 0
    assert "--purpose" in str(refused.exception)
    assert refused.stdout == ""


def of_an_exercise(parts: MemberParts) -> MemberParts:
    """The same member, as if its intake went by the directory of an exercise."""
    mistaken = parts.intake.directory.model_copy(update={"exercise": True})
    return replace(parts, intake=replace(parts.intake, directory=mistaken))


def test_what_an_exercise_says_goes_to_quarantine(real: SmallRegion, tmp_path: Path) -> None:
    with real.copy(tmp_path) as copied:
        here = copied.installation
        members = {ASKER: of_an_exercise(member_parts(here, ASKER)), ASKED: member_parts(here, ASKED)}
        parts = region_parts(here, members)
        try:
            (event,) = members[ASKER].submit("seizure", a_seizure("VJ-1", "C-9"))
            settle(here, members, parts)
        finally:
            parts.close()
            for member in members.values():
                member.close()
        reasons = {row["event_id"]: row["reason"] for row in told(here, "quarantine", "list")["rows"]}
        assert reasons[event] == "other_exercise"
        assert [row["reference"] for row in told(here, "view", "seizures", *WHY)["rows"]] == ["KU-1"]
        assert verify(here).balance.holds


@pytest.fixture
def empty(stack: Stack, tmp_path: Path) -> Iterator[Path]:
    """The folder of an installation that knows its servers, and nothing of a region."""
    var = tmp_path / "var"
    var.mkdir()
    write_settings(var, stack, f"e_{secrets.token_hex(6)}", f"t{secrets.token_hex(6)}.")
    yield var
    made = open_installation(var)
    drop_database(made.postgres_url, made.region_url.rsplit("/", 1)[1])
    drop_reader(made)


def test_it_begins_without_members_and_goes_on_without_its_root(empty: Path, tmp_path: Path) -> None:
    (tmp_path / "directory.toml").write_text(WITHOUT_MEMBERS, encoding="utf-8")
    assert typed(empty, "provision", "apply", "--region", str(tmp_path)).exit_code == 0
    root = Places(empty).root_key.rename(tmp_path / "root.pem")  # as if onto a machine without a network
    assert "exercise" not in typed(empty, "directory", "verify").stdout
    assert typed(empty, "member", "add", "CC", "--name", "Cesta", "--language", "en").exit_code == 0
    document = tmp_path / "2.jws"
    assert typed(empty, "directory", "sign", "--root", str(root), "--out", str(document)).exit_code == 0
    assert typed(empty, "provision", "apply", "--following", str(document)).exit_code == 0
    assert typed(empty, "directory", "publish", str(document)).exit_code == 0
    directory = open_installation(empty).directory
    assert (directory.exercise, directory.version, [member.code for member in directory.members]) == (False, 2, ["CC"])


def test_it_is_handed_over_to_roots_of_several_people_who_sign_the_next_version_together(
    empty: Path, tmp_path: Path
) -> None:
    def done(*words: str) -> str:
        result = typed(empty, *words)
        assert result.exit_code == 0, result.output
        return result.stdout

    (tmp_path / "directory.toml").write_text(WITHOUT_MEMBERS, encoding="utf-8")
    done("provision", "apply", "--region", str(tmp_path))
    before, files = Places(empty).root_key, [tmp_path / name / "root.pem" for name in ("one", "two")]
    names = [made_root(file) for file in files]
    assert names == [made_root(file) for file in files], "a key that is there is never made anew"
    assert len(set(names)) == len(names)
    done("directory", "roots", *names, "--threshold", "2")
    document = tmp_path / "2.jws"
    done("directory", "sign", "--root", str(before), "--root", str(files[0]), "--out", str(document))
    refused = typed(empty, "directory", "publish", str(document))
    assert refused.exit_code != 0, "one of two has signed"
    assert CliRunner().invoke(build_app(), ["directory", "sign", str(document), "--root", str(files[1])]).exit_code == 0
    done("directory", "publish", str(document))
    assert all(f"signed by root {name}" in done("directory", "verify") for name in names)


def made_root(file: Path) -> str:
    """A root's fingerprint, as the command says it; the key is its owner's alone."""
    said = CliRunner().invoke(build_app(), ["directory", "make-root", str(file)]).stdout
    assert file.stat().st_mode & 0o777 == 0o600
    return said.rsplit(" ", 1)[1].strip()
