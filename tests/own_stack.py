"""A stack of a test's own, whose servers it may stop, freeze, and give a disk that is soon full."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from interfocal.stack import Stack, down, status, up
from interfocal.stack.postgres import settle

KAFKA, POSTGRES = "kafka", "postgres"
BLOCK = 64 * 1024


@contextmanager
def own_stack(var: Path) -> Iterator[Stack]:
    """One broker and one PostgreSQL under a folder; nothing of them is left at the end."""
    try:
        yield up(var)
    finally:
        down(var, wipe=True)


def data_of_postgres(var: Path) -> Path:
    """Where the server's data lie, which is not under ``var`` where its user cannot pass."""
    return settle(var.resolve() / POSTGRES).place


def process_of(var: Path, name: str) -> psutil.Process | None:
    """The running process of a server."""
    (pid,) = [service.pid for service in status(var) if service.name == name]
    return psutil.Process(pid) if pid is not None else None


def end(var: Path, name: str, how: signal.Signals = signal.SIGKILL) -> None:
    """End a server, and return when it is gone."""
    process = process_of(var, name)
    assert process is not None, f"{name} does not run"
    process.send_signal(how)
    process.wait(60.0)


@contextmanager
def frozen_server(var: Path, name: str) -> Iterator[None]:
    """A server with all its processes stands still, as on a machine that is frozen; it goes on at the end."""
    server = process_of(var, name)
    assert server is not None, f"{name} does not run"
    server.send_signal(signal.SIGSTOP)  # the first of them first: it starts no more
    try:
        signal_all(server, signal.SIGSTOP)
        yield
    finally:
        signal_all(server, signal.SIGCONT)
        server.send_signal(signal.SIGCONT)


def signal_all(server: psutil.Process, number: signal.Signals) -> None:
    """Signal the children of a server."""
    for child in server.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.send_signal(number)


@contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[Path]:
    """A folder with a disk of its own, of so many MiB; it is gone at the end, whoever still uses it."""
    assert os.geteuid() == 0, "a disk of its own is mounted by root only: run this test as root, as in a container"
    folder.mkdir(parents=True, exist_ok=True)
    command("mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        command("umount", "--lazy", str(folder))
        with suppress(OSError):
            folder.rmdir()


def command(*words: str) -> None:
    """Run a program of the system."""
    subprocess.run(words, check=True, capture_output=True, timeout=30)  # noqa: S603  # words of our own, no shell


@contextmanager
def full(folder: Path, leave: int = 0) -> Iterator[None]:
    """The folder's disk with so many bytes left; at the end there is room again."""
    ballast = folder / "ballast"
    size = shutil.disk_usage(folder).free - leave
    try:
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while size > 0:
                size -= file.write(bytes(min(size, BLOCK)))
        yield
    finally:
        ballast.unlink()
