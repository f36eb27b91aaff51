"""Nothing works on another version's tables: a newer database is refused, an older one is brought on by one command."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from consumers.store.connection import connector
from consumers.store.migrate import PLACE, migrate
from consumers.store.revision import newest
from interfocal.commands.main import run
from interfocal.stack import drop_database
from producers.outbox import LAYOUT, layout_of
from running import interfocal
from schemas.errors import Misconfigured
from small_records import ASKED, ASKER
from small_region import SmallRegion

NEWER = (
    "update alembic_version set version_num = '9999_later'"
    " where version_num = (select min(version_num) from alembic_version)"
)
LINEAGES: tuple[Literal["region", "desk"], ...] = ("region", "desk")


@pytest.fixture
def small(settled: SmallRegion, tmp_path: Path) -> Iterator[SmallRegion]:
    with settled.copy(tmp_path) as copied:
        yield copied


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def downgrade(url: str, target: str) -> None:
    """What the database was before its last migrations."""
    config = Config()
    config.set_main_option("script_location", PLACE)
    config.set_main_option("path_separator", "os")
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, target)


@pytest.mark.parametrize("lineage", LINEAGES)
def test_a_database_of_this_version_is_connected_to(database: str, lineage: Literal["region", "desk"]) -> None:
    done = migrate(database, lineage)
    assert (done.before, done.after) == (frozenset(), newest(lineage))
    assert migrate(database, lineage).before == newest(lineage)
    connector(database, "test")().close()


def test_an_empty_database_is_not_connected_to(database: str) -> None:
    with pytest.raises(Misconfigured, match=r"has no tables yet.*interfocal migrate") as told:
        connector(database, "test")()
    assert told.value.code == "database_older"


@pytest.mark.parametrize("lineage", LINEAGES)
def test_a_newer_database_is_neither_connected_to_nor_migrated(
    database: str, lineage: Literal["region", "desk"]
) -> None:
    migrate(database, lineage)
    execute(database, NEWER)
    for attempt in (connector(database, "test"), lambda: migrate(database, lineage)):
        with pytest.raises(Misconfigured, match="9999_later") as told:
            attempt()
        assert told.value.code == "database_newer"


def test_an_older_database_is_not_connected_to_until_it_is_migrated(database: str) -> None:
    migrate(database, "desk")
    downgrade(database, "0008_told")
    with pytest.raises(Misconfigured, match="stands at 0008_told"):
        connector(database, "test")()
    migrate(database, "desk")
    connector(database, "test")().close()


def words(small: SmallRegion, *given: str) -> list[str]:
    return [*given, "--var", str(small.installation.var)]


@pytest.mark.parametrize("process", ["region", "desks"])
def test_a_process_of_an_older_program_does_not_start(small: SmallRegion, process: str) -> None:
    installation = small.installation
    execute(installation.region_url if process == "region" else installation.desk_url(ASKED), NEWER)
    told = interfocal(*words(small, "run", process))
    assert told.returncode == 2
    assert "9999_later, which this version of the program does not know" in told.stderr


@pytest.mark.parametrize(
    "command_words",
    [["view", "summary"], ["quarantine", "list"], ["trace", "list"], ["ledger", "verify"], ["rebuild", "--verify"]],
)
def test_no_command_reads_a_newer_database(small: SmallRegion, command_words: list[str]) -> None:
    execute(small.installation.region_url, NEWER)
    assert run(words(small, *command_words)) == 2


def test_migrate_brings_everything_on_and_says_what_it_did(
    small: SmallRegion, capsys: pytest.CaptureFixture[str]
) -> None:
    installation = small.installation
    region = installation.region_url.rsplit("/", 1)[1]
    drop_database(installation.postgres_url, region)
    downgrade(installation.desk_url(ASKED), "0008_told")
    outbox = installation.places.outbox(ASKER)
    with closing(sqlite3.connect(outbox)) as old:
        old.executescript("alter table rejected drop column mapping; pragma user_version = 1;")
    assert run(words(small, "migrate")) == 0
    told = capsys.readouterr().out.splitlines()
    assert f"database {region}: made -> {', '.join(sorted(newest('region')))}" in told
    desk = installation.desk_url(ASKED).rsplit("/", 1)[1]
    older = ["0008_told", "0021_audit"]  # the audit log has a line of its own
    assert f"database {desk}: {', '.join(older)} -> {', '.join(sorted(newest('desk')))}" in told
    assert f"outbox of {ASKER}: layout 1 -> layout {LAYOUT}" in told
    assert layout_of(outbox) == LAYOUT
    assert len(told) == 1 + 2 + 2
    assert run(words(small, "migrate")) == 0
    assert all("has the tables of this version" in line for line in capsys.readouterr().out.splitlines())
    assert run(words(small, "quality", "--as", ASKER)) == 0


def test_an_outbox_of_a_later_version_is_left_alone(small: SmallRegion, capsys: pytest.CaptureFixture[str]) -> None:
    outbox = small.installation.places.outbox(ASKED)
    with closing(sqlite3.connect(outbox)) as later:
        later.execute("pragma user_version = 99")
    assert run(words(small, "migrate")) == 2
    assert "has layout 99" in capsys.readouterr().err
    assert layout_of(outbox) == 99
