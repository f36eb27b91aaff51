"""Builds a harmonised record path by path, and remembers where each value came from. It changes when paths do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from producers.mapping.shape import Step, Steps, parse_path, show_path


@dataclass(frozen=True, slots=True)
class Origin:
    """The clerk's own column and row that a field came from; the column is empty for a constant."""

    column: str
    row: int


@dataclass(slots=True)
class Tree:
    """A record in the making: values by path, and an origin for every rule, also of those that wrote nothing."""

    values: dict[Steps, Any] = field(default_factory=dict)
    origins: dict[Steps, Origin] = field(default_factory=dict)

    def note(self, path: str, origin: Origin) -> None:
        """Say where a path comes from."""
        self.origins[parse_path(path)] = origin

    def put(self, path: str, value: Any) -> None:
        """Write a value at a path."""
        self.values[parse_path(path)] = value

    def finished(self) -> tuple[dict[str, Any], dict[str, Origin]]:
        """The record, and the origin of each path in it. Places of lists that nothing was written to close up."""
        closed = dict(self._closed())
        record: dict[str, Any] = {}
        for steps, value in self.values.items():
            _write(record, closed[steps], value)
        origins = {show_path(steps): origin for steps, origin in self.origins.items()}
        origins |= {show_path(closed[s]): self.origins[s] for s in self.values if s in self.origins}
        return record, origins

    def _closed(self) -> Iterator[tuple[Steps, Steps]]:
        used: dict[Steps, list[int]] = {}
        for steps in self.values:
            for depth, step in enumerate(steps):
                if isinstance(step, int):
                    used.setdefault(steps[:depth], []).append(step)
        ranks = {prefix: {old: new for new, old in enumerate(sorted(set(old)))} for prefix, old in used.items()}
        for steps in self.values:
            yield steps, tuple(ranks[steps[:d]][s] if isinstance(s, int) else s for d, s in enumerate(steps))


def _write(record: dict[str, Any], steps: Steps, value: Any) -> None:
    here: Any = record
    for step, following in pairwise(steps):
        here = _inside(here, step, [] if isinstance(following, int) else {})
    _inside(here, steps[-1], value)


def _inside(here: Any, step: Step, fresh: Any) -> Any:
    if isinstance(here, list):
        # Places are closed up, so all that can be missing is filled by what is written next.
        here.extend(None for _ in range(len(here), int(step) + 1))
        here[int(step)] = fresh if here[int(step)] is None else here[int(step)]
        return here[int(step)]
    return here.setdefault(step, fresh)
