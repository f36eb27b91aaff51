"""What is seeded into a process that a test starts: variables of its environment. See ``tests/seeded``."""

from collections.abc import Mapping

from source_tree import ROOT

FOLDER = {"PYTHONPATH": str(ROOT / "tests" / "seeded")}


def with_bug(name: str) -> Mapping[str, str]:
    """One of the bugs."""
    return {**FOLDER, "SEEDED_BUG": name}


def with_clock(days_ahead: float) -> Mapping[str, str]:
    """A clock that is off."""
    return {**FOLDER, "SEEDED_CLOCK": str(days_ahead)}
