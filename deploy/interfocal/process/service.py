"""One running process: its threads, its HTTP port, and an orderly end. It changes with what a process may be made of.

A part that fails for good ends the process with exit code 2, unless it is one member's of several: the others go on,
and health and metrics name it until a person acts.
"""

import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from interfocal.process.logs import log
from schemas.errors import ExchangeError

END_S = 30.0
HTTP_END_S = 8.0
ENDED_EARLY = "ended_early"
UNEXPECTED = "unexpected"


def nobody(_worker: str, _code: str) -> None:
    """Whom a worker's failure is told when nobody asked."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A named thread: ``run`` returns after its ``stop`` event is set, or raises.

    ``concern`` is the member whom alone it serves; empty, it serves the whole process. ``failed`` is told name and
    code when it fails for good.
    """

    name: str
    run: Callable[[threading.Event], None]
    concern: str = ""
    failed: Callable[[str, str], None] = nobody


@dataclass(slots=True)
class Running:
    """What the signal handler and the threads share.

    ``ending`` is a queue because its ``put`` may be interrupted by a signal whose handler puts again; an event that is
    set twice like that waits for itself.
    """

    workers: Sequence[Worker]
    stop: threading.Event = field(default_factory=threading.Event)
    leaving: threading.Event = field(default_factory=threading.Event)
    ending: SimpleQueue[None] = field(default_factory=SimpleQueue)
    failed: list[Worker] = field(default_factory=list)

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """SIGTERM or SIGINT, perhaps in the middle of another."""
        self.ending.put(None)

    def guarded(self, worker: Worker) -> Callable[[], None]:
        """The worker's thread: however it ends before its time is logged, remembered and told."""

        def run() -> None:
            try:
                worker.run(self.stop)
            except ExchangeError as error:
                log().error("worker_stopped", worker=worker.name, code=error.code, reason=str(error))
                self.note(worker, error.code)
            except (Exception, SystemExit):  # noqa: BLE001  # a thread's end must never go unseen
                log().exception("worker_failed", worker=worker.name)
                self.note(worker, UNEXPECTED)
            else:
                if not self.leaving.is_set():
                    log().error("worker_stopped", worker=worker.name, code=ENDED_EARLY)
                    self.note(worker, ENDED_EARLY)

        return run

    def note(self, worker: Worker, code: str) -> None:
        """Remember a failure; the process ends when it was not one member's, or no member is left."""
        self.failed.append(worker)
        worker.failed(worker.name, code)
        left = {one.concern for one in self.workers} - {one.concern for one in self.failed} - {""}
        if not worker.concern or not left:
            self.ending.put(None)


def serve(app: ASGIApp, port: int, workers: Sequence[Worker], *, host: str = "127.0.0.1") -> int:
    """Run until SIGTERM or SIGINT, or until nothing is left to run for; the exit code: 0, or 2 after a failure."""
    running = Running(workers)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, running.on_signal)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    listener = _listen(host, port)
    http = Worker("http", lambda _stop: server.run(sockets=[listener]))
    web, *threads = [threading.Thread(target=running.guarded(w), name=w.name, daemon=True) for w in (http, *workers)]
    for thread in (web, *threads):
        thread.start()
    log().info("started", port=port, workers=[worker.name for worker in workers])
    running.ending.get()
    running.leaving.set()
    server.should_exit = True  # no new records first; then the workers drain what is there
    web.join(HTTP_END_S)
    running.stop.set()
    stuck = _joined(threads, END_S)
    failed = sorted({worker.name for worker in running.failed})
    log().info("stopped", failed=failed, stuck=stuck)
    return 2 if failed or stuck else 0


def _joined(threads: Sequence[threading.Thread], limit_s: float) -> list[str]:
    """Wait for all together, at most so long; the names of those that have not ended."""
    deadline = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    return [thread.name for thread in threads if thread.is_alive()]


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
