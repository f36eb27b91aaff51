"""Fuzzes one target in a process of its own, guided by what of our code each input reaches.

Run as ``python one.py MODULE TARGET`` and libFuzzer's own options; the module has ``TARGETS`` by name. It changes with
the engine (Atheris over libFuzzer).
"""

import importlib
import sys
from typing import Any

import atheris

INSTRUMENTED = ("schemas", "producers", "consumers", "interfocal", "kafka.record", "openpyxl")


def main(module: str, name: str, options: list[str]) -> None:
    """Instrument while importing, then never return: the engine ends the process."""
    with atheris.instrument_imports(include=list(INSTRUMENTED), enable_loader_override=False):
        targets = importlib.import_module(module).TARGETS
    run: Any = targets[name].run
    atheris.Setup([sys.argv[0], *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
