"""The national systems of a demo: each hands its records over in a way of its own. It changes with the ways in.

A region's ``demo.toml`` names each member's way under ``[ways_in]``; who is not named submits files. What a way needs
(a watched folder, a table in a national database) is made before the producers start, which find it in their settings.
"""

import json
import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg

from interfocal.demo import national_database
from interfocal.demo.waiting import wait
from interfocal.installation.endpoints import Endpoint, producer_endpoint
from interfocal.installation.installation import Installation
from interfocal.installation.region_folder import RegionFolder
from interfocal.installation.secrets import write_private
from interfocal.installation.settings import SECRETS_FOLDER
from interfocal.member.intake import intake_of
from interfocal.member.submitting import Handing, hand_over
from interfocal.servers.urls import database_url
from interfocal.transport.asking import client_of
from producers.intake.result import Result
from producers.mapping.files import MappingSet
from producers.mapping.mapping import NationalMapping
from producers.ways_in.bodies import row_object
from producers.ways_in.files import read_rows
from producers.ways_in.folder import REPORT_ENDING
from producers.ways_in.handing import FileReport, Tally, mappings_for
from producers.ways_in.python_call import TIMEOUT_S
from schemas.errors import Misconfigured

WAYS_FILE = "demo.toml"
NATIONAL_FOLDER = "national"
LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class National:
    """One member's national system, and the mappings that read what it exports."""

    installation: Installation
    code: str
    mappings: MappingSet

    @property
    def owner(self) -> str:
        """The member's code in lower case."""
        return self.installation.directory.member(self.code).owner

    @property
    def folder(self) -> Path:
        """The folder that its producer watches."""
        return self.installation.var / NATIONAL_FOLDER / self.owner

    @property
    def database(self) -> str:
        """The name of its own database."""
        return f"{self.installation.settings.postgres.names}_national_{self.owner.replace('-', '_')}"

    @property
    def intake(self) -> Endpoint:
        """Where its member's intake answers."""
        return producer_endpoint(self.installation.var, self.code)

    def chosen(self, path: Path) -> Sequence[NationalMapping]:
        """The mappings that read a file of this name."""
        return mappings_for(self.mappings, self.code, path.name)


def by_file(national: National, path: Path) -> FileReport:
    """A clerk submits the file."""
    with intake_of(national.installation.var, national.code) as exchange:
        return hand_over(Handing(exchange, national.code, national.mappings, {}), path)


def by_folder(national: National, path: Path) -> FileReport:
    """The system writes the file into the watched folder, under another name until it is complete."""
    draft = national.folder / f".{path.name}"
    shutil.copyfile(path, draft)
    draft.rename(national.folder / path.name)
    told = wait(lambda: next(national.folder.glob(f"*/{path.name}{REPORT_ENDING}"), None), f"the report of {path.name}")
    report = json.loads(told.read_text(encoding="utf-8"))
    results = tuple(Result.model_validate(result) for result in report["results"])
    return FileReport(path.name, results, report["fault"] or "", report["counts"])


def by_http(national: National, path: Path) -> FileReport:
    """A program in any language posts national records as JSON."""
    intake = national.intake
    headers = {"Authorization": f"Bearer {intake.api_key.get_secret_value()}"}
    tally = Tally()
    with client_of(intake.authority, TIMEOUT_S) as http:
        for mapping in national.chosen(path):
            asked = {"mapping": mapping.name}
            address = f"{intake.url}/v1/{mapping.stream}"
            answer = http.post(address, json=rows_of(path, mapping), params=asked, headers=headers)
            answer.raise_for_status()
            tally.add(Result.model_validate(result) for result in answer.json())
    return tally.report(path.name)


def by_python(national: National, path: Path) -> FileReport:
    """A program in Python calls the exchange."""
    tally = Tally()
    with intake_of(national.installation.var, national.code) as exchange:
        for mapping in national.chosen(path):
            tally.add(exchange.submit(mapping.stream, rows_of(path, mapping), mapping=mapping.name))
    return tally.report(path.name)


def by_sql(national: National, path: Path) -> FileReport:
    """The system writes into tables of its own, whose trigger fills the outbox table that its producer polls.

    A line of the file that holds no record is no row of a table.
    """
    with psycopg.connect(database_url(national.installation.postgres_url, national.database)) as connection:
        before = national_database.last_row(connection)
        chosen = national.chosen(path)
        for mapping in chosen:
            rows = [dict(row.fields) for row in read_rows(path, mapping) if not row.problems]
            national_database.insert(connection, mapping.name, rows)
        connection.commit()
        names = [mapping.name for mapping in chosen]
        told = wait(lambda: national_database.outcomes(connection, before, names), f"the table of {national.code}")
    tally = Tally()
    tally.add(told)
    return tally.report(path.name)


WAYS: Mapping[str, Callable[[National, Path], FileReport]] = MappingProxyType(
    {"file": by_file, "folder": by_folder, "http": by_http, "python": by_python, "sql": by_sql}
)
"""Every way in by its name in the report: how one file's records are brought by it."""


def ways_of(folder: RegionFolder) -> Mapping[str, str]:
    """Member code -> way, for those that a region names; raises Misconfigured for a way that is none."""
    file = folder.path / WAYS_FILE
    named = tomllib.loads(file.read_text(encoding="utf-8")).get("ways_in", {}) if file.exists() else {}
    for code, way in named.items():
        if way not in WAYS:
            raise Misconfigured(f"{file}: {code} brings records by {way!r}; the ways in are {', '.join(WAYS)}")
    return {str(code): str(way) for code, way in named.items()}


def prepare_national(installation: Installation, folder: RegionFolder) -> None:
    """Make what the ways in need, and write the producers' settings of them, each as a file of its own."""
    forget_national(installation.var)
    secrets = installation.var / SECRETS_FOLDER
    empty = MappingSet(())
    for code, way in ways_of(folder).items():
        national = National(installation, code, empty)
        if way == "folder":
            national.folder.mkdir(parents=True)
            write_private(secrets / f"ways_in.folder.{national.owner}", str(national.folder.resolve()).encode())
        elif way == "sql":
            url = national_database.make(installation.postgres_url, national.database)
            write_private(secrets / f"ways_in.sql.{national.owner}.url", url.encode())
    write_private(secrets / "ways_in.look_s", str(LOOK_S).encode())


def forget_national(var: Path) -> None:
    """Delete what an earlier demo made for its ways in, and the settings of them."""
    shutil.rmtree(var / NATIONAL_FOLDER, ignore_errors=True)
    for setting in (var / SECRETS_FOLDER).glob("ways_in.*"):
        setting.unlink()


def rows_of(path: Path, mapping: NationalMapping) -> list[dict[str, Any]]:
    """The rows of a file as objects, as a program would send them."""
    return [row_object(row) for row in read_rows(path, mapping)]
