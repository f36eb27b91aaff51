"""How often a process that works for long looks for garbage. It changes with Python's collector."""

import gc

YOUNG_OBJECTS = 10_000
"""Python's own 700 is less than one batch of events holds, so that it looked at every batch dozens of times."""


def collect_seldom() -> None:
    """Call it when everything is imported: that is never looked at again, and what is new less often.

    Without it a tenth to a fifth of the time of folding and of judging goes into looking for garbage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
