"""Brings the two servers up and down together. It changes when the stack gains or loses a server."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from interfocal.stack.databases import answers, connect, without_password
from interfocal.stack.jars import Progress, cache_folder
from interfocal.stack.kafka import Kafka
from interfocal.stack.machine import check_disk, check_memory
from interfocal.stack.postgres import Postgres, settle
from interfocal.stack.process import Running
from interfocal.stack.state import Service, StateFile
from schemas.errors import BrokerAway, Misconfigured, StoreAway


class Server(Protocol):
    """What the supervisor asks of a server; ``kafka.Kafka`` and ``postgres.Postgres`` are the two."""

    @property
    def name(self) -> str: ...  # noqa: D102  # the name in the state file
    @property
    def title(self) -> str: ...  # noqa: D102  # the name that a person reads
    @property
    def away(self) -> type[BrokerAway | StoreAway]: ...  # noqa: D102  # what its absence raises
    @property
    def address(self) -> str: ...  # noqa: D102  # where it answered since its last start
    def launch(self, progress: Progress) -> Running: ...  # noqa: D102  # start, without waiting
    def wait(self, running: Running) -> None: ...  # noqa: D102  # until it answers
    def orphan(self) -> Running | None: ...  # noqa: D102  # its process that nobody wrote down
    def end(self, running: Running) -> bool: ...  # noqa: D102  # stop it; False if it was gone
    def wipe(self) -> None: ...  # noqa: D102  # delete its data


@dataclass(frozen=True, slots=True)
class Stack:
    """Addresses of a running stack: Kafka's ``host:port``, and the URL of the maintenance database ``postgres``."""

    bootstrap: str
    postgres_url: str


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One server as ``interfocal status`` shows it; the address holds no password."""

    name: str
    address: str
    running: bool
    pid: int | None


def silent(_message: str) -> None:
    """A progress that nobody watches."""


def up(var: Path, *, postgres_url: str | None = None, progress: Progress = silent) -> Stack:
    """Start what does not run yet, both servers at once, and return when both answer. Safe to call again.

    Everything the stack keeps lies under ``var``, except what root's PostgreSQL cannot reach there. The servers
    outlive the caller; ``down`` ends them. With ``postgres_url`` that server is used, and none is started.

    Raises:
        Misconfigured: disk, memory or a port is missing, or another PostgreSQL is already in use here.
        NotOurs: a program file is not the tested one.
        BrokerAway, StoreAway: a server could not be fetched, did not start, or does not answer.
    """
    var = var.resolve()
    state = StateFile.under(var)
    with state.one_launcher():
        kafka, postgres = _servers(var)
        with ThreadPoolExecutor(2) as threads:
            broker = threads.submit(_start, kafka, state, progress)
            if postgres_url is None:
                store = threads.submit(_start, postgres, state, progress)
            else:
                store = threads.submit(_use, postgres_url, state, progress)
        return Stack(broker.result(), store.result())


def down(var: Path, *, wipe: bool = False) -> tuple[str, ...]:
    """Stop the servers that ``up`` started under ``var``, and only those; returns the names of those stopped.

    With ``wipe`` their data is deleted too.
    """
    var = var.resolve()
    if not var.exists():
        return ()
    state = StateFile.under(var)
    stopped = []
    with state.one_launcher():
        for server in _servers(var):
            service = _known(server, state)
            if service is not None and service.running is not None and server.end(service.running):
                stopped.append(server.name)
            state.write(server.name, None)
            if wipe:
                server.wipe()
    return tuple(stopped)


def status(var: Path) -> tuple[ServiceStatus, ...]:
    """What is written down about each server, and whether it runs."""
    services = StateFile.under(var.resolve()).services()
    return tuple(_status(name, service) for name, service in sorted(services.items()))


def current(var: Path) -> Stack:
    """The addresses of the stack that is up under ``var``.

    Raises:
        BrokerAway, StoreAway: that server is not up.
    """
    var = var.resolve()
    services = StateFile.under(var).services()
    addresses = []
    for server in _servers(var):
        service = services.get(server.name)
        if service is None or not service.up:
            raise server.away(f"{server.title} is not up under {var}: run `interfocal up` first.")
        addresses.append(service.address)
    return Stack(*addresses)


def written(var: Path) -> Stack:
    """The addresses that are written down, whether their servers run or not; empty for those that are not."""
    services = sorted(StateFile.under(var.resolve()).services().items())
    brokers, stores = (
        [service.address for name, service in services if name.startswith(kind)] for kind in (Kafka.name, Postgres.name)
    )
    return Stack(",".join(brokers), ",".join(stores))


def _servers(var: Path) -> tuple[Kafka, Postgres]:
    return Kafka(var / Kafka.name, cache_folder()), settle(var / Postgres.name)


def _known(server: Server, state: StateFile) -> Service | None:
    """The server as written down if it is up, or its process that a dead launcher left unwritten."""
    service = state.services().get(server.name)
    if service is not None and service.up:
        return service
    running = server.orphan()
    return None if running is None else Service(server.address, running)


def _start(server: Server, state: StateFile, progress: Progress) -> str:
    service = _known(server, state)
    if service is None:
        check_disk(state.path.parent)
        check_memory()
        progress(f"Starting {server.title}")
        running = server.launch(progress)
        service = Service(server.address, running)
    state.write(server.name, service)
    if service.running is None:
        return _use(service.address, state, progress)
    server.wait(service.running)
    progress(f"{server.title} answers at {without_password(service.address)}")
    return service.address


def _use(url: str, state: StateFile, progress: Progress) -> str:
    """Take somebody else's PostgreSQL, which is neither started nor stopped here."""
    service = state.services().get(Postgres.name)
    if service is not None and service.up and service.address != url:
        raise Misconfigured(
            f"The stack under {state.path.parent} uses another PostgreSQL: run `interfocal down` first."
        )
    connect(url).close()
    state.write(Postgres.name, Service(url, None))
    progress(f"PostgreSQL answers at {without_password(url)}")
    return url


def _status(name: str, service: Service) -> ServiceStatus:
    running = service.up if service.running is not None else answers(service.address)
    pid = service.running.pid if service.running is not None and running else None
    return ServiceStatus(name, without_password(service.address), running, pid)
