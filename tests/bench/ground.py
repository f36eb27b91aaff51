"""The ground that benchmarks stand on: a stack of their own, a region of two members, and events to work on.

It changes with what a benchmark needs before it starts.
"""

import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from interfocal.installation.installation import Installation
from interfocal.stack import down, up
from running import TWO_MEMBERS, Exchange, installed, started

MEMBER = "AA"


@contextmanager
def ground() -> Iterator[Installation]:
    """An installation on servers that nobody else uses; all of it is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder) / "stack"
        try:
            stack = up(var, progress=lambda _message: None)
            yield installed(stack, Path(folder) / "var", f"b{secrets.token_hex(4)}.", TWO_MEMBERS)
        finally:
            down(var, wipe=True)


@contextmanager
def exchange() -> Iterator[Exchange]:
    """A whole exchange of two members on servers that nobody else uses: producers, desks and region run."""
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder) / "stack"
        try:
            with started(up(var, progress=lambda _message: None), Path(folder) / "var", "b.") as running:
                yield running
        finally:
            down(var, wipe=True)


def seizures(count: int, start: int = 0) -> Sequence[dict[str, Any]]:
    """Harmonised seizures of two firearms each, about 500 bytes as events; no two are of the same case."""
    return [_seizure(f"VJ-{number}") for number in range(start, start + count)]


def _seizure(name: str) -> dict[str, Any]:
    return {
        "national_id": name,
        "own_reference": name,
        "occurred": {"at": "2026-02-14T05:45:00Z", "offset_minutes": 60, "precision": "minute"},
        "place": {"border_point": "BATROVCI", "precision": "border_point"},
        "agency": "border_police",
        "context": "border_crossing_point",
        "acquisition_mode": "seized",
        "handling": {"codes": ["H1"]},
        "items": [_firearm(name, place) for place in (1, 2)],
    }


def _firearm(name: str, place: int) -> dict[str, Any]:
    number = {"place": "frame", "as_read": f"{name[3:]}-C{place}", "state": "legible"}
    marks = {"make": "Zastava", "model": "M57", "calibre": "7,62x25", "numbers": [number]}
    return {"kind": "firearm", "quantity": 1, "firearm": {"weapon_class": "pistol", "marks": marks}}
