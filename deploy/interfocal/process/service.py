"""One running process: its threads, its HTTP port, and an orderly end. It changes with what a process may be made of.

A process is wired, and may be wired anew while it runs: its parts know one directory and are never told of another.
A part that fails for good ends the process with exit code 2, unless it is one member's of several: the others go on,
and health and metrics name it until a person acts.
"""

import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from queue import Empty, SimpleQueue

import uvicorn
from starlette.types import ASGIApp

from interfocal.process.front import Front
from interfocal.process.http import http_server
from interfocal.process.logs import log
from schemas.errors import ExchangeError, Temporary

END_S = 30.0
HTTP_END_S = 8.0
AGAIN_S = 1.0
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


@dataclass(frozen=True, slots=True)
class Wired:
    """What a process serves and runs as it is wired now; ``close`` lets go of what the workers have shared."""

    app: ASGIApp
    workers: Sequence[Worker]
    close: Callable[[], None]


class Ending(Enum):
    """Why the workers that run now have to end."""

    STOP = "stop"
    ANEW = "anew"


Endings = SimpleQueue[Ending]
"""A queue, because its ``put`` may be interrupted by a signal whose handler puts again; an event that is set twice
like that waits for itself."""


@dataclass(slots=True)
class Running:
    """What the main thread and the workers share."""

    workers: Sequence[Worker]
    ending: Endings
    stop: threading.Event = field(default_factory=threading.Event)
    leaving: threading.Event = field(default_factory=threading.Event)
    failed: list[Worker] = field(default_factory=list)

    def start(self) -> list[threading.Thread]:
        """Start a thread for each worker."""
        threads = [threading.Thread(target=self.guarded(w), name=w.name, daemon=True) for w in self.workers]
        for thread in threads:
            thread.start()
        return threads

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
            self.ending.put(Ending.STOP)


def serve(wire: Callable[[Callable[[], None]], Wired], port: int, certificate: Path, *, host: str = "127.0.0.1") -> int:
    """Run until SIGTERM or SIGINT, or until nothing is left to run for; the exit code: 0, or 2 after a failure.

    ``wire`` makes the process, at the start and whenever what it was given is called: that asks for it to be wired
    anew. ``certificate`` holds key and certificate for HTTP. Raises what ``wire`` raises at the start.
    """
    ending: Endings = SimpleQueue()
    wired = wire(lambda: ending.put(Ending.ANEW))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ending.put(Ending.STOP))
    front = Front()
    server = http_server(front, certificate)
    listener = _listen(host, port)
    http = Running([Worker("http", lambda _stop: server.run(sockets=[listener]))], ending)
    web = http.start()
    failed = False
    while True:
        front.hand_to(wired.app)
        log().info("started", port=port, workers=[worker.name for worker in wired.workers])
        anew, failed = _run(wired, ending, lambda why: _shut(why, front, http, server, web))
        wired.close()
        again = _wired_anew(wire, ending) if anew else None
        if again is None:
            break
        wired = again
    if not http.leaving.is_set():
        _shut(Ending.STOP, front, http, server, web)
    return 2 if failed or http.failed else 0


def _run(wired: Wired, ending: Endings, shut: Callable[[Ending], None]) -> tuple[bool, bool]:
    """Run what is wired until it has to end; whether it is to be wired anew, and whether something failed."""
    running = Running(wired.workers, ending)
    threads = running.start()
    why = _next(ending)
    running.leaving.set()
    shut(why)  # no new records first; then the workers drain what is there
    running.stop.set()
    stuck = _joined(threads, END_S)
    failed = sorted({worker.name for worker in running.failed})
    log().info("stopped", failed=failed, stuck=stuck, because=why.value)
    return why is Ending.ANEW and not stuck, bool(failed or stuck)


def _next(ending: Endings) -> Ending:
    """Wait in turns: the kernel may give a signal to another thread, and its handler runs when this one wakes."""
    while True:
        try:
            return ending.get(timeout=AGAIN_S)
        except Empty:
            continue


def _shut(why: Ending, front: Front, http: Running, server: uvicorn.Server, web: Sequence[threading.Thread]) -> None:
    """Take no more requests: they wait while the process is wired anew, and are turned away when it ends."""
    if why is Ending.ANEW:
        front.hold(HTTP_END_S)
        return
    http.leaving.set()
    server.should_exit = True
    _joined(web, HTTP_END_S)


def _wired_anew(wire: Callable[[Callable[[], None]], Wired], ending: Endings) -> Wired | None:
    """The process, wired again as soon as what it needs answers; None when it is asked to end meanwhile."""
    while True:
        try:
            return wire(lambda: ending.put(Ending.ANEW))
        except Temporary as error:
            log().warning("wiring_waits", code=error.code, reason=str(error))
        try:
            if ending.get(timeout=AGAIN_S) is Ending.STOP:
                return None
        except Empty:
            continue


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
