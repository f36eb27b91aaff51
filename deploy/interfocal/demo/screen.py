"""What a person sees while the demo runs: a line for each thing that happens. It changes with what is worth seeing."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape

from schemas.directory import Directory

STYLES = {
    "result": "bold",
    "accepted": "green",
    "rejected": "yellow",
    "routed": "cyan",
    "inbox": "blue",
    "quarantine": "magenta",
    "problem": "bold red",
    "note": "dim",
}


@dataclass(slots=True)
class Screen:
    """Prints lines with the seconds since the start; several threads may. Footnotes come with the first mention."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    clock: Callable[[], float] = time.monotonic
    started: float = 0.0
    directory: Directory | None = None
    noted: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """The clock starts with the screen."""
        self.started = self.clock()

    def seconds(self) -> float:
        """Since the start."""
        return self.clock() - self.started

    def stage(self, text: str) -> None:
        """A heading."""
        with self.lock:
            self.console.print(f"\n[bold]{escape(text)}[/bold]")

    def say(self, kind: str, text: str, members: Iterable[str] = ()) -> None:
        """One line of a kind of ``STYLES``, with the footnotes of the members that it names."""
        seconds = self.seconds()
        style = STYLES[kind]
        with self.lock:
            self.console.print(f"[dim]{seconds:6.1f} s[/dim]  [{style}]{kind:<10}[/{style}] {escape(text)}")
            for code, note in self._new_footnotes(members).items():
                self.noted.add(code)
                self.console.print(f"          [dim]{escape(note)}[/dim]")

    def progress(self, text: str) -> None:
        """A line about the machinery."""
        self.say("note", text)

    def _new_footnotes(self, members: Iterable[str]) -> dict[str, str]:
        if self.directory is None:
            return {}
        return self.directory.footnotes(code for code in members if code not in self.noted)
