"""One running process: its threads, its HTTP port, and an orderly end. It changes with what a process may be made of.

A part that fails for good ends the whole process with exit code 2, so that whoever watches it sees it.
"""

import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from interfocal.logs import log
from schemas.errors import ExchangeError

END_S = 20.0


@dataclass(frozen=True, slots=True)
class Worker:
    """A named thread: ``run`` returns after its ``stop`` event is set, or raises."""

    name: str
    run: Callable[[threading.Event], None]


@dataclass(slots=True)
class Running:
    """What the signal handler and the threads share."""

    stop: threading.Event = field(default_factory=threading.Event)
    failed: list[str] = field(default_factory=list)

    def guarded(self, worker: Worker) -> Callable[[], None]:
        """The worker's thread: an exception is logged, remembered, and ends the process."""

        def run() -> None:
            try:
                worker.run(self.stop)
            except ExchangeError as error:
                log().error("worker_stopped", worker=worker.name, code=error.code, reason=str(error))
                self.failed.append(worker.name)
            except Exception:  # noqa: BLE001  # a thread's end must never go unseen
                log().exception("worker_failed", worker=worker.name)
                self.failed.append(worker.name)
            finally:
                if self.failed:
                    self.stop.set()

        return run


def serve(app: ASGIApp, port: int, workers: Sequence[Worker], *, host: str = "127.0.0.1") -> int:
    """Run until SIGTERM or SIGINT, or until a worker fails; returns the exit code (0, or 2 after a failure)."""
    running = Running()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        running.stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    listener = _listen(host, port)
    web = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True)
    threads = [threading.Thread(target=running.guarded(w), name=w.name, daemon=True) for w in workers]
    for thread in (web, *threads):
        thread.start()
    log().info("started", port=port, workers=[worker.name for worker in workers])
    running.stop.wait()
    server.should_exit = True  # no new records first; then the workers drain what is there
    web.join(END_S)
    for thread in threads:
        thread.join(END_S)
    stuck = [thread.name for thread in threads if thread.is_alive()]
    log().info("stopped", failed=running.failed, stuck=stuck)
    return 2 if running.failed or stuck else 0


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
