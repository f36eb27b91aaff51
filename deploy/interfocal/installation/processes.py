"""Starts and stops the processes of an installation on this machine. It changes with how processes are divided.

Who else runs Interfocal (systemd, a cluster) calls ``interfocal run …`` itself and needs nothing of this file.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from interfocal.installation.endpoints import believed, write_endpoints
from interfocal.installation.installation import Installation
from interfocal.servers.process import Command, Running, alive, spawn, stop
from interfocal.stack.machine import free_ports
from interfocal.transport.asking import client_of
from schemas.errors import Misconfigured

MOST_PRODUCERS = 8  # one for each member up to here; larger regions share processes
READY_S = 180.0
END_S = 40.0
POLL_S = 0.05
INSTANCE = "INTERFOCAL_LOOP__INSTANCE"  # of each name one process runs here


@dataclass(frozen=True, slots=True)
class Process:
    """One started process: its name, its address, and how to recognise it."""

    name: str
    url: str
    running: Running
    arguments: tuple[str, ...]
    var: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """Which members share a producer process."""

    producers: tuple[tuple[str, ...], ...]


def divide(codes: Sequence[str], most: int = MOST_PRODUCERS) -> Plan:
    """One producer process a member; where there are more than ``most`` members they share that many evenly."""
    count = min(len(codes), most)
    return Plan(tuple(tuple(codes[start::count]) for start in range(count)))


def start_processes(installation: Installation) -> list[Process]:
    """Start producers, desks and region; returns at once. ``wait_ready`` says when they can be used."""
    codes = [member.code for member in installation.directory.members if not member.observer]
    plan = divide(codes)
    ports = free_ports(len(plan.producers) + 2)
    urls = [f"https://127.0.0.1:{port}" for port in ports]
    producers = {code: url for url, group in zip(urls, plan.producers, strict=False) for code in group}
    write_endpoints(installation.var, {"producers": producers, "desks": urls[-2], "region": urls[-1]})
    started: list[Process] = []
    try:
        for url, group in zip(urls, plan.producers, strict=False):
            arguments = ("producer", "--members", ",".join(group))
            started.append(start_one(installation.var, f"producer-{group[0].lower()}", url, arguments))
        started.append(start_one(installation.var, "desks", urls[-2], ("desks",)))
        started.append(start_one(installation.var, "region", urls[-1], ("region",)))
    except BaseException:  # Ctrl-C too: nobody else knows of them yet
        stop_processes(started)
        raise
    return started


def start_one(
    var: Path, name: str, url: str, arguments: tuple[str, ...], environment: Mapping[str, str] | None = None
) -> Process:
    """Start ``interfocal run <arguments>``, with its log under ``var/logs`` and these variables beside our own."""
    port = url.rsplit(":", 1)[1]
    command = (
        *(sys.executable, "-m", "interfocal"),
        *("run", *arguments, "--port", port, "--var", str(var)),
    )
    own = {INSTANCE: name, **(environment or {})}
    running = spawn(Command(command, var / "logs" / f"{name}.log", environment=own))
    return Process(name, url, running, arguments, var)


def wait_ready(processes: Sequence[Process], heartbeat: Callable[[], None] = lambda: None) -> None:
    """Return when every process is ready; raises Misconfigured naming one that ended or does not get ready."""
    deadline = time.monotonic() + READY_S
    waiting = list(processes)
    with ExitStack() as opened:
        clients = {process.name: opened.enter_context(health_client(process)) for process in processes}
        while waiting:
            heartbeat()
            process = waiting[0]
            if not alive(process.running):  # before it is asked: another one may answer in its place
                raise Misconfigured(f"the process {process.name} ended at its start; its log says why")
            if is_ready(clients[process.name], process):
                waiting.pop(0)
            elif time.monotonic() > deadline:
                raise Misconfigured(f"the process {process.name} did not get ready within {READY_S:.0f} s; see its log")
            else:
                time.sleep(POLL_S)


def health_client(process: Process) -> httpx.Client:
    """What asks a process how it is; raises Misconfigured when nobody's certificates are believed here."""
    return client_of(believed(process.var), 2.0)


def is_ready(http: httpx.Client, process: Process) -> bool:
    """Whether the process says that it is ready."""
    try:
        return http.get(f"{process.url}/health/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def stop_processes(processes: Sequence[Process]) -> None:
    """Ask all to end, and end those that do not."""
    for process in processes:
        ask_to_end(process)
    for process in processes:
        stop(process.running, polite=signal.SIGTERM, timeout_s=END_S)


def ask_to_end(process: Process) -> None:
    """SIGTERM, without waiting; nothing happens if it is gone."""
    if alive(process.running):
        os.kill(process.running.pid, signal.SIGTERM)
