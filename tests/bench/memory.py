"""Memory of an exchange's processes, at rest and after work. It changes with the kinds of processes."""

from collections.abc import Iterator
from itertools import cycle

from bench.figures import Figures
from bench.ground import exchange, seizures
from bench.publish import BULK
from bench.using import resident_mib
from interfocal.member.intake import accepted_id
from running import Exchange
from story import ASKED, ASKER, a_firearm, a_request, submit

AIM_MIB = 120
REQUEST_EVERY = 10  # seizures
COLUMNS = ("process", "at rest MiB", "after work MiB", f"at most {AIM_MIB} MiB")


def measure(count: int) -> Iterator[Figures]:
    """Resident memory of each process when it is ready, and when so many seizures and requests are through."""
    with exchange() as running:
        before = resident_mib(running)
        work(running, count)
        running.drain()
        after = resident_mib(running)
    rows = [(name, before[name], after[name], "held" if after[name] <= AIM_MIB else "missed") for name in before]
    note = f"Two members, one process for both producers and one for both desks; {count:,} seizures."
    yield Figures("Memory", COLUMNS, rows, note)


def work(running: Exchange, count: int, first: int = 0) -> int:
    """Seizures in bulks through the intakes in turn, and requests between them; how many events they are together."""
    members = cycle(running.installation.desk_urls)
    events = 0
    for start in range(first, first + count, BULK):
        bulk, member = min(BULK, first + count - start), next(members)
        asked = [a_request(f"M-{start}-{n}", a_firearm(f"M{start}N{n}"), ASKED) for n in range(bulk // REQUEST_EVERY)]
        results = [*submit(running, member, "seizure", *seizures(bulk, start))]
        for result in [*results, *submit(running, ASKER, "trace", *asked)]:
            accepted_id(result)
        events += bulk + len(asked)
    return events
