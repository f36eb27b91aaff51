"""Reads one file in a process of its own, as every way in does, and tells what became of it and what memory it took.

Run as ``python reading_apart.py FILE MAPPING``; prints one line of JSON.
"""

import json
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from intake_cases import CODE_LISTS
from producers.intake.result import Result
from producers.intake.submission import Entrance, national_submission
from producers.mapping.files import load_mapping
from producers.mapping.mapping import NationalMapping
from producers.mapping.national import NationalRecord
from producers.ways_in.handing import hand_over_file

LIMIT_BYTES = 2 * 1024**3


def let_go(mapping: NationalMapping, records: Sequence[NationalRecord], source: str) -> Sequence[Result]:
    """Make harmonised records, as an intake does, and let them go."""
    made = [national_submission(mapping, record, Entrance("file", source)) for record in records]
    return [Result(outcome="accepted", national_id=one.national_id, rows=one.rows) for one in made]


def peak_mib() -> float:
    """The most memory that this process held at once, as the kernel saw it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main(file: Path, mapping: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    report = hand_over_file(file, "RS", [load_mapping(mapping, CODE_LISTS)], let_go)
    sys.stdout.write(json.dumps({"fault": report.fault, "counts": dict(report.counts), "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
