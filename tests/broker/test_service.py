"""A process ends in order, and one member's part that fails for good stops no other member's."""

import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.error import HTTPError

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from interfocal.process.health import Failures, health_router
from interfocal.process.metrics import Metrics
from interfocal.process.service import Wired, Worker, free_port, serve
from interfocal.transport.local import LocalTrust
from interfocal.transport.signing_in import trusting
from schemas.errors import BrokerAway, TopicAhead

WAIT_S = 20.0


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The process's own signal handlers, put back afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Bench:
    """A process with a health page, and what its workers did."""

    def __init__(self, folder: Path) -> None:
        self.trust = LocalTrust(folder / "tls")
        self.trust.settle([])
        self.metrics = Metrics(CollectorRegistry())
        self.failures = Failures(self.metrics)
        self.app = FastAPI()
        self.app.include_router(health_router({"workers": self.failures.check}, self.metrics.registry))
        self.port = free_port()
        self.done: list[str] = []

    def failing(self, name: str, concern: str = "") -> Worker:
        def run(_stop: threading.Event) -> None:
            raise TopicAhead("the topic is ahead")

        return Worker(name, run, concern, self.failures.add)

    def lasting(self, name: str, concern: str = "", first: Callable[[], None] = lambda: None) -> Worker:
        def run(stop: threading.Event) -> None:
            first()
            assert stop.wait(WAIT_S)
            self.done.append(name)

        return Worker(name, run, concern, self.failures.add)

    def serve(self, workers: Sequence[Worker]) -> int:
        return serve(lambda _anew: Wired(self.app, workers, lambda: None), self.port, self.trust.server)

    def get(self, path: str) -> tuple[int, str]:
        try:
            address, context = f"https://127.0.0.1:{self.port}{path}", trusting(self.trust.authority)
            with urllib.request.urlopen(address, timeout=WAIT_S, context=context) as answer:  # our own
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_ends_the_process_in_order(bench: Bench) -> None:
    assert bench.serve([bench.lasting("one", first=terminate)]) == 0
    assert bench.done == ["one"]


@pytest.mark.timeout(60)
def test_a_signal_that_another_thread_is_given_ends_the_process_too(bench: Bench) -> None:
    def given() -> None:
        threading.Event().wait(0.5)  # the main thread is at rest
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    assert bench.serve([bench.lasting("one", first=given)]) == 0
    assert bench.done == ["one"]


def test_a_single_concern_that_fails_ends_the_process(bench: Bench) -> None:
    assert bench.serve([bench.failing("relay-aa", "AA"), bench.lasting("backlog")]) == 2
    assert bench.done == ["backlog"]


def test_a_part_of_the_whole_process_that_fails_ends_it(bench: Bench) -> None:
    assert bench.serve([bench.lasting("relay-aa", "AA"), bench.failing("backlog")]) == 2


def test_one_member_that_fails_leaves_the_others_at_work_and_is_named(bench: Bench) -> None:
    seen: list[tuple[int, str]] = []

    def look() -> None:
        while not bench.failures.check():
            threading.Event().wait(0.01)
        seen.extend([bench.get("/health/ready"), bench.get("/metrics")])
        terminate()

    workers = [bench.failing("relay-aa", "AA"), bench.lasting("relay-bb", "BB", look)]
    assert bench.serve(workers) == 2
    assert bench.done == ["relay-bb"]
    (status, told), (_, metrics) = seen
    assert (status, "relay-aa (topic_ahead)" in told) == (503, True)
    assert 'interfocal_worker_failed{worker="relay-aa"} 1.0' in metrics


def test_when_every_member_has_failed_the_process_ends(bench: Bench) -> None:
    workers = [bench.failing("relay-aa", "AA"), bench.failing("relay-bb", "BB"), bench.lasting("backlog")]
    assert bench.serve(workers) == 2


def test_a_worker_that_returns_before_the_end_has_failed(bench: Bench) -> None:
    silent = Worker("silent", lambda _stop: None, "", bench.failures.add)
    assert bench.serve([silent, bench.lasting("one")]) == 2


def test_requests_are_ended_before_the_workers_are_told_to(bench: Bench) -> None:
    open_at_stop: list[bool] = []

    def run(stop: threading.Event) -> None:
        terminate()
        assert stop.wait(WAIT_S)
        try:
            open_at_stop.append(bench.get("/health/live")[0] == 200)
        except OSError:
            open_at_stop.append(False)

    assert bench.serve([Worker("relay", run, "", bench.failures.add)]) == 0
    assert open_at_stop == [False]


def test_a_signal_in_the_middle_of_another_does_not_hang_the_process(bench: Bench) -> None:
    def many() -> None:
        for _ in range(50):
            terminate()

    assert bench.serve([bench.lasting("one", first=many)]) == 0


class Anew:
    """A process that asks once to be wired anew, and ends when it was, once ``first`` is done."""

    def __init__(self, bench: Bench, first: Callable[[], None] = lambda: None) -> None:
        self.bench = bench
        self.first = first
        self.log: list[str] = []
        self.wirings = 0

    def wire(self, anew: Callable[[], None]) -> Wired:
        self.wirings += 1
        name = f"wiring {self.wirings}"
        app = FastAPI()
        app.get("/name")(lambda: name)

        def run(stop: threading.Event) -> None:
            self.log.append(f"{name} runs")
            if self.wirings == 1:
                anew()
            else:
                self.log.append(self.bench.get("/name")[1])
                self.first()
                terminate()
            assert stop.wait(WAIT_S)
            self.log.append(f"{name} stopped")

        return Wired(app, [Worker("one", run)], lambda: self.log.append(f"{name} closed"))


def test_a_process_wired_anew_ends_its_workers_first_and_serves_the_new_ones_at_the_same_port(bench: Bench) -> None:
    anew = Anew(bench)
    assert serve(anew.wire, bench.port, bench.trust.server) == 0
    first = ["wiring 1 runs", "wiring 1 stopped", "wiring 1 closed"]
    assert anew.log == [*first, "wiring 2 runs", '"wiring 2"', "wiring 2 stopped", "wiring 2 closed"]


def test_what_is_away_while_a_process_is_wired_anew_is_waited_for(bench: Bench) -> None:
    anew = Anew(bench)
    away = [BrokerAway("away")] * 2

    def wire(ask: Callable[[], None]) -> Wired:
        if anew.wirings and away:
            raise away.pop()
        return anew.wire(ask)

    assert serve(wire, bench.port, bench.trust.server) == 0
    assert (anew.wirings, away) == (2, [])


def test_a_request_that_comes_while_a_process_is_wired_anew_waits_for_the_new_one(bench: Bench) -> None:
    answers: list[tuple[int, str]] = []
    asked = threading.Event()

    def ask_for_the_name() -> None:
        asked.set()
        answers.append(bench.get("/name"))

    asking = threading.Thread(target=ask_for_the_name)
    anew = Anew(bench, lambda: asking.join(WAIT_S))

    def wire(ask: Callable[[], None]) -> Wired:
        if anew.wirings:
            asking.start()
            assert asked.wait(WAIT_S)
            threading.Event().wait(0.3)  # the request is under way, and nobody serves yet
        return anew.wire(ask)

    assert serve(wire, bench.port, bench.trust.server) == 0
    assert answers == [(200, '"wiring 2"')]
