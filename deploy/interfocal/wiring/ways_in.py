"""The ways in that a producer process goes and looks at. It changes with those.

A way in has ``lookings(settings, intakes, observer)`` in a file of its own, which is imported only where that way is
set for a member that is served: the library behind outbox tables alone takes a tenth of the memory of a process, and of
its start.
"""

import threading
from collections.abc import Iterator, Mapping
from importlib import import_module

from interfocal.installation.settings import WaysInSettings
from interfocal.process.logs import log
from interfocal.process.service import Worker
from interfocal.wiring.looking import Looking
from producers.intake.intake import Intake
from producers.ways_in.observer import Observer
from schemas.errors import OutboxFull, StoreAway


def looking_workers(settings: WaysInSettings, intakes: Mapping[str, Intake], observer: Observer) -> list[Worker]:
    """A worker for each folder and table of the members that this process serves; raises Misconfigured."""
    ways: Mapping[str, Mapping[str, object]] = {"folder": settings.folder, "sql": settings.sql}
    served = [way for way, given in ways.items() if any(member.upper() in intakes for member in given)]
    files = [import_module(f"interfocal.wiring.ways_in_{way}") for way in served]
    found: Iterator[Looking] = (one for file in files for one in file.lookings(settings, intakes, observer))
    return [_worker(looking, settings.look_s) for looking in found]


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
