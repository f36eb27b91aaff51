"""The ways in that a producer process goes and looks at: watched folders and outbox tables. It changes with those."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from interfocal.installation.settings import SqlTableSettings, WaysInSettings
from interfocal.process.logs import log
from interfocal.process.service import Worker
from producers.intake.intake import Intake
from producers.ways_in.folder import WatchedFolder
from producers.ways_in.handing import IntakeTaker
from producers.ways_in.observer import Observer
from producers.ways_in.sql_table import BULK_ROWS, SqlTable, outbox_table
from schemas.errors import Misconfigured, OutboxFull, StoreAway

FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Looking:
    """One thing to look at: its worker's name, whose it is, and what a look does (true: there is more at once)."""

    name: str
    member: str
    look: Callable[[], bool]


def looking_workers(settings: WaysInSettings, intakes: Mapping[str, Intake], observer: Observer) -> list[Worker]:
    """A worker for each folder and table of the members that this process serves; raises Misconfigured."""
    found = [*_folders(settings, intakes, observer), *_tables(settings, intakes, observer)]
    return [_worker(looking, settings.look_s) for looking in found]


def _folders(settings: WaysInSettings, intakes: Mapping[str, Intake], observer: Observer) -> Iterator[Looking]:
    for member, path in settings.folder.items():
        intake = intakes.get(member.upper())
        if intake is None:
            continue
        if not path.is_dir():
            raise Misconfigured(f"setting ways_in.folder.{member}: {path} is no folder; make it, or leave it out")
        taker = IntakeTaker(intake, observer, FOLDER)
        folder = WatchedFolder(path, intake.member, intake.mappings, taker.take)
        yield Looking(f"folder-{intake.member.lower()}", intake.member, partial(_look, folder))


def _look(folder: WatchedFolder) -> bool:
    for report in folder.look():
        log().info("file_taken", member=folder.member, clean=report.is_clean, **report.counts)
    return False


def _tables(settings: WaysInSettings, intakes: Mapping[str, Intake], observer: Observer) -> Iterator[Looking]:
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


def _worker(looking: Looking, look_s: float) -> Worker:
    def run(stop: threading.Event) -> None:
        while not stop.is_set():
            more = _looked(looking)
            if not more and stop.wait(look_s):
                return

    return Worker(looking.name, run, concern=looking.member)


def _looked(looking: Looking) -> bool:
    """Look once; what is away, or full, is tried again at the next look."""
    try:
        return looking.look()
    except (StoreAway, OutboxFull) as error:
        log().warning("way_in_waits", worker=looking.name, code=error.code)
        return False
