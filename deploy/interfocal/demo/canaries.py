"""Canaries: words that stand in sealed parts and nowhere else, searched for wherever they must not be.

It changes when the exchange keeps something in another place, or in another spelling.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from consumers.store.connection import connector
from consumers.view.queries import Wanted
from interfocal.clock import random_bytes
from interfocal.commands.view import ListName, read_list
from interfocal.installation.access import authority_of
from interfocal.installation.endpoints import read_endpoints
from interfocal.installation.installation import Installation
from interfocal.transport.asking import client_of

MARK_BYTES = 8
PORTION_BYTES = 4 * 1024 * 1024
INDEXES = frozenset({".index", ".timeindex", ".txnindex"})  # of segments: offsets and times, in large empty files
LIST_ROWS = 100_000
TABLES = "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"


@dataclass(slots=True)
class Canaries:
    """Those of one run: each is the run's mark and a number of its own."""

    mark: str = field(default_factory=lambda: f"kanarinac{random_bytes(MARK_BYTES).hex()}")
    planted: int = 0

    def plant(self, part: Mapping[str, Any]) -> dict[str, Any]:
        """A sealed part with a canary in each of its fields, its attachments included."""
        planted: dict[str, Any] = self._planted(dict(part))
        return planted

    def _planted(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._field(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._planted(inner) for inner in value]
        return f"{value} {self._next()}"

    def _field(self, name: str, value: Any) -> Any:
        if name == "content":
            return b64encode(f"{value} {self._next()}".encode()).decode()
        return value if name in {"media_type", "caption"} else self._planted(value)

    def _next(self) -> str:
        self.planted += 1
        return f"{self.mark}-{self.planted}"


def spellings(mark: str) -> tuple[bytes, ...]:
    """How a mark looks as text, in hexadecimal, and in base64 at each of the three places where it can begin."""
    raw = mark.encode()
    shifted = (b64encode(b"\0" * shift + raw) for shift in range(3))
    inner = (text[4:-4] for text in shifted)  # what comes before and after cannot change these
    return raw, raw.hex().encode(), raw.hex().upper().encode(), *inner


def places(installation: Installation, mark: str) -> Iterator[str]:
    """Every place that holds a mark: files of brokers, servers, processes and members, tables, lists and metrics."""
    yield from in_files(installation.var, mark)
    for url in (installation.region_url, *installation.desk_urls.values()):
        yield from in_database(url, mark)
    yield from in_lists(installation, mark)
    yield from in_metrics(installation, mark)


def in_files(folder: Path, mark: str) -> Iterator[str]:
    """The files under a folder that hold a mark."""
    wanted = spellings(mark)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in INDEXES and file_holds(path, wanted):
            yield str(path.relative_to(folder))


def file_holds(path: Path, wanted: Sequence[bytes]) -> bool:
    """Whether a file holds one of these; one that goes away meanwhile holds nothing."""
    longest = max(map(len, wanted))
    kept = b""
    try:
        with path.open("rb") as file:
            while portion := file.read(PORTION_BYTES):
                window = kept + portion
                if any(one in window for one in wanted):
                    return True
                kept = window[-longest:]
    except FileNotFoundError:
        return False
    return False


def in_database(url: str, mark: str) -> Iterator[str]:
    """The tables of a database of which a row holds a mark, whatever it is compressed to on the disk."""
    wanted = [one.decode() for one in spellings(mark)]
    with psycopg.connect(url) as connection:
        for schema, table in connection.execute(TABLES).fetchall():
            query = sql.SQL(
                "select exists (select from {} as row cross join unnest(%s::text[]) as wanted"
                " where strpos(row::text, wanted) > 0)"
            ).format(sql.Identifier(schema, table))
            row = connection.execute(query, [wanted]).fetchone()
            if row and row[0]:
                yield f"{connection.info.dbname}: {table}"


def in_lists(installation: Installation, mark: str) -> Iterator[str]:
    """The lists that can be exported from the view, as text."""
    for listing in ListName:
        with connector(installation.region_url, "canaries")() as connection:
            listed = read_list(connection, listing, Wanted(), LIST_ROWS)
        if any(one in repr(listed).encode() for one in spellings(mark)):
            yield f"list of {listing.value}"


def in_metrics(installation: Installation, mark: str) -> Iterator[str]:
    """The processes whose metrics hold a mark."""
    told = read_endpoints(installation.var)
    with client_of(authority_of(installation), 10.0) as http:
        for url in (*told["producers"].values(), told["desks"], told["region"]):
            shown = http.get(f"{url}/metrics").content
            if any(one in shown for one in spellings(mark)):
                yield f"{url}/metrics"
