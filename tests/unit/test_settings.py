"""Settings come from a file, secrets and the environment; what cannot be is named and never ignored."""

from pathlib import Path

import pytest

from interfocal.installation.installation import replicas
from interfocal.installation.settings import SETTINGS_FILE, Settings, load_settings
from schemas.errors import Misconfigured


def written(var: Path, text: str) -> Path:
    """A settings file."""
    (var / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return var


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path).model_dump() == Settings().model_dump()


def test_the_environment_comes_before_secrets_and_secrets_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, '[postgres]\nurl = "file"\nnames = "of_file"\n[kafka]\nbootstrap = "file:1"\n')
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "postgres.url").write_text("secret", encoding="utf-8")
    monkeypatch.setenv("INTERFOCAL_KAFKA__BOOTSTRAP", "environment:1")
    settings = load_settings(tmp_path)
    assert settings.kafka.bootstrap == "environment:1"
    assert settings.postgres.url == "secret"
    assert settings.postgres.names == "of_file"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[kafka]\nbootsrap = 'x'\n", "kafka.bootsrap"),
        ("[kafkas]\nbootstrap = 'x'\n", "kafkas"),
        ("[kafka]\nreplication = 0\n", "kafka.replication"),
        ("[outbox]\nbound_rows = 'many'\n", "outbox.bound_rows"),
        ("[postgres]\nnames = 'Robert; drop'\n", "postgres.names"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(Misconfigured, match=f"setting {named} "):
        load_settings(written(tmp_path, text))


@pytest.mark.parametrize(
    ("wanted", "brokers", "replication"), [(None, 1, 1), (None, 2, 2), (None, 3, 3), (None, 5, 3), (1, 3, 1), (3, 1, 3)]
)
def test_topics_have_a_replica_on_each_broker_that_is_named_up_to_three_or_as_many_as_are_wanted(
    wanted: int | None, brokers: int, replication: int
) -> None:
    assert replicas(wanted, ",".join(f"b{n}:9092" for n in range(brokers))) == replication


@pytest.mark.parametrize("prefix", ["pilot", "pilot.x", "Pilot.", ".", "pilot:"])
def test_a_prefix_of_topic_names_ends_in_its_delimiter(tmp_path: Path, prefix: str) -> None:
    """A right on ``pilot`` would be one on ``pilot-of-others`` as well."""
    with pytest.raises(Misconfigured, match=r"setting kafka\.prefix "):
        load_settings(written(tmp_path, f'[kafka]\nprefix = "{prefix}"\n'))
    assert load_settings(written(tmp_path, '[kafka]\nprefix = "pilot."\n')).kafka.prefix == "pilot."


def test_the_address_of_a_national_database_may_be_a_secret(tmp_path: Path) -> None:
    written(tmp_path, '[ways_in.folder]\nrs = "/srv/rs"\n[ways_in.sql.ba]\nsystem = "case-files"\n')
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "ways_in.sql.ba.url").write_text("postgresql://x/y", encoding="utf-8")
    found = load_settings(tmp_path).ways_in
    assert found.folder == {"rs": Path("/srv/rs")}
    assert found.sql["ba"].system == "case-files"
    assert found.sql["ba"].url.get_secret_value() == "postgresql://x/y"
    assert "x/y" not in repr(found)
