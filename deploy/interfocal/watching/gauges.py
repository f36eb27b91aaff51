"""Keeps the gauges current that nobody tells: they are read every few seconds, never while somebody scrapes.

It changes with what every kind of process shows.
"""

import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from interfocal.process.logs import log
from interfocal.process.metrics import Metrics
from interfocal.process.service import Worker
from schemas.errors import ExchangeError
from schemas.wire.catalogue import catalogue

LOOK_S = 5.0

Look = Callable[[], None]
"""Sets some gauges; raises ExchangeError when what it asks is away, or has tables of another version."""


def gauges_worker(looks: Sequence[Look], every_s: float = LOOK_S) -> Worker:
    """Takes all looks in turn, and again; one that fails is taken again at the next turn."""

    def run(stop: threading.Event) -> None:
        while not stop.is_set():
            for look in looks:
                looked(look)
            stop.wait(every_s)

    return Worker("gauges", run)


def looked(look: Look) -> None:
    """Take one look; what cannot be looked at is written down and leaves the gauges as they are."""
    try:
        look()
    except ExchangeError as error:  # whoever works with it ends where that is called for, and not who looks on
        log().warning("gauges_wait", code=error.code, reason=str(error))
    except OSError as error:  # a disk that is gone
        log().warning("gauges_wait", code="disk_away", reason=str(error.strerror))


def show_build(metrics: Metrics) -> None:
    """What never changes while a process runs: its version, and the schemas that it knows."""
    metrics.process.build.labels(version("interfocal")).set(1)
    for known in catalogue().values():
        metrics.process.schemas.labels(known.stream, str(known.version)).set(1)


def disk_look(metrics: Metrics, places: Mapping[str, Path]) -> Look:
    """Bytes that are left on the disk of each place, and that it holds."""

    def look() -> None:
        for place, path in places.items():
            usage = shutil.disk_usage(path)
            metrics.process.disk_free.labels(place).set(usage.free)
            metrics.process.disk_size.labels(place).set(usage.total)

    return look
