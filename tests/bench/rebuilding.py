"""The regional database folded anew and compared: records a second, and memory. It changes with what a rebuild does."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from bench.figures import Figures
from interfocal.clock import now
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.servers.databases import connect
from interfocal.stack import create_database, down, drop_database, up
from records import a_missing, a_seizure
from running import TWO_MEMBERS, installed
from schemas.record import SEAL_HEADER, Draft, Link
from schemas.topics import member_topic
from schemas.trust.seal import link_hash
from schemas.trust.sealer import sealer
from schemas.wire.cloudevents import headers_for
from schemas.wire.codec import encode
from source_tree import ROOT

MEMBERS = ("AA", "BB")
MISSING_EVERY = 10  # events: the others are seizures of one rifle
SMALLER = 5
COLUMNS = ("events", "folded a second", "whole run s", "peak MiB", "equal")
NOTE = "One process on the local stack; folding reads Kafka, checks seals along the chain, and writes PostgreSQL."


def measure(events: int) -> Iterator[Figures]:
    """Rebuild and verify a region of so many events, and one of a fifth of them: memory has to be the same."""
    with tempfile.TemporaryDirectory() as folder:
        stack = up(Path(folder) / "stack")
        try:
            rows = []
            for count in (events // SMALLER, events):
                installation = installed(stack, Path(folder) / f"var-{count}", f"b{count}.", TWO_MEMBERS)
                publish(installation, count)
                fold_live(installation)
                rows.append(row(installation, count))
            yield Figures("Rebuild beside the live database", COLUMNS, rows, NOTE)
        finally:
            down(Path(folder) / "stack", wipe=True)


def publish(installation: Installation, events: int) -> None:
    """Sealed seizures and missing firearms of both members, straight onto their topics."""
    producer = KafkaProducer(**admin_access_of(installation).settings(), enable_idempotence=True, linger_ms=20)
    for member in MEMBERS:
        seal = sealer(installation.signing_keys(member.lower()), installation.directory.region, now)
        heads: dict[str, Link] = {}
        for number in range(events // len(MEMBERS)):
            stream, make = ("missing", a_missing) if number % MISSING_EVERY == 0 else ("seizure", a_seizure)
            event = make(f"{member}-{number}", member)
            topic = member_topic(member, stream)
            draft = Draft(topic, event.event_id, event.record_id, encode(event), headers_for(event, stream))
            head = heads.get(topic, Link(1, 0, None))
            header = seal(draft, head, head.seq + 1)
            heads[topic] = Link(1, head.seq + 1, link_hash(header, draft.value))
            headers = [(SEAL_HEADER, header), *draft.headers]
            producer.send(installation.prefix + topic, key=draft.key.encode(), value=draft.value, headers=headers)
    producer.flush(timeout=60)
    producer.close()


def fold_live(installation: Installation) -> None:
    """A live database: what a rebuild without proof has made."""
    server, live = installation.postgres_url, installation.region_url.rsplit("/", 1)[1]
    rebuild(installation, "--into", f"{live}_first")
    drop_database(server, live)
    with connect(server) as connection:
        connection.execute(f"alter database {live}_first rename to {live}".encode())
    assert create_database(server, live)


def row(installation: Installation, events: int) -> tuple[object, ...]:
    """One rebuild with its proof, in a process of its own."""
    told = rebuild(installation, "--verify")
    figures = (float(told["records_a_second"]), float(told["run_s"]), told["peak_mib"])
    return events, *figures, "yes" if told["equal"] else "no"


def rebuild(installation: Installation, *options: str) -> Mapping[str, Any]:
    """Run the command; what it tells, how long it ran, and the most memory that it held."""
    words = [sys.executable, "-m", "interfocal", "rebuild", *options, "--json", "--var", str(installation.var)]
    started = now()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, cwd=ROOT, stdout=said, stderr=subprocess.DEVNULL)  # noqa: S603  # our own program
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        said.seek(0)
        told: dict[str, Any] = json.load(said)
    return told | {"run_s": (now() - started).total_seconds(), "peak_mib": used.ru_maxrss // 1024}
