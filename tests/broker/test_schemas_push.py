"""``interfocal schemas push`` as a person runs it, against a registry over real HTTP; its copy decodes real records."""

from collections.abc import Iterator

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from consumers.source import Broker, KafkaTopicReader
from import_registry import ImportRegistry
from interfocal.commands.main import run
from interfocal.installation.access import admin_access_of
from schemas.wire.catalogue import avro_folder, catalogue
from schemas.wire.codec import decode
from schemas.wire.release import read_released
from serving import somebody_elses
from small_region import SmallRegion


@pytest.fixture
def registry() -> ImportRegistry:
    return ImportRegistry(mode="IMPORT")


@pytest.fixture
def address(registry: ImportRegistry) -> Iterator[str]:
    with somebody_elses(registry.app()) as found:
        yield found


def pushed(settled: SmallRegion, address: str) -> int:
    return run(["schemas", "push", address, "--var", str(settled.installation.var)])


def test_what_is_registered_is_told_and_the_second_time_that_all_is_there(
    settled: SmallRegion, address: str, registry: ImportRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pushed(settled, address) == 0
    told = capsys.readouterr()
    assert f"{settled.installation.prefix}aa.seizure-value version 1 is registered as id 101.\n" in told.out
    assert told.out.endswith(f"{registry.writes} registered, 0 were there already.\n")
    drafts = {version.name for version in catalogue().values()} - set(read_released(avro_folder()))
    assert ("Drafts, which may still change" in told.err) == bool(drafts)
    assert [name for name in drafts if name not in told.err] == []
    assert pushed(settled, address) == 0
    assert capsys.readouterr().out == f"0 registered, {registry.writes} were there already.\n"


def test_a_foreign_deserialiser_reads_our_topic_by_the_copy(settled: SmallRegion, address: str) -> None:
    assert pushed(settled, address) == 0
    reader = KafkaTopicReader(Broker(admin_access_of(settled.installation), "test", settled.installation.prefix))
    (record, *_) = reader.read("bb.missing", 0, reader.bounds(["bb.missing"])["bb.missing"].end)
    reader.close()
    assert record.value is not None
    with SchemaRegistryClient({"url": address}) as client:
        context = SerializationContext(f"{settled.installation.prefix}bb.missing", MessageField.VALUE)
        read = AvroDeserializer(client)(record.value, context)
    assert isinstance(read, dict)
    assert read["event_id"] == settled.events["missing"] == decode(record.value)[1].event_id


def test_without_topics_only_the_events_own_names_are_pushed(
    address: str, registry: ImportRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["schemas", "push", address, "--without-topics"]) == 0
    assert set(registry.subjects) == {f"interfocal.{version.schema['name']}" for version in catalogue().values()}
    assert capsys.readouterr().out.endswith(f"{len(catalogue())} registered, 0 were there already.\n")


def test_a_registry_that_is_not_ready_ends_with_one_sentence_and_its_code(
    settled: SmallRegion, address: str, registry: ImportRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.mode = "READWRITE"
    assert pushed(settled, address) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"interfocal: the schema registry at {address} is in READWRITE mode" in told.err
    registry.put("gossip-value", 1, 101, {"type": "record", "name": "Gossip", "fields": []})
    assert pushed(settled, address) == 2
    assert "id 101 (seizure/1) is taken by another schema there" in capsys.readouterr().err
    assert registry.writes == 0


def test_a_registry_that_is_away_ends_with_one(settled: SmallRegion, capsys: pytest.CaptureFixture[str]) -> None:
    with somebody_elses(ImportRegistry().app()) as gone:
        pass
    assert pushed(settled, gone) == 1
    assert f"interfocal: the schema registry at {gone} does not answer" in capsys.readouterr().err
