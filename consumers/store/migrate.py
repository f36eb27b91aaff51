"""Brings a database to the tables that this version of the program needs. It changes with Alembic.

There are three lineages, each a line of revisions under ``migrations/versions`` with its own branch label: ``store``
(every database), ``region`` and ``desk``. A database has ``store`` and one of the other two.

To add a migration, write one file there: ``NNNN_name.py`` with ``revision = "NNNN_name"``, ``down_revision`` = the
revision before it in the same lineage, ``branch_labels = None``, ``depends_on = None`` (or the revision of ``store``
that its tables need), and ``upgrade`` and ``downgrade`` in plain SQL (``op.execute``). The first file of a lineage has
``down_revision = None`` and ``branch_labels = ("<lineage>",)``. A released file is never edited.
"""

from dataclasses import dataclass
from typing import Literal

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy.pool import NullPool

from consumers.store.revision import all_revisions, newer
from schemas.errors import StoreAway

SHARED = "store"
MIGRATING = 0x696E7466  # advisory lock: two processes that start at once migrate one after the other
PLACE = "consumers.store:migrations"


@dataclass(frozen=True, slots=True)
class Migrated:
    """The newest revisions in a database before and after."""

    before: frozenset[str]
    after: frozenset[str]


def migrate(url: str, lineage: Literal["region", "desk"]) -> Migrated:
    """Bring the database to the newest tables of ``store`` and of one lineage; nothing is done twice.

    ``url`` is a PostgreSQL URL as libpq reads it. Returns what stood in the database before and stands there now.
    Raises StoreAway when the database does not answer, Misconfigured (``database_newer``) when a later version of the
    program has migrated it.
    """
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", PLACE)
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
            before = _revisions(connection)
            if unknown := sorted(before - all_revisions().keys()):
                raise newer(sqlalchemy.make_url(url).database or url, unknown)
            config.attributes["connection"] = connection
            for target in (SHARED, lineage):
                command.upgrade(config, f"{target}@head")
            return Migrated(before, _revisions(connection))
    except (psycopg.OperationalError, sqlalchemy.exc.OperationalError) as error:
        raise StoreAway(f"the database cannot be brought to the tables of {lineage}: it does not answer") from error


def _revisions(connection: sqlalchemy.Connection) -> frozenset[str]:
    """The newest revisions; the table is looked for first, since an error would end the transaction."""
    known = connection.execute(sqlalchemy.text("select to_regclass('alembic_version')")).scalar()
    rows = connection.execute(sqlalchemy.text("select version_num from alembic_version")) if known else ()
    return frozenset(str(version) for (version,) in rows)
