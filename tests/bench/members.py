"""Cost against the number of members. It changes with what every member costs.

One producer process and one desks process serve all of them, whatever their number: that is what costs least.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from string import ascii_uppercase

import psycopg

from bench.figures import MILLION, Figures, share
from bench.latency import requests
from bench.memory import work
from bench.using import database_s, processor_s, resident_mib
from interfocal.stack import Stack, down, up
from running import ONE_OF_EACH, Exchange, started
from story import ASKED

MEMBERS = (2, 4, 7, 20)
FIRST = 10**6  # numbers of the cases that are seized before anything is measured
WARM = 200
IDLE_S = 10.0
TIMED = 20
DRAIN_S = 300.0
COLUMNS = (
    *("members", "events", "a second", *(f"{name} µs" for name in ONE_OF_EACH), "PostgreSQL µs", "idle %"),
    *(*(f"{name} MiB" for name in ONE_OF_EACH), "to inbox ms"),
)
NOTE = (
    "µs: CPU time an event, seizures and one request for ten of them. Idle: of one processor, all processes together,"
    " PostgreSQL with them. To inbox: half of the requests, from acceptance."
)


def measure(count: int) -> Iterator[Figures]:
    """The same work in regions of several sizes, one after the other on one stack."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            stack = up(Path(folder) / "stack", progress=lambda _message: None)
            rows = [row(stack, Path(folder), members, count) for members in MEMBERS]
            yield Figures("Cost against members", COLUMNS, rows, NOTE)
        finally:
            down(Path(folder) / "stack", wipe=True)


def row(stack: Stack, folder: Path, members: int, count: int) -> tuple[object, ...]:
    """One size of region."""
    region = written_region(folder / f"region-{members}", members)
    with started(stack, folder / f"var-{members}", f"m{members}.", region) as running:
        work(running, WARM, FIRST)
        running.drain(DRAIN_S)
        began, used, database = time.perf_counter(), processor_s(running), database_s(running.installation)
        events = work(running, count)
        running.drain(DRAIN_S)
        wall_s, after = time.perf_counter() - began, processor_s(running)
        spent = [after[name] - used[name] for name in ONE_OF_EACH]
        spent.append(database_s(running.installation) - database)
        memory = resident_mib(running)
        idle = idle_percent(running)
        with psycopg.connect(running.installation.desk_url(ASKED), autocommit=True) as desk:
            to_inbox = [accepted_s for _, accepted_s in requests(running, desk, TIMED)]
    costs = (seconds / events * MILLION for seconds in spent)
    sizes = (memory[name] for name in ONE_OF_EACH)
    return members, events, events / wall_s, *costs, idle, *sizes, share(to_inbox, 0.5) * 1000


def idle_percent(running: Exchange) -> float:
    """Of one processor, while nothing is under way."""
    before = sum(processor_s(running).values()) + database_s(running.installation)
    time.sleep(IDLE_S)
    after = sum(processor_s(running).values()) + database_s(running.installation)
    return (after - before) / IDLE_S * 100


def written_region(folder: Path, members: int) -> Path:
    """A region of so many invented members; the first two are those of the tests."""
    folder.mkdir()
    (folder / "mappings").mkdir()
    codes = [letter * 2 for letter in ascii_uppercase[:members]]
    entries = (f'[[members]]\ncode = "{code}"\nname = "{code} invented"\n' for code in codes)
    head = f'region = "of-{members}"\ntitle = "Invented members"\nexercise = true\n'
    (folder / "directory.toml").write_text(head + "".join(entries), encoding="utf-8")
    return folder
