import inspect
import os
from typing import Any, cast

import kafka.errors
import pytest
from kafka.errors import (
    InvalidProducerEpochError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotEnoughReplicasError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from kafka.producer.future import FutureRecordMetadata

from producers import publisher
from producers.kafka_answers import ANSWERS, Answer, answer_to, translate
from producers.publisher import (
    DELIVERY_TIMEOUT_S,
    KafkaDelivery,
    KafkaPublisher,
    producer_settings,
    require_crc32c,
)
from producers.relay import RelayLimits
from schemas.errors import BrokerAway, ExchangeError, Misconfigured, Stop, TopicStands
from schemas.record import Draft, Entry
from schemas.topics import MAX_DELIVERY_BYTES, MAX_EVENT_BYTES

ROOTS = {KafkaError, kafka.errors.BrokerResponseError}
ENTRY = Entry(1, Draft("rs.seizure", "id", "", b"v"), 1, 1, b"seal")


def error_classes() -> set[type[KafkaError]]:
    return {
        found for found in vars(kafka.errors).values() if inspect.isclass(found) and issubclass(found, KafkaError)
    } - ROOTS


def test_every_error_of_the_library_is_answered() -> None:
    classes = error_classes()
    assert len(classes) > 140
    assert {found.__name__ for found in classes if answer_to(found) is None} == set()


def test_every_answer_is_for_an_error_that_the_library_has() -> None:
    assert set(ANSWERS) <= {found.__name__ for found in error_classes()}


def test_whatever_the_library_calls_retriable_is_tried_again() -> None:
    retriable = {found for found in error_classes() if found.retriable}
    assert len(retriable) > 30
    assert {answer_to(found) for found in retriable} == {Answer.AWAY}


@pytest.mark.parametrize(
    ("error", "expected", "code"),
    [
        (KafkaTimeoutError("nobody"), BrokerAway, "broker_away"),
        (NotEnoughReplicasError(), BrokerAway, "broker_away"),
        (InvalidProducerEpochError(), BrokerAway, "broker_away"),
        (ConnectionRefusedError("no"), BrokerAway, "broker_away"),
        (KafkaError("of a later version"), BrokerAway, "broker_away"),
        (MessageSizeTooLargeError("big"), TopicStands, "record_refused"),
        (TopicAuthorizationFailedError("rs.seizure"), TopicStands, "not_allowed"),
        (UnsupportedVersionError(), Misconfigured, "misconfigured"),
        (OffsetOutOfRangeError(), Stop, "unexpected_answer"),
    ],
)
def test_an_error_says_what_was_done_and_what_to_do(error: Exception, expected: type[ExchangeError], code: str) -> None:
    translated = translate(error, {"topic": "rs.seizure"})
    assert (type(translated), translated.code) == (expected, code)
    assert "topic rs.seizure" in str(translated)
    assert translated.parameters == {"topic": "rs.seizure", "kafka": type(error).__name__}


def test_the_settings_that_the_promises_rest_on_are_said() -> None:
    settings = producer_settings("localhost:1", "rs.producer")
    assert settings["acks"] == "all"
    assert settings["enable_idempotence"] is True
    assert settings["allow_auto_create_topics"] is False
    assert settings["compression_type"] is None
    assert settings["key_serializer"] is settings["value_serializer"] is None
    assert settings["linger_ms"] <= 2
    assert settings["max_request_size"] > MAX_DELIVERY_BYTES > MAX_EVENT_BYTES


def test_the_library_never_gives_a_batch_up_before_the_relay_does() -> None:
    assert RelayLimits().acknowledge_s < DELIVERY_TIMEOUT_S
    assert producer_settings("localhost:1", "x")["delivery_timeout_ms"] == DELIVERY_TIMEOUT_S * 1000


def test_nothing_starts_without_fast_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    require_crc32c()
    with pytest.raises(Misconfigured, match="crc32c"):
        require_crc32c(lambda _: None)

    def refuse() -> None:
        raise Misconfigured("checked")

    monkeypatch.setattr(publisher, "require_crc32c", refuse)
    with pytest.raises(Misconfigured, match="checked"):
        KafkaPublisher("localhost:1")


class ClientStub:
    """Stands for the library's client where no broker is."""

    def __init__(self, **settings: Any) -> None:
        del settings


def test_a_client_that_was_forked_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "KafkaProducer", ClientStub)
    monkeypatch.setattr(publisher, "require_listener", str)
    made_before = KafkaPublisher("localhost:1")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(Stop, match="fork"):
        made_before.send(ENTRY)


def test_an_acknowledgement_without_an_offset_is_no_acknowledgement() -> None:
    class Answered:
        offset = -1

        def get(self, timeout: float) -> "Answered":
            del timeout
            return self

    delivery = KafkaDelivery(cast("FutureRecordMetadata", Answered()), "rs.seizure", "id")
    with pytest.raises(BrokerAway):
        delivery.result(1.0)
