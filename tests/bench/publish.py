"""From a record to Kafka's acknowledgement, beside its own parts run bare. It changes when publishing gets a part."""

import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
from kafka import KafkaProducer
from prometheus_client import CollectorRegistry

from bench.figures import Figures, a_cpu_second, cpu_us
from bench.ground import MEMBER, ground, seizures
from interfocal.clock import now
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.process.metrics import Metrics
from interfocal.wiring.relays import Sending, make_relay
from producers.intake.intake import Intake
from producers.intake.submission import Entrance
from producers.outbox import OutboxFile
from schemas.access import Access
from schemas.codes.lists import load_code_lists
from schemas.events.seizure import Seizure
from schemas.topics import MEMBER_STREAMS, member_topic
from schemas.trust.keys import SigningKey
from schemas.wire.catalogue import latest
from schemas.wire.codec import decode

BULK = 200
AIM = 0.7
ENTRANCE = Entrance("http", "bench")
TOPIC = member_topic(MEMBER, "seizure")
COLUMNS = ("part", "CPU µs an event", "events a CPU second")
EVENT_ROW = "insert into event (topic, value, seal) values (?, ?, ?)"


def measure(count: int) -> Iterator[Figures]:
    """Publish so many seizures by intake, outbox and relay, and then do each part of it by a library alone."""
    with ground() as installation, tempfile.TemporaryDirectory() as folder:
        side = Side(installation, Path(folder))
        records = seizures(count)
        ours = [("intake: judge, encode, outbox", cpu_us(lambda: side.accept(records), count))]
        ours.append(("relay: number, seal, send, mark", cpu_us(side.send, count)))
        bare = list(side.bare(count))
    total, parts = sum(cost for _, cost in ours), sum(cost for _, cost in bare)
    costs = [*ours, ("ours together", total), *bare, ("bare parts together", parts)]
    rows = [(name, cost, a_cpu_second(cost)) for name, cost in costs]
    note = f"bare / ours {parts / total:.2f} (aim {AIM}); {count:,} events of about 500 bytes, acks=all, one process."
    yield Figures("Publishing", COLUMNS, rows, note)


class Side:
    """One member's side, and the same parts without us."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.installation = installation
        self.folder = folder
        owner = MEMBER.lower()
        self.outbox = OutboxFile.open(installation.places.outbox(owner), now=now, min_free_bytes=0)
        self.intake = Intake(
            member=MEMBER,
            directory=installation.directory,
            id_key=installation.id_key(owner),
            code_lists=load_code_lists(),
            outbox=self.outbox,
            now=now,
        )
        sending = Sending(owner, self.outbox, [member_topic(owner, stream) for stream in MEMBER_STREAMS])
        self.relay = make_relay(installation, sending, Metrics(CollectorRegistry()))
        self.accept(seizures(BULK, start=10**6))  # what is built once is built now
        self.send()

    def accept(self, records: Sequence[dict[str, Any]]) -> None:
        """Bulks through the intake."""
        for start in range(0, len(records), BULK):
            results = self.intake.submit("seizure", records[start : start + BULK], ENTRANCE)
            if any(result.outcome != "accepted" for result in results):
                raise AssertionError("a record of the benchmark was not accepted")

    def send(self) -> None:
        """Everything that waits, to the acknowledgement."""
        if not self.relay.drain(600.0):
            raise AssertionError("not everything was sent")

    def bare(self, count: int) -> Iterator[tuple[str, float]]:
        """Name and cost of each part, done by its library alone on the same events."""
        rows = [row for row in self.outbox.reading.all_rows() if row.draft.topic == TOPIC][-count:]
        texts = [decode(row.draft.value)[1].model_dump_json() for row in rows]
        made: list[Seizure] = []
        yield "pydantic: validate", cpu_us(lambda: made.extend(map(Seizure.model_validate_json, texts)), count)
        schema = fastavro.parse_schema(json.loads(latest("seizure").text))
        fields = [event.model_dump() for event in made]
        yield "fastavro: encode", cpu_us(lambda: [written(schema, one) for one in fields], count)
        key = self.installation.signing_keys(MEMBER.lower()).at(int(time.time()))
        values = [row.draft.value for row in rows]
        yield "Ed25519: sign", cpu_us(lambda: signed(key, values), count)
        seals = [row.seal or b"" for row in rows]
        yield (
            "SQLite: two rows, 200 a commit",
            cpu_us(lambda: stored(self.folder / "bare.sqlite", values, seals), count),
        )
        access, topic = admin_access_of(self.installation), self.installation.prefix + TOPIC
        sent = [(row.draft.value, row.draft.key.encode(), [("seal", row.seal), *row.draft.headers]) for row in rows]
        yield "kafka-python: produce, acks", cpu_us(lambda: produced(access, topic, sent), count)


def written(schema: Any, fields: dict[str, Any]) -> bytes:
    """One event as Avro."""
    buffer = BytesIO()
    fastavro.schemaless_writer(buffer, schema, fields)
    return buffer.getvalue()


def signed(key: SigningKey, values: Sequence[bytes]) -> None:
    """A signature over each value."""
    for value in values:
        key.key.sign(value)


def stored(path: Path, values: Sequence[bytes], seals: Sequence[bytes]) -> None:
    """Two rows an event, as safe as ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table event (id integer primary key, topic text, value blob, seal blob)")
    for start in range(0, len(values), BULK):
        connection.execute("begin immediate")
        for value, seal in zip(values[start : start + BULK], seals[start : start + BULK], strict=True):
            connection.execute(EVENT_ROW, (TOPIC, value, seal))
            connection.execute(EVENT_ROW, (TOPIC, None, seal))
        connection.execute("commit")
    connection.close()


def produced(access: Access, topic: str, sent: Sequence[tuple[bytes, bytes, Any]]) -> None:
    """Every value, with key and headers, acknowledged by all replicas."""
    producer = KafkaProducer(**access.settings(), acks="all", enable_idempotence=True)
    for value, key, headers in sent:
        producer.send(topic, value=value, key=key, headers=headers)
    producer.flush(timeout=120)
    producer.close()
