"""How a member's clock looks beside the broker's: off in either direction it is told, once, and a delay is no clock."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from consumers.heads.heartbeats import CLOCK_TOLERANCE_S, clock_skew_s
from interfocal.process.clocks import Clocks
from interfocal.process.logs import configure_logs
from interfocal.process.metrics import Metrics

TOPIC = "aa.heartbeat"
DAYS_S = 3 * 86_400.0
OFFSETS = st.floats(-1e6, 1e6)


@pytest.fixture
def said() -> Iterator[StringIO]:
    stream = StringIO()
    configure_logs("test", stream)
    yield stream
    configure_logs("test")


def facts(said: StringIO) -> list[tuple[str, str, int | None]]:
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    return [(fact["event"], fact["member"], fact.get("ahead_s")) for fact in lines]


def shown(clocks: Clocks) -> float | None:
    return clocks.metrics.registry.get_sample_value("interfocal_clock_skew_seconds", {"member": "AA"})


@pytest.mark.parametrize("off_s", [DAYS_S, -DAYS_S])
def test_a_clock_that_is_off_is_told_once_and_once_more_when_it_is_right(said: StringIO, off_s: float) -> None:
    clocks = Clocks(Metrics(CollectorRegistry()))
    for _ in range(4):
        clocks.heard(TOPIC, off_s - 1.0)
    assert shown(clocks) == off_s - 1.0
    for _ in range(3):
        clocks.heard(TOPIC, -1.0)
    assert shown(clocks) == -1.0
    assert facts(said) == [("clock_skew", "AA", off_s - 1), ("clock_right", "AA", None)]


def test_a_heartbeat_that_waited_for_days_is_no_clock_that_is_off(said: StringIO) -> None:
    clocks = Clocks(Metrics(CollectorRegistry()))
    for offset_s in (-1.0, -DAYS_S, -1.0, -2.0):
        clocks.heard(TOPIC, offset_s)
    clocks.heard("bb.heartbeat", -DAYS_S)
    assert facts(said) == []
    assert shown(clocks) == -1.0


@given(OFFSETS, OFFSETS)
def test_two_heartbeats_show_what_neither_of_them_exceeds(offset_s: float, earlier_s: float) -> None:
    skew_s = clock_skew_s(offset_s, earlier_s)
    assert abs(skew_s) == min(abs(offset_s), abs(earlier_s))
    assert skew_s in (offset_s, earlier_s)


def test_the_tolerance_is_more_than_a_send_takes_and_far_less_than_a_working_day() -> None:
    assert 15.0 < CLOCK_TOLERANCE_S < 3_600.0
