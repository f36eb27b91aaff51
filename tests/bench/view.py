"""The region's view built from real topics, beside its own parts run bare. It changes when folding gets a part.

Only this process's time counts on both sides: PostgreSQL writes the same rows for both.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import fastavro
import psycopg
from kafka import KafkaConsumer, TopicPartition
from prometheus_client import CollectorRegistry
from psycopg.types.json import Jsonb

from bench.figures import Figures, a_cpu_second, cpu_us, timed
from bench.ground import ground
from bench.rebuilding import MEMBERS, publish
from consumers.loop import Loop
from consumers.store.events import COLUMNS as EVENT_COLUMNS
from consumers.store.events import TYPES as EVENT_TYPES
from consumers.view.rows import TABLES
from interfocal.installation.access import admin_access_of
from interfocal.installation.installation import Installation
from interfocal.installation.settings import LoopSettings
from interfocal.process.metrics import Metrics
from interfocal.process.observers import REGION_READER, LoopObserver
from interfocal.wiring.region import make_loop
from schemas.record import PARTITION, SEAL_HEADER
from schemas.steps import not_watched
from schemas.topics import member_topic
from schemas.trust import base64url
from schemas.trust.keys import PublicKey
from schemas.trust.seal import link_hash
from schemas.wire.catalogue import latest, model_of_stream
from schemas.wire.codec import PREFIX

AIM = 0.7
BATCH = LoopSettings().batch_records
BODY = "body"
STREAMS = ("seizure", "missing")
TOPICS = [member_topic(member, stream) for member in MEMBERS for stream in STREAMS]
COLUMNS = ("part", "CPU µs an event", "events a CPU second")
WRITTEN: Mapping[str, Sequence[str]] = {
    "event": [f'"{name.strip()}"' for name in EVENT_COLUMNS.split(",")],
    **{table: list(columns) for table, columns in TABLES.items()},
}
TYPES: Mapping[str, Sequence[str]] = {
    "event": EVENT_TYPES,
    **{table: list(columns.values()) for table, columns in TABLES.items()},
}


def measure(count: int) -> Iterator[Figures]:
    """Fold so many events of two members by the region's loop, then do each part of it by a library alone."""
    with ground() as installation:
        publish(installation, count)
        with closing(a_loop(installation)) as loop:
            folded = first_fold(loop)
            wall_s, ours = timed(lambda: cpu_us(lambda: fold(loop, count - folded), count - folded))
        parts = list(bare(installation, count))
    total = sum(cost for _, cost in parts)
    costs = [("ours: the region's loop", ours), *parts, ("bare parts together", total)]
    rows = [(name, cost, a_cpu_second(cost)) for name, cost in costs]
    note = f"bare / ours {total / ours:.2f} (aim {AIM}); {count:,} events, {(count - folded) / wall_s:,.0f} a second."
    yield Figures("View", COLUMNS, rows, note)


def a_loop(installation: Installation) -> Loop:
    """The loop of the region process, watched as there."""
    observer = LoopObserver(Metrics(CollectorRegistry()), REGION_READER, "REGION")
    return make_loop(installation, observer, not_watched)


def first_fold(loop: Loop) -> int:
    """Join the group, and fold the first batch, which builds what is built once; how many events it had."""
    while not (folded := loop.run_once()):
        pass
    return folded


def fold(loop: Loop, count: int) -> int:
    """Fold so many more, to the end of the last batch; how many they were."""
    folded = 0
    while folded < count:
        folded += loop.run_once()
    return folded


def bare(installation: Installation, count: int) -> Iterator[tuple[str, float]]:
    """Name and cost of each part, done by its library alone on the same records."""
    read: list[tuple[str, Any]] = []
    yield "kafka-python: consume", cpu_us(lambda: read.extend(consumed(installation, count)), count)
    keys = {member: own_key(installation, member.lower()) for member in MEMBERS}
    yield "json, SHA-256, Ed25519: chain", cpu_us(lambda: walked(read, keys), count)
    found: list[tuple[str, Any]] = []
    yield "fastavro: decode", cpu_us(lambda: found.extend(decoded(read)), count)
    models = {stream: model_of_stream(stream) for stream in STREAMS}
    yield "pydantic: validate", cpu_us(lambda: [models[stream].model_validate(one) for stream, one in found], count)
    with psycopg.connect(installation.region_url) as connection:
        rows = {table: rows_of(connection, table) for table in WRITTEN}
        connection.commit()
        if len(rows["event"]) != count:
            raise AssertionError("not every event of the benchmark was folded")
        spent = cpu_us(lambda: copied(connection, rows, count), count)
        check_copied(connection, rows)
        yield f"psycopg: copy the same rows, {BATCH:,} events a commit", spent


