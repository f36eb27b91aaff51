"""Decodes every bomb in a process of its own, and tells what became of them and what memory that took.

Run as ``python decoding_apart.py``; prints one line of JSON.
"""

import json
import resource
import sys
from collections import Counter

from avro_bombs import bombs, example_of
from reading_apart import LIMIT_BYTES, peak_mib
from schemas.errors import Undecodable
from schemas.wire.catalogue import catalogue
from schemas.wire.codec import decode


def verdict(value: bytes) -> str:
    """Why a value is refused, or that it is an event."""
    try:
        decode(value)
    except Undecodable as error:
        return error.code
    return "event"


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    ready = [verdict(example_of(schema_id)) for schema_id in catalogue()]
    before = peak_mib()
    counts = Counter(verdict(bomb) for schema_id in catalogue() for bomb in bombs(schema_id))
    sys.stdout.write(json.dumps({"examples": ready, "bombs": counts, "grown_mib": peak_mib() - before}))


if __name__ == "__main__":
    main()
