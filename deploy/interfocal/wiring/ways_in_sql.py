"""The outbox tables of members' national databases. It changes with what is set of a table."""

from collections.abc import Iterator, Mapping
from functools import partial

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from interfocal.installation.settings import SqlTableSettings, WaysInSettings
from interfocal.wiring.looking import Looking
from producers.intake.intake import Intake
from producers.ways_in.observer import Observer
from producers.ways_in.sql_table import BULK_ROWS, SqlTable, outbox_table
from schemas.errors import Misconfigured


def lookings(settings: WaysInSettings, intakes: Mapping[str, Intake], observer: Observer) -> Iterator[Looking]:
    """Each table of the members that this process serves; raises Misconfigured."""
    for member, given in settings.sql.items():
        intake = intakes.get(member.upper())
        if intake is None:
            continue
        table = _table(member, given, intake, observer)
        yield Looking(f"sql-{intake.member.lower()}", intake.member, partial(_poll, table))


def _poll(table: SqlTable) -> bool:
    return table.look() == BULK_ROWS


def _table(member: str, given: SqlTableSettings, intake: Intake, observer: Observer) -> SqlTable:
    try:
        url = make_url(given.url.get_secret_value())
        # The driver that is installed; another one may be named in the address.
        url = url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url
        engine = create_engine(url, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise Misconfigured(
            f"setting ways_in.sql.{member}.url is no address of a database that can be reached from here"
            f" ({type(error).__name__}): write postgresql://user@host/name, or install the driver"
        ) from None
    return SqlTable(engine, outbox_table(given.table), intake, observer, given.system)
