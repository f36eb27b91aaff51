"""Every error class of the Kafka client has a meaning, and the consumer's settings are ours, not the client's."""

import inspect

import pytest
from kafka import errors

from consumers.kafka_client import Broker
from consumers.kafka_errors import ADVICE, MEANINGS, meaning_of, translate
from schemas.access import Access
from schemas.errors import BrokerAway, Malformed, Misconfigured, PositionLost

BROKER = Broker(Access("127.0.0.1:9092"), "region", "pilot.")


def client_errors() -> dict[str, type[errors.KafkaError]]:
    found = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, errors.KafkaError)]
    return {cls.__name__: cls for cls in found}


def test_every_class_that_is_not_retriable_has_a_meaning_and_no_other() -> None:
    final = {name for name, cls in client_errors().items() if not cls.retriable}
    assert len(final) > 80
    assert set(MEANINGS) == final


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (errors.KafkaTimeoutError(), BrokerAway),
        (errors.KafkaConnectionError(), BrokerAway),
        (ConnectionResetError(), BrokerAway),
        (errors.IllegalGenerationError(), BrokerAway),
        (errors.TopicAuthorizationFailedError(), Misconfigured),
        (errors.SaslAuthenticationFailedError(), Misconfigured),
        (errors.OffsetOutOfRangeError(), PositionLost),
        (errors.CorruptRecordError(), Malformed),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"), Malformed),
    ],
)
def test_an_error_means_what_has_to_be_done(error: Exception, meaning: type[Exception]) -> None:
    assert meaning_of(error) is meaning


def test_a_translated_error_says_what_was_done_and_nothing_of_the_data() -> None:
    error = translate(errors.CorruptRecordError("serial number 1234"), "reading rs.seizure")
    assert "reading rs.seizure" in str(error)
    assert "CorruptRecordError" in str(error)
    assert "1234" not in str(error)


def test_there_is_advice_for_every_meaning() -> None:
    assert set(MEANINGS.values()) <= set(ADVICE)


def test_the_clients_unsafe_defaults_are_overridden() -> None:
    settings = BROKER.group_settings("view", [])
    assert settings["enable_auto_commit"] is False
    assert settings["auto_offset_reset"] == "earliest"
    assert settings["isolation_level"] == "read_committed"
    assert settings["allow_auto_create_topics"] is False
    assert settings["check_crcs"] is True
    assert [cls.__name__ for cls in settings["partition_assignment_strategy"]] == ["RoundRobinPartitionAssignor"]
    assert settings["group_id"] == "pilot.view"
    assert not {"key_deserializer", "value_deserializer"} & settings.keys()


def test_a_prefix_is_the_adapters_business() -> None:
    partition = BROKER.partition("rs.seizure")
    assert partition.topic == "pilot.rs.seizure"
    assert BROKER.logical(partition) == "rs.seizure"
