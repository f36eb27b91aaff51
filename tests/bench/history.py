"""Cost of folding against what was folded before. It changes with what the view keeps."""

import time
from collections.abc import Iterator
from contextlib import closing

from bench.figures import MILLION, Figures, a_cpu_second
from bench.ground import ground
from bench.rebuilding import publish
from bench.using import database_mib, database_s
from bench.view import a_loop, first_fold, fold
from consumers.loop import Loop
from interfocal.installation.installation import Installation

MEASURED = 5_000  # events that are folded on top of each history
COLUMNS = ("history", "ours: CPU µs an event", "events a CPU second", "PostgreSQL: CPU µs", "a second", "database MiB")
NOTE = f"{MEASURED:,} events on top of each history, by one loop; PostgreSQL's figure holds its own work behind it."


def measure(history: int) -> Iterator[Figures]:
    """Fold so many events, and measure at the start, after a fifth of them, and after all."""
    with ground() as installation:
        publish(installation, history + 2 * MEASURED)
        with closing(a_loop(installation)) as loop:
            done = first_fold(loop)
            rows = []
            for before in (0, history // 5, history):
                done += fold(loop, before - done)
                folded, row = measured(installation, loop)
                rows.append((done, *row))
                done += folded
    yield Figures("Cost against history", COLUMNS, rows, NOTE)


def measured(installation: Installation, loop: Loop) -> tuple[int, tuple[object, ...]]:
    """How many were folded, and what each cost: here, in the database, and in time."""
    database, own, began = database_s(installation), time.process_time(), time.perf_counter()
    folded = fold(loop, MEASURED)
    wall_s, own_s = time.perf_counter() - began, time.process_time() - own
    ours, theirs = (seconds / folded * MILLION for seconds in (own_s, database_s(installation) - database))
    return folded, (ours, a_cpu_second(ours), theirs, folded / wall_s, database_mib(installation))
