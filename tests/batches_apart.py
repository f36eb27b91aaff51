"""Reads a topic in a process of its own, as every consumer does, and tells what it found and what memory that took.

Run as ``python batches_apart.py BOOTSTRAP TRUST PREFIX TOPIC``; prints one line of JSON.
"""

import json
import sys
from pathlib import Path

from consumers.kafka_client import Broker
from consumers.source import KafkaTopicReader
from interfocal.stack import Stack
from interfocal.transport.local import LocalTrust
from reading_apart import peak_mib


def main(bootstrap: str, trust: str, prefix: str, topic: str) -> None:
    access = Stack(bootstrap, "", LocalTrust(Path(trust))).access
    reader = KafkaTopicReader(Broker(access, "apart", prefix))
    bounds = reader.bounds([topic])[topic]
    before = peak_mib()
    found = [(one.offset, one.span, len(one.value or b"")) for one in reader.read(topic, bounds.start, bounds.end)]
    grown = peak_mib() - before
    reader.close()
    sys.stdout.write(json.dumps({"found": found, "grown_mib": grown}))


if __name__ == "__main__":
    main(*sys.argv[1:])
