"""Starts, recognises and stops a process of the stack. It changes when the operating system's ways change."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from schemas.errors import BrokerAway, Misconfigured, StoreAway

START_TOLERANCE_S = 1.0  # a start time is derived from the boot time, which a clock correction moves a little
POLL_S = 0.05
START_LIMIT_S = 120.0
LOG_TAIL_BYTES = 20_000

# What a dying server writes, and what a person reads of it.
_DIAGNOSES: tuple[tuple[str, str], ...] = (
    ("Address already in use", "its port was taken by another program: run `interfocal up` again"),
    ("could not bind", "its port was taken by another program: run `interfocal up` again"),
    ("No space left on device", "the disk is full: free some space and run `interfocal up` again"),
    ("insufficient memory", "there is not enough memory: stop other programs and run `interfocal up` again"),
    ("Cannot allocate memory", "there is not enough memory: stop other programs and run `interfocal up` again"),
    ("OutOfMemoryError", "its memory bound is too small for what it holds: run `interfocal down` and look at var"),
)


@dataclass(frozen=True, slots=True)
class Running:
    """A process that the stack started: its id, and when it started (seconds since the epoch)."""

    pid: int
    started: float


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: ``arguments``, where its output goes, the (user, group) it runs as, and variables beside ours."""

    arguments: tuple[str, ...]
    log: Path
    as_user: tuple[int, int] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def spawn(command: Command) -> Running:
    """Start a process in a session of its own, so that it outlives its launcher and hears no Ctrl-C."""
    command.log.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    arguments = within(command.arguments, as_user=command.as_user)
    pid = os.posix_spawn(
        arguments[0],
        arguments,
        {**os.environ, **command.environment},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(command.log), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return Running(pid, psutil.Process(pid).create_time())


def run_to_end(arguments: Sequence[str], *, timeout_s: float = 120.0) -> tuple[int, str]:
    """Run one of the stack's own tools; its exit code, and all that it printed."""
    try:
        done = subprocess.run(  # noqa: S603  # programs of the stack by full path, arguments of our own, no shell
            arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=timeout_s
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stdout.decode(errors="replace")


@contextmanager
def making(folder: Path) -> Iterator[Path]:
    """A folder inside ``folder`` to make something in and rename it from; what dead launchers left there goes."""
    for left in folder.glob("making-*"):
        shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(dir=folder, prefix="making-"))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def within(arguments: Sequence[str], *, as_user: tuple[int, int] | None) -> list[str]:
    """The same arguments, run from ``/`` (which everybody can reach) and as another (user, group) if asked."""
    prefix = [_tool("env"), "--chdir=/"]
    if as_user is not None:
        user, group = as_user
        prefix += [_tool("setpriv"), f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    return [*prefix, *arguments]


def alive(running: Running) -> bool:
    """Whether this very process still runs; a later process with the same id is not it."""
    try:
        process = psutil.Process(running.pid)
        same = abs(process.create_time() - running.started) < START_TOLERANCE_S
        if same and process.status() == psutil.STATUS_ZOMBIE:
            _reap(running.pid)
            return False
    except psutil.NoSuchProcess:
        return False
    return same


def find(marks: Sequence[str]) -> Running | None:
    """The process whose arguments hold all ``marks``: one whose launcher died before it could write it down."""
    for process in psutil.process_iter(["pid", "cmdline", "create_time", "status"]):
        facts = process.info
        if set(marks) <= set(facts["cmdline"] or ()) and facts["status"] != psutil.STATUS_ZOMBIE:
            return Running(facts["pid"], facts["create_time"])
    return None


def stop(running: Running, *, polite: signal.Signals, timeout_s: float = 15.0) -> bool:
    """Ask a process to end, and end it if it does not; False if it was gone already."""
    if not alive(running):
        return False
    process = psutil.Process(running.pid)
    for request in (polite, signal.SIGKILL):
        try:
            process.send_signal(request)
            process.wait(timeout_s)
        except psutil.NoSuchProcess:
            return True
        except psutil.TimeoutExpired:
            continue
        return True
    return True


def wait_until(ready: Callable[[], bool], running: Running, log: Path, *, away: type[BrokerAway | StoreAway]) -> None:
    """Return once ``ready``; a dead or silent process raises ``away`` with the cause that its log names."""
    deadline = time.monotonic() + START_LIMIT_S
    while not ready():
        if not alive(running):
            raise away(f"{log.stem} ended while it started: {why_it_died(log)}.")
        if time.monotonic() > deadline:
            raise away(f"{log.stem} did not answer within {START_LIMIT_S:.0f} s; its log is {log}.")
        time.sleep(POLL_S)


def listens(port: int) -> bool:
    """Whether something accepts connections on 127.0.0.1:port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def why_it_died(log: Path) -> str:
    """Half a sentence on why a server ended, from the end of its log."""
    try:
        tail = log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
    except OSError:
        tail = ""
    last = next((line.strip() for line in reversed(tail.splitlines()) if line.strip()), "nothing")
    return diagnosis(tail) or f"its last words are '{last}', and its log is {log}"


def diagnosis(text: str) -> str | None:
    """What a person reads of a dying server's words; None where they name no cause that we know."""
    return next((meaning for sign, meaning in _DIAGNOSES if sign in text), None)


def _reap(pid: int) -> None:
    """Let go of a dead child of ours: PostgreSQL takes its predecessor's process, even a dead one, for a server."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Misconfigured(f"The program `{name}` is missing; on Debian it comes with coreutils or util-linux.")
    return found
