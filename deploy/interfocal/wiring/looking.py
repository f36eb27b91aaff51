"""What a producer process looks at, again and again. It changes with what a look is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Looking:
    """One thing to look at: its worker's name, whose it is, and what a look does (true: there is more at once)."""

    name: str
    member: str
    look: Callable[[], bool]
