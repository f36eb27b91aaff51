"""How a process that works for long keeps its own memory. It changes with Python's collector, or the C library."""

import ctypes
import gc

YOUNG_OBJECTS = 10_000
"""Python's own 700 is less than one batch of events holds, so that it looked at every batch dozens of times."""

M_ARENA_MAX = -8  # of malloc.h


def settle_memory() -> None:
    """Call it when everything is imported, before there are threads.

    What is there is never looked at again for garbage, and what is new less often: else a tenth to a fifth of the time
    of folding and of judging goes into looking. All threads share one heap: Python runs one of them at a time anyway,
    and a heap for each keeps several MiB that only the others could use.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it; another C library may have no such heaps
    if set_option is not None:
        set_option(M_ARENA_MAX, 1)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
