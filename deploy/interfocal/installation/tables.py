"""Asks before a process starts whether its databases have the tables of this version. It changes with what it asks."""

from collections.abc import Iterable
from contextlib import closing

from consumers.store.connection import connector
from schemas.errors import StoreAway


def check_databases(urls: Iterable[str]) -> None:
    """Raise Misconfigured where a database has tables of another version of the program.

    One that does not answer is left to whoever works with it: each connection asks the same again.
    """
    for url in urls:
        try:
            with closing(connector(url, "start")()):
                pass
        except StoreAway:
            continue
