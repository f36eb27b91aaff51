"""Figures as the benchmark prints them. It changes with what a table can hold."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

ROUNDED = 1000
MILLION = 1_000_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figures:
    """One table: what was measured, its columns, its rows, and what to know when reading it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    note: str = ""


def show(figures: Figures) -> None:
    """Print a table, its columns as wide as they need to be."""
    lines = [list(figures.columns), *([text_of(cell) for cell in row] for row in figures.rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(figures.columns))]
    say(f"\n{figures.title}")
    for line in lines:
        say("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    if figures.note:
        say(f"  {figures.note}")


def text_of(cell: object) -> str:
    """A cell as text; a fraction with three digits that count."""
    if isinstance(cell, float):
        return f"{cell:.3g}" if abs(cell) < ROUNDED else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds that some work took, and what it returned."""
    started = time.perf_counter()
    returned = work()
    return time.perf_counter() - started, returned


def cpu_us(work: Callable[[], object], count: int) -> float:
    """Microseconds of this process's processors for each of so many."""
    started = time.process_time()
    work()
    return (time.process_time() - started) / count * MILLION


def a_cpu_second(cost_us: float) -> float:
    """How many of what costs so many microseconds one processor does in a second."""
    return MILLION / cost_us


def share(values: Sequence[float], of: float) -> float:
    """The value that so large a part of all (0 to 1) do not exceed."""
    return sorted(values)[min(int(len(values) * of), len(values) - 1)]


def say(line: str) -> None:
    """Print at once, however the output is buffered."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def noise() -> str:
    """How busy the machine is, from its load averages: who reads a figure has to know."""
    one, five, _ = os.getloadavg()
    return f"{os.cpu_count()} processors, load {one:.1f} (1 min) and {five:.1f} (5 min)"
