"""Draws how far something has come: a bar on a terminal, else a line now and then. It changes with what is drawn."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_EVERY_S = 5.0
Seconds = Callable[[], float]


@dataclass(slots=True)
class Drawing:
    """One thing at a time: what is done, and of how much (0: not known). To be used as a context manager."""

    console: Console
    seconds: Seconds = time.monotonic
    bar: Progress = field(init=False)
    what: str = ""
    since: float = 0.0
    done_before: int = 0
    told_at: float | None = None

    def __post_init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.bar.stop()

    def begin(self, what: str, done: int, total: int) -> None:
        """From now on it is this, of which so much is done."""
        self.what, self.since, self.done_before, self.told_at = what, self.seconds(), done, None
        for task in self.bar.task_ids:
            self.bar.remove_task(task)
        self.bar.add_task(what, total=total or None, completed=done)

    def show(self, done: int, total: int) -> None:
        """So much is done; on no terminal a line now and then, and one at the end."""
        for task in self.bar.task_ids:
            self.bar.update(task, completed=done, total=total or None, description=self.said(done, total))
        now = self.seconds()
        due = self.told_at is None or now - self.told_at >= LINE_EVERY_S or done == total
        if due and not self.console.is_terminal:
            self.told_at = now
            share = f" ({100 * done // total} %)" if total else ""
            self.console.print(self.said(done, total) + share, highlight=False, soft_wrap=True)

    def said(self, done: int, total: int) -> str:
        """``folded 1,000 of 20,000 records, 5,000 a second``."""
        taken_s = max(self.seconds() - self.since, 0.001)
        of = f" of {total:,}" if total else ""
        return f"{self.what}: {done:,}{of}, {(done - self.done_before) / taken_s:,.0f} a second"

    def say(self, sentence: str) -> None:
        """A sentence that stays."""
        self.bar.console.print(sentence, highlight=False, markup=False, soft_wrap=True)
