"""Values made to cost a reader its memory or its life: every schema refuses them, and the process stays small."""

import json
import os
import subprocess
import sys

from source_tree import ROOT

MOST_MIB = 40  # a hundred times what a message has
DEADLINE_S = 240
WALKED = {"too_many_items", "truncated", "not_canonical", "leftover_bytes", "malformed", "instant_out_of_range"}


def test_bombs_of_every_schema_cost_a_process_no_memory_and_not_its_life() -> None:
    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, ROOT / "tests" / "decoding_apart.py"],
        check=True,
        capture_output=True,
        timeout=DEADLINE_S,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}"},
    )
    told = json.loads(done.stdout)
    assert set(told["examples"]) == {"event"}
    assert told["bombs"].keys() >= WALKED
    assert told["grown_mib"] < MOST_MIB
