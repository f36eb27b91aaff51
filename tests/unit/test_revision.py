"""What a database must have is read from the migrations' files, and is what Alembic would make of them."""

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from consumers.store.migrate import PLACE
from consumers.store.revision import all_revisions, newest


@pytest.fixture
def alembic() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", PLACE)
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def test_every_migration_is_known(alembic: ScriptDirectory) -> None:
    assert all_revisions().keys() == {script.revision for script in alembic.walk_revisions()}
    for script in alembic.walk_revisions():
        said = all_revisions()[script.revision]
        assert (said["down_revision"], said["depends_on"]) == (script.down_revision, script.dependencies)


@pytest.mark.parametrize("lineage", ["region", "desk"])
def test_the_newest_of_a_lineage_are_those_that_alembic_stops_at(alembic: ScriptDirectory, lineage: str) -> None:
    heads = {alembic.get_revision(f"{label}@head").revision for label in ("store", lineage)}
    under = {
        script.revision
        for head in heads
        for script in alembic.iterate_revisions(head, "base", inclusive=False, implicit_base=True)
    }
    implied = {dependency for name in heads | under if (dependency := all_revisions()[name]["depends_on"])}
    assert newest(lineage) == heads - implied


def test_a_file_is_called_as_its_revision(alembic: ScriptDirectory) -> None:
    assert all(script.path.endswith(f"/{script.revision}.py") for script in alembic.walk_revisions())
