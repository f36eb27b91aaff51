"""Cost against the number of region processes that share one view. It changes with how instances share their work.

Each number of instances folds the same topics from their start, into a database of its own.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import MILLION, Figures
from bench.rebuilding import publish
from bench.using import database_s, processor_s
from interfocal.stack import down, up
from interfocal.wiring.region import WORKERS_OFF
from running import PRODUCER, REGION, Exchange, beside, prepared, rows

INSTANCES = (1, 2, 3)
NAMES = [f"{REGION}-{letter}" for letter in "abc"]
DATABASES = "INTERFOCAL_POSTGRES__NAMES"
COLUMNS = ("instances", "events", "a second", "ours: CPU µs an event", "PostgreSQL: CPU µs", "share of the least busy")
FOLDED = "select count(*), extract(epoch from max(folded_at) - min(folded_at))::float8 from event"
NOTE = "Four topics of members; the start of a process, measured with nothing to fold, is taken off its CPU time."


def measure(count: int) -> Iterator[Figures]:
    """So many events folded by one, two and three instances."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            stack = up(Path(folder) / "stack", progress=lambda _message: None)
            with prepared(stack, Path(folder) / "var", "i.", [PRODUCER, *NAMES]) as running:
                publish(running.installation, count)
                start_s = start_of_one(running)
                found = [row(running, instances, count, start_s) for instances in INSTANCES]
            yield Figures("Cost against instances of the view", COLUMNS, found, NOTE)
        finally:
            down(Path(folder) / "stack", wipe=True)


def start_of_one(running: Exchange) -> float:
    """Seconds of processors that an instance uses until it is ready, where there is nothing to fold.

    What is published is folded before, into the live database, by an instance that is ended again.
    """
    for _ in range(2):
        running.start_at_once({NAMES[0]: {WORKERS_OFF: "1"}})
        used = processor_s(running)[NAMES[0]]
        running.stop(NAMES[0])
    return used


def row(running: Exchange, instances: int, count: int, start_s: float) -> tuple[object, ...]:
    """One number of instances, started at once; each is ready when all is folded that it has to fold."""
    names = NAMES[:instances]
    installation = running.installation
    with beside(installation, f"{installation.settings.postgres.names}_{instances}") as anew:
        database = database_s(anew)
        told = {DATABASES: anew.settings.postgres.names, WORKERS_OFF: "1"}
        running.start_at_once(dict.fromkeys(names, told))
        used = processor_s(running)
        theirs_s = database_s(anew) - database
        for name in names:
            running.stop(name)
        ((folded, wall_s),) = rows(anew.region_url, FOLDED)
    if folded != count:
        raise AssertionError(f"{folded} of {count} events were folded")
    own_s = [used[name] - start_s for name in names]
    ours, theirs = (seconds / count * MILLION for seconds in (sum(own_s), theirs_s))
    return instances, count, count / wall_s, ours, theirs, f"{min(own_s) / sum(own_s):.0%}"