def consumed(installation: Installation, count: int) -> Iterator[tuple[str, Any]]:
    """Topic and record of everything on the topics."""
    consumer = KafkaConsumer(
        **admin_access_of(installation).settings(), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    consumer.assign([TopicPartition(installation.prefix + topic, PARTITION) for topic in TOPICS])
    while count > 0:
        for partition, records in consumer.poll(timeout_ms=1_000, max_records=BATCH).items():
            yield from ((partition.topic.removeprefix(installation.prefix), record) for record in records)
            count -= len(records)
    consumer.close()


def own_key(installation: Installation, owner: str) -> PublicKey:
    """The public key with which an owner sealed."""
    return installation.signing_keys(owner).held[-1][0]


def walked(read: Sequence[tuple[str, Any]], keys: Mapping[str, PublicKey]) -> None:
    """Every topic's chain: each seal names the one before, and the last of each batch is signed."""
    for topic in TOPICS:
        records = [record for own, record in read if own == topic]
        before = ""
        for at, record in enumerate(records):
            header = dict(record.headers)[SEAL_HEADER]
            if json.loads(base64url.decode(header.split(b".")[0])).get("prev", "") != before:
                raise AssertionError("a chain of the benchmark is broken")
            before = link_hash(header, record.value)
            if at % BATCH == BATCH - 1 or record is records[-1]:
                protected, _, signature = header.split(b".")
                keys[topic[:2].upper()].key.verify(
                    base64url.decode(signature), protected + b"." + base64url.encode(record.value)
                )


def decoded(read: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Stream and fields of every event."""
    schemas = {stream: fastavro.parse_schema(dict(latest(stream).schema)) for stream in STREAMS}
    for topic, record in read:
        stream = topic.partition(".")[2]
        yield stream, fastavro.schemaless_reader(io.BytesIO(record.value[PREFIX.size :]), schemas[stream], None)


def rows_of(connection: psycopg.Connection[Any], table: str) -> Sequence[tuple[Any, ...]]:
    """What the loop has written into a table, and an empty table like it."""
    connection.execute(f"create table bare_{table} (like {table} including all)".encode())
    columns = ", ".join(f"{name}::text" if name == BODY else name for name in WRITTEN[table])
    rows = connection.execute(f"select {columns} from {table}".encode()).fetchall()
    at = WRITTEN[table].index(BODY) if BODY in WRITTEN[table] else None
    return rows if at is None else [(*row[:at], Jsonb(row[at], dumps=str), *row[at + 1 :]) for row in rows]


def copied(connection: psycopg.Connection[Any], rows: Mapping[str, Sequence[tuple[Any, ...]]], count: int) -> None:
    """Binary COPY into the tables, the share of so many events a commit."""
    bulks = -(-count // BATCH)
    for bulk in range(bulks):
        for table, own in rows.items():
            copy_into(connection, table, own[bulk * len(own) // bulks : (bulk + 1) * len(own) // bulks])
        connection.commit()


def check_copied(connection: psycopg.Connection[Any], rows: Mapping[str, Sequence[tuple[Any, ...]]]) -> None:
    """The tables hold what was to be copied."""
    for table, own in rows.items():
        if connection.execute(f"select count(*) from bare_{table}".encode()).fetchone() != (len(own),):
            raise AssertionError(f"not every row of {table} was copied")


def copy_into(connection: psycopg.Connection[Any], table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """One table's share."""
    statement = f"copy bare_{table} ({', '.join(WRITTEN[table])}) from stdin (format binary)"
    with connection.cursor().copy(statement.encode()) as copy:
        copy.set_types(TYPES[table])
        for row in rows:
            copy.write_row(row)
