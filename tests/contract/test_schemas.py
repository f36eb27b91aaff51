"""The contract's files: each schema is what its model says, is sound, and has an example with its exact bytes."""

import io
import json
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import avro.io
import avro.schema
import pytest

from event_strategies import code_lists
from schemas.events import ids
from schemas.events.decision import Decision
from schemas.events.delivery import Delivery
from schemas.events.envelope import Event
from schemas.events.receipt import Receipt
from schemas.events.trace import TraceAct
from schemas.events.types import coded_values
from schemas.record import SEAL_HEADER, Record
from schemas.trust.chain import Expectation, verify_record
from schemas.trust.keys import KeyRing, signing_key_from_seed
from schemas.wire.catalogue import SchemaVersion, avro_folder, catalogue, latest, model_of, stream_of_schema
from schemas.wire.codec import decode, encode, event_from_json, event_json
from schemas.wire.evolution import history_findings
from schemas.wire.lint import lint_text
from schemas.wire.projection import avro_of
from schemas.wire.release import read_released, release_findings

VERSIONS = tuple(catalogue().values())
LATEST = [version for version in VERSIONS if version is latest(version.stream)]
IDS = {
    101: "seizure",
    201: "missing",
    301: "trace",
    601: "receipt",
    701: "grant",
    901: "decision",
    801: "heartbeat",
    1001: "delivery",
    1201: "quarantined",
    1301: "head",
    1401: "directory",
}

each_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
each_latest = pytest.mark.parametrize("version", LATEST, ids=lambda version: version.name)


def folder_of(version: SchemaVersion) -> Traversable:
    return avro_folder() / version.stream / str(version.version)


def example_value(version: SchemaVersion) -> bytes:
    return (folder_of(version) / "example.bin").read_bytes()


def example_json(version: SchemaVersion) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads((folder_of(version) / "example.json").read_text(encoding="utf-8"))
    return fields


@cache
def example(stream: str) -> Event:
    return decode(example_value(latest(stream)))[1]


def fields_of(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a schema with its path, parts spelled out where they are used first."""
    match schema:
        case {"type": "record", "fields": fields}:
            for field in fields:
                where = f"{path}.{field['name']}".lstrip(".")
                yield where, {**field, "type": shallow(field["type"])}
                yield from fields_of(field["type"], where)
        case {"type": "array", "items": inner} | ["null", inner]:
            yield from fields_of(inner, path)


def shallow(kind: Any) -> Any:
    match kind:
        case {"type": "record"}:
            return {name: said for name, said in kind.items() if name != "fields"}
        case {"type": "array", "items": inner}:
            return {"array of": shallow(inner)}
        case list():
            return [shallow(branch) for branch in kind]
        case _:
            return kind


def test_every_schema_is_known_by_its_id() -> None:
    assert len(VERSIONS) == len(IDS)
    assert {version.schema_id: version.stream for version in VERSIONS} == IDS
    assert {schema_id: stream_of_schema(schema_id) for schema_id in IDS} == IDS


def test_every_file_of_the_contract_is_one_that_we_know() -> None:
    names = {"schema.avsc", "example.json", "example.bin"}
    expected = {f"{version.name}/{name}" for version in VERSIONS for name in names} | {"released.json"}
    root = Path(str(avro_folder()))
    assert {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} == expected


@each_latest
def test_every_field_of_the_schema_is_the_models(version: SchemaVersion) -> None:
    written, modelled = dict(fields_of(version.schema)), dict(fields_of(avro_of(model_of(version.schema_id))))
    stale = f"run `interfocal schemas draft {version.stream}`, and say in the CHANGELOG what changes for readers"
    assert list(written) == list(modelled), stale
    for path, field in modelled.items():
        assert written[path] == field, f"{path}: {stale}"
    assert version.schema == avro_of(model_of(version.schema_id)), stale


@each_version
def test_every_schema_passes_the_linter(version: SchemaVersion) -> None:
    assert lint_text(version.text, code_lists()) == ()


def test_every_version_may_follow_every_other_of_its_stream() -> None:
    assert history_findings(VERSIONS) == ()


def test_released_versions_are_as_they_were_released() -> None:
    assert release_findings(VERSIONS, read_released(avro_folder())) == ()


@each_version
def test_the_golden_bytes_are_read_as_the_example(version: SchemaVersion) -> None:
    schema_id, event = decode(example_value(version))
    assert schema_id == version.schema_id
    assert event_json(event) == example_json(version)


@each_latest
def test_the_example_is_written_as_the_golden_bytes(version: SchemaVersion) -> None:
    assert encode(event_from_json(version.stream, example_json(version))) == example_value(version)


@each_version
def test_apache_avro_reads_the_golden_bytes_too(version: SchemaVersion) -> None:
    value = example_value(version)
    buffer = io.BytesIO(value[5:])
    reader = avro.io.DatumReader(avro.schema.parse(version.text))
    read = reader.read(avro.io.BinaryDecoder(buffer))
    assert buffer.read() == b""
    assert model_of(version.schema_id).model_validate(read) == decode(value)[1]


@each_latest
def test_every_code_of_an_example_is_in_its_list(version: SchemaVersion) -> None:
    coded = list(coded_values(example(version.stream)))
    assert len(coded) > 3
    assert [found for found in coded if found[2] not in code_lists()[found[1]]] == []


@each_latest
def test_every_example_is_marked_as_an_exercise(version: SchemaVersion) -> None:
    assert example(version.stream).exercise is True


@pytest.mark.parametrize("stream", ["seizure", "missing", "trace", "receipt", "decision"])
def test_the_event_id_of_an_example_follows_from_record_and_revision(stream: str) -> None:
    event = example(stream)
    assert event.event_id == ids.event_id(event.record_id, event.revision)


def test_the_delivered_examples_seal_holds() -> None:
    delivery = example("delivery")
    assert isinstance(delivery, Delivery)
    original = delivery.original
    key = signing_key_from_seed("mk-1", "mk", sha256(b"example signing key of mk").digest())
    ring = KeyRing.of([key.public(0, 2**40)])
    record = Record(original.topic, original.offset, original.key.encode(), original.value, seal_header(original.seal))
    seal = verify_record(record, Expectation("see-exercise", ring))
    assert seal.claims.event_id == example("trace").event_id


def seal_header(seal: str) -> tuple[tuple[str, bytes], ...]:
    return ((SEAL_HEADER, seal.encode()),)


def test_the_examples_tell_one_story() -> None:
    request, decision, delivery, receipt = (example(s) for s in ("trace", "decision", "delivery", "receipt"))
    assert isinstance(request, TraceAct)
    assert isinstance(decision, Decision)
    assert isinstance(delivery, Delivery)
    assert isinstance(receipt, Receipt)
    assert request.request is not None
    assert request.request.seizure_record_id == example("seizure").record_id
    assert decision.subject == decision.cause == request.event_id
    question = ("see-exercise", decision.kind, decision.subject, decision.hop, decision.cause)
    assert decision.record_id == ids.decision_record_id(*question)
    assert delivery.event_id in {planned.event_id for planned in decision.deliveries}
    assert delivery.event_id == ids.delivery_event_id(decision.event_id, delivery.inbox)
    assert delivery.decision_id == decision.event_id
    assert delivery.decision_sha256 == ids.value_sha256(example_value(latest("decision")))
    assert delivery.original.value == example_value(latest("trace"))
    assert receipt.delivery_id == delivery.event_id
    assert (receipt.of_event, receipt.sha256) == (request.event_id, ids.value_sha256(delivery.original.value))
