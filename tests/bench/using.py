"""What processes use: processor time and memory. It changes with what is asked of the operating system."""

from collections.abc import Mapping
from pathlib import Path

import psutil
import psycopg

from bench.reading import MEBIBYTE
from interfocal.installation.installation import Installation
from running import Exchange


def processor_s(running: Exchange) -> Mapping[str, float]:
    """Seconds of processors that each process has used since it was started."""
    return {name: used_s(psutil.Process(process.running.pid)) for name, process in running.processes.items()}


def used_s(process: psutil.Process) -> float:
    """Seconds of processors that one process has used, with those of its children that have ended."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def database_s(installation: Installation) -> float:
    """Seconds of processors that PostgreSQL has used, all of its processes."""
    with psycopg.connect(installation.region_url) as connection:
        (folder,) = connection.execute("show data_directory").fetchone() or ("",)
    pid = int((Path(folder) / "postmaster.pid").read_text(encoding="ascii").split()[0])
    server = psutil.Process(pid)
    return used_s(server) + sum(used_s(child) for child in server.children())


def database_mib(installation: Installation) -> int:
    """Size of the regional database."""
    with psycopg.connect(installation.region_url) as connection:
        (size,) = connection.execute("select pg_database_size(current_database())").fetchone() or (0,)
    return round(int(size) / MEBIBYTE)


def resident_mib(running: Exchange) -> Mapping[str, int]:
    """MiB of each process."""
    found = {name: psutil.Process(process.running.pid) for name, process in running.processes.items()}
    return {name: round(process.memory_info().rss / MEBIBYTE) for name, process in found.items()}
