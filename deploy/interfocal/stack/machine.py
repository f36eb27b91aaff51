"""What the machine must have before a server starts: disk, memory, ports. It changes with what the servers need."""

import random
import shutil
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

from schemas.errors import Misconfigured

MIB = 1024 * 1024
DISK_MIB = 500  # Kafka's first log segments and PostgreSQL's first WAL files
MEMORY_MIB = 600  # a broker's 300-400 MiB and PostgreSQL's 100
BROKER_MIB = 400  # of memory, for each further broker

# Below the range from which the system takes ports for outgoing connections: a client that keeps trying a
# server that is down would otherwise be given that very port, connect to itself, and keep it.
PORTS = range(20_000, 32_000)


def check_disk(folder: Path) -> None:
    """Raise Misconfigured unless the folder's disk has room for a start."""
    free = shutil.disk_usage(folder).free // MIB
    if free < DISK_MIB:
        raise Misconfigured(
            f"The disk under {folder} has {free} MiB free, and the stack needs {DISK_MIB}: free some space.",
            code="disk_low",
        )


def check_memory(brokers: int = 1) -> None:
    """Raise Misconfigured unless the machine has memory for PostgreSQL and so many brokers."""
    free = psutil.virtual_memory().available // MIB
    needed = MEMORY_MIB + (brokers - 1) * BROKER_MIB
    if free < needed:
        raise Misconfigured(
            f"The machine has {free} MiB of memory free, and the stack needs {needed}: stop other programs.",
            code="memory_low",
        )


def free_ports(count: int, *, preferred: Iterable[int] = ()) -> list[int]:
    """As many different free ports on 127.0.0.1, the ``preferred`` ones first where they are free."""
    wanted = [*dict.fromkeys(preferred), *random.SystemRandom().sample(PORTS, 200)]
    ports: list[int] = []
    for port in dict.fromkeys(wanted):
        if len(ports) < count and _is_free(port):
            ports.append(port)
    if len(ports) < count:
        raise Misconfigured(
            f"No free port was found between {PORTS.start} and {PORTS.stop} on 127.0.0.1.", code="port_taken"
        )
    return ports


def last_or_free_ports(last: Sequence[int | None]) -> list[int]:
    """For each port of the last run the same where it is free, else (and for None) another free one."""
    kept = {port for port in last if port is not None and _is_free(port)}
    fresh = (port for port in free_ports(len(last) + len(kept)) if port not in kept)
    return [port if port is not None and port in kept else next(fresh) for port in last]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
