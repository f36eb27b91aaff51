"""Logs are one JSON object a line, and the Kafka client never writes its frames into them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from interfocal.process.logs import configure_logs, log


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a process writes; logging is as before when the test ends."""
    root, handlers, level = logging.getLogger(), list(logging.getLogger().handlers), logging.getLogger().level
    stream = io.StringIO()
    configure_logs("test", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_fact_is_one_json_object_on_one_line(written: io.StringIO) -> None:
    log().warning("quarantined", topic="rs.seizure", reason="a\nb \x1b[31m\u2028c")
    (line,) = written.getvalue().split("\n")[:-1]
    told = json.loads(line)
    assert (told["process"], told["event"], told["level"]) == ("test", "quarantined", "warning")
    assert told["reason"] == "a\nb \x1b[31m\u2028c"
    assert not {"\x1b", "\r"} & set(line)


def test_a_traceback_stays_on_its_line(written: io.StringIO) -> None:
    try:
        int("no")
    except ValueError:
        log().exception("worker_failed", worker="view")
    (told,) = lines(written)
    assert "ValueError: invalid" in told["exception"]


@pytest.mark.parametrize("name", ["kafka", "kafka.conn", "kafka.producer.sender", "uvicorn.error", "alembic.runtime"])
def test_a_library_says_nothing_below_a_warning(written: io.StringIO, name: str) -> None:
    """At DEBUG the Kafka client writes raw frames: payloads, and passwords."""
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger(name).debug("frame with a payload")
    logging.getLogger(name).info("frame with a payload")
    assert written.getvalue() == ""


def test_a_librarys_warning_is_json_too(written: io.StringIO) -> None:
    logging.getLogger("kafka.conn").warning("the broker\nis away")
    (told,) = lines(written)
    assert told["event"] == "the broker\nis away"
