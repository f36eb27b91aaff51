"""Memory of an exchange's processes, at rest and after work. It changes with the kinds of processes."""

from collections.abc import Iterator

import psutil

from bench.figures import Figures
from bench.ground import exchange, seizures
from bench.publish import BULK
from bench.reading import MEBIBYTE
from interfocal.member.intake import accepted_id
from running import Exchange
from story import ASKED, ASKER, a_firearm, a_request, submit

AIM_MIB = 120
REQUEST_EVERY = 10  # seizures
COLUMNS = ("process", "at rest MiB", "after work MiB", f"at most {AIM_MIB} MiB")


def measure(count: int) -> Iterator[Figures]:
    """Resident memory of each process when it is ready, and when so many seizures and requests are through."""
    with exchange() as running:
        before = resident(running)
        work(running, count)
        running.drain()
        after = resident(running)
    rows = [(name, before[name], after[name], "held" if after[name] <= AIM_MIB else "missed") for name in before]
    note = f"Two members, one process for both producers and one for both desks; {count:,} seizures."
    yield Figures("Memory", COLUMNS, rows, note)


def resident(running: Exchange) -> dict[str, int]:
    """MiB of each process."""
    found = {name: psutil.Process(process.running.pid) for name, process in running.processes.items()}
    return {name: round(process.memory_info().rss / MEBIBYTE) for name, process in found.items()}


def work(running: Exchange, count: int) -> None:
    """Seizures in bulks through the intake, and requests between them."""
    for start in range(0, count, BULK):
        bulk = min(BULK, count - start)
        asked = [a_request(f"M-{start}-{n}", a_firearm(f"M{start}N{n}"), ASKED) for n in range(bulk // REQUEST_EVERY)]
        results = [*submit(running, ASKER, "seizure", *seizures(bulk, start))]
        for result in [*results, *submit(running, ASKER, "trace", *asked)]:
            accepted_id(result)
