"""What observers write down: one line a fact, with the ids by which it is found again, and never content."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from interfocal.process.deciding_observers import RouterObserver
from interfocal.process.intake_observer import IntakeObserver
from interfocal.process.metrics import Metrics
from interfocal.process.observers import LoopObserver, begin
from interfocal.process.relay_observer import RelayObserver
from interfocal.process.stages import stages_of_row
from observed import FLOW, delivered, faulty, read, sent, several, taken
from producers.intake.result import Result, ShownProblem
from schemas.errors import BrokerAway
from schemas.record import Draft, Entry
from sealing import SEALED_AT, an_id

NUMBER = "C-41377"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


@pytest.fixture
def lines() -> Iterator[Sequence[Any]]:
    """What is written down."""
    with capture_logs() as captured:
        yield captured


def test_an_accepted_record_is_written_with_its_event_and_its_flow(metrics: Metrics, lines: Sequence[Any]) -> None:
    event_id = an_id("event")
    result = Result(outcome="accepted", national_id=NUMBER, rows=(1,), event_id=event_id, revision=2)
    result = result.model_copy(update={"traceparent": FLOW.text(event_id), "trace_id": an_id("trace")})
    IntakeObserver(metrics).accepted("AA", "trace", result)
    assert lines == [
        {
            "event": "accepted",
            "log_level": "info",
            "member": "AA",
            "stream": "trace",
            "event_id": event_id,
            "revision": 2,
            "trace_id": an_id("trace"),
            "w3c_trace_id": FLOW.trace_id,
        }
    ]


def test_a_rejected_record_is_written_with_its_code_and_none_of_its_content(
    metrics: Metrics, lines: Sequence[Any]
) -> None:
    problem = ShownProblem(code="unknown_code", parameters={"value": NUMBER}, message=f"{NUMBER} is no code")
    result = Result(outcome="rejected", national_id=NUMBER, rows=(1,), rejected_id=7, problems=(problem,))
    IntakeObserver(metrics).rejected("AA", "trace", result)
    (line,) = lines
    assert (line["code"], line["rejected_id"]) == ("unknown_code", 7)
    assert NUMBER not in str(line)


def test_a_published_row_and_a_folded_event_are_written_with_the_flow_of_their_header(
    metrics: Metrics, lines: Sequence[Any]
) -> None:
    RelayObserver(metrics, "aa").published({sent("aa.seizure", context=FLOW): 5})
    LoopObserver(metrics, "region", "REGION").folded("aa.seizure", [read("aa.seizure", context=FLOW)])
    assert [(line["event"], line["topic"]) for line in lines] == [("published", "aa.seizure"), ("folded", "aa.seizure")]
    assert {line["w3c_trace_id"] for line in lines} == {FLOW.trace_id}
    assert lines[0]["event_id"] == lines[1]["event_id"]
    assert lines[0]["offset"] == 5


def test_what_has_no_flow_is_written_under_its_own(metrics: Metrics, lines: Sequence[Any]) -> None:
    event = delivered()
    LoopObserver(metrics, "desk", "AA").folded("region.inbox.aa", [read("region.inbox.aa", event)])
    (line,) = lines
    assert line["w3c_trace_id"] == event.event_id.replace("-", "")
    assert line["trace_id"]


def test_a_decision_is_written_with_what_it_is_about_and_why(metrics: Metrics, lines: Sequence[Any]) -> None:
    decision = taken("routing", "manufacture")
    RouterObserver(metrics).decided(decision)
    (line,) = lines
    assert (line["kind"], line["rule"]) == ("routing", "manufacture")
    assert (line["event_id"], line["subject"]) == (decision.decision.event_id, decision.decision.subject)
    assert line["w3c_trace_id"] == decision.arrival.context.trace_id


def test_heartbeats_are_counted_and_not_written(metrics: Metrics, lines: Sequence[Any]) -> None:
    RelayObserver(metrics, "aa").published({sent("aa.heartbeat"): 1})
    LoopObserver(metrics, "region", "REGION").folded("aa.heartbeat", [read("aa.heartbeat")])
    assert lines == []
    of = {"reader": "region", "member": "AA", "stream": "heartbeat"}
    assert metrics.registry.get_sample_value("interfocal_folded_total", of) == 1


def test_many_seizures_at_once_are_one_line_and_many_acts_are_not(metrics: Metrics, lines: Sequence[Any]) -> None:
    loop = LoopObserver(metrics, "region", "REGION")
    loop.folded("aa.seizure", several("aa.seizure", [0] * 11))
    loop.folded("aa.trace", several("aa.trace", [0] * 11))
    together, *singly = lines
    assert (together["events"], together["first_offset"], together["last_offset"]) == (11, 0, 0)
    assert len(singly) == 11
    assert (
        metrics.registry.get_sample_value(
            "interfocal_stage_seconds_count", {"stage": "published_to_folded", "stream": "seizure"}
        )
        == 11
    )


def test_a_quarantined_record_is_written_with_its_place(metrics: Metrics, lines: Sequence[Any]) -> None:
    LoopObserver(metrics, "region", "REGION").quarantined(faulty("aa.trace", "too_large"))
    (line,) = lines
    assert (line["topic"], line["offset"], line["reason"], line["log_level"]) == ("aa.trace", 0, "too_large", "warning")


def test_what_may_never_happen_is_shown_at_0_from_the_start(metrics: Metrics) -> None:
    begin(LoopObserver(metrics, "region", "REGION"), ["aa.trace"])
    of = {"reader": "region", "member": "AA", "stream": "trace"}
    for name in ("offsets_missing_total", "revision_conflicts_total", "chain_gaps_found_total", "folded_total"):
        assert metrics.registry.get_sample_value(f"interfocal_{name}", of) == 0


def test_a_loop_that_does_not_come_round_grows_old_whoever_scrapes(metrics: Metrics) -> None:
    ages: list[float | None] = []
    with time_machine.travel(SEALED_AT, tick=False) as clock:
        observer = LoopObserver(metrics, "desk", "AA")
        begin(observer, [])

        def after(seconds: float) -> None:
            clock.shift(timedelta(seconds=seconds))
            of = {"reader": "desk", "member": "AA"}
            ages.append(metrics.registry.get_sample_value("interfocal_loop_turn_seconds", of))

        after(0)
        after(70)
        observer.lag("region.inbox.aa", 0)
        after(3)
        observer.away(BrokerAway("away"))
        after(4)
    assert ages == [0, 70, 3, 4]


def test_a_row_that_does_not_say_when_it_was_made_has_no_age() -> None:
    assert list(stages_of_row(Entry(1, Draft("aa.seizure", "e", "k", b""), 1, 1, b"s"), SEALED_AT)) == []
