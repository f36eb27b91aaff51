"""Other people's tools read our topics on the real Kafka: Confluent's client, and its deserialiser by our registry."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from consumers.source import Broker, KafkaTopicReader
from interfocal.installation.access import admin_access_of, authority_of, password_file
from interfocal.installation.installation import Installation
from interfocal.installation.secrets import read_secret
from interfocal.stack.broker_settings import MECHANISM
from interfocal.wiring.region import wire_region
from schemas.errors import Undecodable
from schemas.record import Record
from schemas.rights import OPERATOR
from schemas.wire.catalogue import avro_folder, catalogue
from schemas.wire.codec import decode
from serving import serving
from small_region import SmallRegion

TOPICS = (
    *("aa.seizure", "bb.missing", "aa.trace", "region.decision"),
    *("region.inbox.aa", "region.inbox.bb", "aa.receipt", "bb.receipt", "aa.heartbeat", "region.quarantine.aa"),
    "region.directory",
)
"""Where the settled region has records: among them one event at least of every type but these."""

NOT_SETTLED = {"grant": "aa.grant", "head": "region.head"}
"""Nothing is sealed there, and nobody tells heads: read from the examples."""


@pytest.fixture(scope="module")
def registry(settled: SmallRegion) -> Iterator[Mapping[str, str]]:
    """The registry of the region's own process, over real HTTP."""
    with serving(wire_region(settled.installation).app) as served:
        yield {"url": f"{served.address}/registry", "ssl.ca.location": str(served.authority)}


def our_records(region: SmallRegion, topic: str) -> Sequence[Record]:
    reader = KafkaTopicReader(Broker(admin_access_of(region.installation), "test", region.installation.prefix))
    try:
        bounds = reader.bounds([topic])[topic]
        return list(reader.read(topic, bounds.start, bounds.end))
    finally:
        reader.close()


def foreign(installation: Installation) -> dict[str, str]:
    """What librdkafka is told, on which most foreign clients are built: it signs in as the region's operator."""
    return {
        "bootstrap.servers": installation.bootstrap,
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": MECHANISM,
        "sasl.username": installation.prefix + OPERATOR,
        "sasl.password": read_secret(password_file(installation.places, OPERATOR)).decode(),
        "ssl.ca.location": str(authority_of(installation)),
    }


def their_messages(region: SmallRegion, topic: str, count: int) -> Sequence[Message]:
    """The first records of a topic by Confluent's client."""
    consumer = Consumer(
        {**foreign(region.installation), "group.id": region.installation.prefix + OPERATOR, "enable.auto.commit": False}
    )
    try:
        consumer.assign([TopicPartition(region.installation.prefix + topic, 0, 0)])
        return consumer.consume(count, timeout=60)
    finally:
        consumer.close()


def our_decode(record: Record) -> Mapping[str, Any] | None:
    """The fields of a record as we read them, None for the one that the settled region has planted."""
    try:
        return dict(plain(decode(record.value or b"")[1].model_dump()))
    except Undecodable:
        return None


def plain(value: Any) -> Any:
    """A value with lists for tuples: Avro has arrays only."""
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, tuple | list) else value


def test_confluents_deserialiser_reads_every_kind_of_event_as_we_do(
    settled: SmallRegion, registry: Mapping[str, str]
) -> None:
    with SchemaRegistryClient(dict(registry)) as client:
        deserialiser = AvroDeserializer(client)
        seen = set()
        for topic in TOPICS:
            records = our_records(settled, topic)
            messages = their_messages(settled, topic, len(records))
            pairs = [(our_decode(one), other) for one, other in zip(records, messages, strict=True)]
            whole = [(ours, message) for ours, message in pairs if ours is not None]
            assert whole, topic
            for ours, message in whole:
                value = message.value()
                assert isinstance(value, bytes)
                context = SerializationContext(settled.installation.prefix + topic, MessageField.VALUE)
                assert deserialiser(value, context) == ours
                seen.add(int.from_bytes(value[1:5], "big"))
        for stream, topic in NOT_SETTLED.items():
            example = (avro_folder() / stream / "1" / "example.bin").read_bytes()
            context = SerializationContext(settled.installation.prefix + topic, MessageField.VALUE)
            assert deserialiser(example, context) == plain(decode(example)[1].model_dump())
            seen.add(int.from_bytes(example[1:5], "big"))
    assert seen == set(catalogue())


def test_confluents_client_finds_what_it_asks_for_and_understands_what_is_refused(
    settled: SmallRegion, registry: Mapping[str, str]
) -> None:
    subject = f"{settled.installation.prefix}aa.seizure-value"
    with SchemaRegistryClient(dict(registry)) as client:
        assert subject in client.get_subjects()
        found = client.get_latest_version(subject)
        assert (found.schema_id, found.version) == (101, 1)
        assert client.get_versions(subject) == [1]
        assert client.lookup_schema(subject, found.schema).schema_id == 101
        assert client.get_config().compatibility_level == "FULL_TRANSITIVE"
    with SchemaRegistryClient(dict(registry)) as client:  # a new one: the other answers from its cache
        with pytest.raises(SchemaRegistryError) as refused:
            client.register_schema(subject, found.schema)
        assert (refused.value.http_status_code, refused.value.error_code) == (422, 42205)
        with pytest.raises(SchemaRegistryError) as missing:
            client.get_latest_version("gossip-value")
        assert (missing.value.http_status_code, missing.value.error_code) == (404, 40401)


def test_a_client_that_knows_no_schema_shows_keys_headers_and_raw_values(settled: SmallRegion) -> None:
    records = our_records(settled, "aa.trace")
    assert records
    for record, message in zip(records, their_messages(settled, "aa.trace", len(records)), strict=True):
        assert (message.offset(), message.key()) == (record.offset, record.key)
        assert message.headers() == list(record.headers)
        assert message.value() == record.value
