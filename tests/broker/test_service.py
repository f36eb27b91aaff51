"""A process ends in order, and one member's part that fails for good stops no other member's."""

import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from urllib.error import HTTPError

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from interfocal.process.health import Failures, health_router
from interfocal.process.metrics import Metrics
from interfocal.process.service import Running, Worker, free_port, serve
from schemas.errors import TopicAhead

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

    def __init__(self) -> None:
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

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=WAIT_S) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_ends_the_process_in_order(bench: Bench) -> None:
    assert serve(bench.app, bench.port, [bench.lasting("one", first=terminate)]) == 0
    assert bench.done == ["one"]


def test_a_single_concern_that_fails_ends_the_process(bench: Bench) -> None:
    assert serve(bench.app, bench.port, [bench.failing("relay-aa", "AA"), bench.lasting("backlog")]) == 2
    assert bench.done == ["backlog"]


def test_a_part_of_the_whole_process_that_fails_ends_it(bench: Bench) -> None:
    assert serve(bench.app, bench.port, [bench.lasting("relay-aa", "AA"), bench.failing("backlog")]) == 2


def test_one_member_that_fails_leaves_the_others_at_work_and_is_named(bench: Bench) -> None:
    seen: list[tuple[int, str]] = []

    def look() -> None:
        while not bench.failures.check():
            threading.Event().wait(0.01)
        seen.extend([bench.get("/health/ready"), bench.get("/metrics")])
        terminate()

    workers = [bench.failing("relay-aa", "AA"), bench.lasting("relay-bb", "BB", look)]
    assert serve(bench.app, bench.port, workers) == 2
    assert bench.done == ["relay-bb"]
    (status, told), (_, metrics) = seen
    assert (status, "relay-aa (topic_ahead)" in told) == (503, True)
    assert 'interfocal_worker_failed{worker="relay-aa"} 1.0' in metrics


def test_when_every_member_has_failed_the_process_ends(bench: Bench) -> None:
    workers = [bench.failing("relay-aa", "AA"), bench.failing("relay-bb", "BB"), bench.lasting("backlog")]
    assert serve(bench.app, bench.port, workers) == 2


def test_a_worker_that_returns_before_the_end_has_failed(bench: Bench) -> None:
    silent = Worker("silent", lambda _stop: None, "", bench.failures.add)
    assert serve(bench.app, bench.port, [silent, bench.lasting("one")]) == 2


def test_requests_are_ended_before_the_workers_are_told_to(bench: Bench) -> None:
    open_at_stop: list[bool] = []

    def run(stop: threading.Event) -> None:
        terminate()
        assert stop.wait(WAIT_S)
        try:
            open_at_stop.append(bench.get("/health/live")[0] == 200)
        except OSError:
            open_at_stop.append(False)

    assert serve(bench.app, bench.port, [Worker("relay", run, "", bench.failures.add)]) == 0
    assert open_at_stop == [False]


def test_a_signal_in_the_middle_of_another_does_not_hang_the_process() -> None:
    running = Running(())
    with vars(running.stop)["_cond"]:  # where the first signal was interrupted by the second
        second = threading.Thread(target=running.on_signal, args=(signal.SIGTERM, None), daemon=True)
        second.start()
        second.join(WAIT_S)
        assert not second.is_alive()
