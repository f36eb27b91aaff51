"""What the stack writes down about itself: ``stack.json``. It changes with what is kept of a server."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from interfocal.servers.process import Running, alive

KAFKA, POSTGRES = "kafka", "postgres"
"""Names of servers; that of a broker of several begins like the first."""


@dataclass(frozen=True, slots=True)
class Service:
    """One server: its address, and its process unless it is somebody else's (a server given by URL)."""

    address: str
    running: Running | None

    @property
    def up(self) -> bool:
        """Whether its process runs; a foreign server is taken to be up."""
        return self.running is None or alive(self.running)


@dataclass(frozen=True, slots=True)
class StateFile:
    """``stack.json``: read and replaced as a whole, readable by the caller only (it holds a password)."""

    path: Path
    lock: Lock

    @classmethod
    def under(cls, var: Path) -> "StateFile":
        """The state file of a base folder."""
        return cls(var / "stack.json", Lock())

    def services(self) -> dict[str, Service]:
        """Every server written down, by name; none if there is no file or it is torn."""
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))
            return {name: _read(name, entry) for name, entry in entries.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def write(self, name: str, service: Service | None) -> None:
        """Set or (None) remove one server's entry."""
        with self.lock:
            services = self.services()
            services.pop(name, None)
            if service is not None:
                services[name] = service
            self._replace(services)

    def _replace(self, services: dict[str, Service]) -> None:
        if not services:
            self.path.unlink(missing_ok=True)
            return
        text = json.dumps({name: _written(name, service) for name, service in services.items()}, indent=2)
        draft = self.path.with_suffix(".json.new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(self.path)

    @contextmanager
    def one_launcher(self) -> Iterator[None]:
        """Wait for any other ``up`` or ``down`` of this folder to finish; the lock goes with its process."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _address_name(name: str) -> str:
    return "url" if name == POSTGRES else "bootstrap"


def _read(name: str, entry: dict[str, Any]) -> Service:
    running = Running(int(entry["pid"]), float(entry["started"])) if "pid" in entry else None
    return Service(str(entry[_address_name(name)]), running)


def _written(name: str, service: Service) -> dict[str, Any]:
    entry: dict[str, Any] = {_address_name(name): service.address}
    if service.running is not None:
        entry |= {"pid": service.running.pid, "started": service.running.started}
    return entry
