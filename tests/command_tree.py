"""Every command of the program, as its own parser knows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import typer

from interfocal.commands.main import build_app


@dataclass(frozen=True, slots=True)
class Leaf:
    """One command: its words, its options, and the module that holds it."""

    words: tuple[str, ...]
    options: frozenset[str]
    module: str

    def __str__(self) -> str:
        return " ".join(self.words)


@cache
def leaves() -> tuple[Leaf, ...]:
    """Every command, in the order of the help."""
    return tuple(_walk(typer.main.get_command(build_app()), ()))


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[Leaf]:
    inner = getattr(command, "commands", None)
    if inner is not None:
        for name, child in inner.items():
            yield from _walk(child, (*words, name))
        return
    options = frozenset(option for parameter in command.params for option in parameter.opts)
    yield Leaf(words, options, command.callback.__module__)
