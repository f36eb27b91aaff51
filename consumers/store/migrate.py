"""Brings a database to the tables that this version of the program needs. It changes with Alembic.

There are three lineages, each a line of revisions under ``migrations/versions`` with its own branch label: ``store``
(every database), ``region`` and ``desk``. A database has ``store`` and one of the other two.

To add a migration, write one file there: ``NNNN_name.py`` with ``revision = "NNNN_name"``, ``down_revision`` = the
revision before it in the same lineage, ``branch_labels = None``, ``depends_on = None`` (or the revision of ``store``
that its tables need), and ``upgrade`` and ``downgrade`` in plain SQL (``op.execute``). The first file of a lineage has
``down_revision = None`` and ``branch_labels = ("<lineage>",)``. A released file is never edited.
"""

from typing import Literal

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy.pool import NullPool

from schemas.errors import StoreAway

SHARED = "store"
MIGRATING = 0x696E7466  # advisory lock: two processes that start at once migrate one after the other
PLACE = "consumers.store:migrations"


def migrate(url: str, lineage: Literal["region", "desk"]) -> None:
    """Bring the database to the newest tables of ``store`` and of one lineage; nothing is done twice.

    ``url`` is a PostgreSQL URL as libpq reads it. Raises StoreAway when the database does not answer.
    """
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", PLACE)
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
            config.attributes["connection"] = connection
            for target in (SHARED, lineage):
                command.upgrade(config, f"{target}@head")
    except (psycopg.OperationalError, sqlalchemy.exc.OperationalError) as error:
        raise StoreAway(f"the database cannot be brought to the tables of {lineage}: it does not answer") from error
