"""Scrapes every process of an installation again and again while something else runs."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from interfocal.installation.endpoints import believed, read_endpoints
from interfocal.watching.scraping import scrape_all
from schemas.errors import Misconfigured

EVERY_S = 1.0
COUNT = "_count"

Totals = Mapping[str, float]
"""Name of a sample -> the sum of its values over all processes and labels."""


@contextmanager
def scraping(var: Path) -> Iterator[list[Totals]]:
    """What is scraped until the block ends, in order; only rounds in which every process has answered count."""
    found: list[Totals] = []
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(EVERY_S):
            if totals := a_round(var):
                found.append(totals)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def a_round(var: Path) -> Totals:
    """One scrape of every process; nothing when one does not answer."""
    try:
        scraped = scrape_all(read_endpoints(var), believed(var))
    except Misconfigured:
        return {}
    totals: dict[str, float] = defaultdict(float)
    for process in scraped:
        if process.samples is None:
            return {}
        for sample in process.samples:
            totals[sample.name] += sample.value
    return totals


def total_of(totals: Totals, name: str) -> float:
    """A metric's total; of a histogram how often it was observed."""
    return totals.get(name, 0.0) + totals.get(f"{name}{COUNT}", 0.0)
