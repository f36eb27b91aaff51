"""Settings are shown with their sources and without secrets, and what is wrong with them is said."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from documents import OPERATION, named, table
from interfocal.commands.main import build_app
from interfocal.installation.settings import PLAIN_VARIABLES, SETTINGS_FILE
from interfocal.installation.settings_told import MASK, SettingsTold, told_settings

PASSWORD = "hunter2-and-more"  # noqa: S105  # what must never be shown
FILE = f"""
[postgres]
url = "postgresql://app:{PASSWORD}@db.example:5432/postgres?sslmode=require"
[ways_in.folder]
rs = "/srv/rs"
[ways_in.sql.ba]
url = "postgresql://app:{PASSWORD}@other/cases"
"""


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """An installation with settings in its file and its secrets, all of them well kept."""
    (tmp_path / SETTINGS_FILE).write_text(FILE, encoding="utf-8")
    (tmp_path / SETTINGS_FILE).chmod(0o600)
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    keep(secrets / "kafka.bootstrap", PASSWORD)
    return tmp_path


def keep(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def shown(told: SettingsTold) -> dict[str, tuple[str, str]]:
    return {one.name: (one.value, one.source) for one in told.settings}


def sentences(told: SettingsTold) -> list[str]:
    return [problem.sentence for problem in told.problems]


def test_each_setting_is_shown_with_the_source_that_wins(var: Path) -> None:
    told = told_settings(var, {"INTERFOCAL_LOOP__BATCH_RECORDS": "7", "INTERFOCAL_POSTGRES__NAMES": "mine"})
    assert told.problems == ()
    found = shown(told)
    assert found["loop.batch_records"] == ("7", "environment")
    assert found["kafka.bootstrap"] == (MASK, "secret")
    assert found["postgres.names"] == ("mine", "environment")
    assert found["ways_in.folder.rs"] == ("/srv/rs", "file")
    assert found["outbox.bound_rows"] == ("200000", "default")


def test_no_password_and_no_secret_is_shown(var: Path) -> None:
    told = told_settings(var, {"INTERFOCAL_POSTGRES__URL": f"postgresql://app:{PASSWORD}@db/postgres"})
    assert PASSWORD not in repr(told)
    assert shown(told)["ways_in.sql.ba.url"] == (MASK, "file")
    assert shown(told)["postgres.url"] == ("postgresql://db/postgres", "environment")


@pytest.mark.parametrize("name", ["INTERFOCAL_KAFK__BOOTSTRAP", "INTERFOCAL_LOOPS", "INTERFOCAL_LOOP__BATCH"])
def test_a_variable_that_nothing_reads_is_named(var: Path, name: str) -> None:
    assert any(f"variable {name} is no setting" in text for text in sentences(told_settings(var, {name: "x"})))


def test_variables_that_are_no_settings_are_those_that_are_documented(var: Path) -> None:
    assert told_settings(var, dict.fromkeys(PLAIN_VARIABLES, "x")).problems == ()
    documented = {named(row[0])[0] for row in table(OPERATION, "## Settings") if len(row) == 2}
    assert documented == PLAIN_VARIABLES


def test_a_secret_that_nothing_reads_is_named(var: Path) -> None:
    keep(var / "secrets" / "postgres-url", PASSWORD)
    (text,) = sentences(told_settings(var, {}))
    assert "postgres-url is no setting" in text


@pytest.mark.parametrize("text", ["[kafka\n", "[kafka]\nbootsrap = 'x'\n", "[outbox]\nbound_rows = 'many'\n", "\x80"])
def test_a_file_that_cannot_be_used_is_said_and_the_rest_is_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(text.encode("latin-1"))
    told = told_settings(tmp_path, {})
    assert any(SETTINGS_FILE in sentence for sentence in sentences(told))
    assert len(told.settings) > 10


def test_what_others_may_read_is_named_with_the_command_that_mends_it(var: Path) -> None:
    (var / "secrets").chmod(0o755)
    keep(var / "secrets" / "kafka.bootstrap", "x", 0o640)
    member = var / "members" / "rs" / "secrets"
    member.mkdir(parents=True, mode=0o700)
    keep(member / "seal.pem", "x", 0o644)
    (var / SETTINGS_FILE).chmod(0o644)
    mends = {problem.mend for problem in told_settings(var, {}).problems}
    assert mends == {
        f"chmod 0700 {var / 'secrets'}",
        f"chmod 0600 {var / 'secrets' / 'kafka.bootstrap'}",
        f"chmod 0600 {member / 'seal.pem'}",
        f"chmod 0600 {var / SETTINGS_FILE}",
    }


@pytest.fixture(autouse=True)
def _nothing_is_set_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("INTERFOCAL_")]:
        monkeypatch.delenv(name)


def check(*arguments: str) -> Any:
    return CliRunner().invoke(build_app(["config"]), ["config", "check", *arguments])


def test_the_command_shows_them_and_exits_by_whether_they_can_be_used(var: Path) -> None:
    good = check("--var", str(var))
    assert (good.exit_code, PASSWORD in good.output) == (0, False)
    assert "can be used" in good.stdout
    (var / SETTINGS_FILE).write_text("[kafka]\nbootsrap = 'x'\n", encoding="utf-8")
    bad = check("--problems", "--var", str(var))
    assert bad.exit_code == 1
    assert "kafka.bootsrap" in bad.stdout
    assert "batch_records" not in bad.stdout


def test_as_json_it_says_the_same(var: Path) -> None:
    told = json.loads(check("--json", "--var", str(var)).stdout)
    assert "limits" not in told  # nothing of a region is in it
    assert {"name": "ways_in.folder.rs", "value": "/srv/rs", "source": "file"} in told["settings"]
