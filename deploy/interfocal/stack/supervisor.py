"""Brings the servers up and down together. It changes when the stack gains or loses a kind of server."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from interfocal.servers.databases import answers, connect
from interfocal.servers.local import Stack
from interfocal.servers.process import Running
from interfocal.servers.state import Service, StateFile
from interfocal.servers.urls import without_password
from interfocal.stack.cluster import SIZES, brokers_of, prepare, size_of
from interfocal.stack.jars import Progress, cache_folder
from interfocal.stack.kafka import Broker
from interfocal.stack.machine import check_disk, check_memory
from interfocal.stack.postgres import Postgres, settle
from interfocal.transport.local import LocalTrust
from schemas.errors import Misconfigured


class Server(Protocol):
    """What the supervisor asks of a server; ``kafka.Broker`` and ``postgres.Postgres`` are the two kinds."""

    @property
    def name(self) -> str: ...  # noqa: D102  # the name in the state file
    @property
    def title(self) -> str: ...  # noqa: D102  # the name that a person reads
    @property
    def address(self) -> str: ...  # noqa: D102  # where it answered since its last start
    def launch(self, progress: Progress) -> Running: ...  # noqa: D102  # start, without waiting
    def wait(self, running: Running) -> None: ...  # noqa: D102  # until it answers
    def orphan(self) -> Running | None: ...  # noqa: D102  # its process that nobody wrote down
    def end(self, running: Running) -> bool: ...  # noqa: D102  # stop it; False if it was gone
    def wipe(self) -> None: ...  # noqa: D102  # delete its data


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One server as ``interfocal status`` shows it; the address holds no password."""

    name: str
    address: str
    running: bool
    pid: int | None


def silent(_message: str) -> None:
    """A progress that nobody watches."""


def up(var: Path, *, brokers: int | None = None, postgres_url: str | None = None, progress: Progress = silent) -> Stack:
    """Start what does not run yet, all servers at once, and return when all answer. Safe to call again.

    Everything the stack keeps lies under ``var``, except what root's PostgreSQL cannot reach there. The servers
    outlive the caller; ``down`` ends them. ``brokers`` is 1 or 3; without it as many as there were, else one. With
    ``postgres_url`` that server is used, and none is started.

    Raises:
        Misconfigured: disk, memory or a port is missing, another PostgreSQL is already in use here, or the Kafka here
            was made with another number of brokers.
        NotOurs: a program file is not the tested one.
        BrokerAway, StoreAway: a server could not be fetched, did not start, or does not answer.
    """
    var = var.resolve()
    state = StateFile.under(var)
    with state.one_launcher():
        cluster = _cluster(var, brokers)
        with ThreadPoolExecutor(2) as threads:
            kafka = threads.submit(_start_cluster, cluster, state, progress)
            if postgres_url is None:
                store = threads.submit(start, settle(var / Postgres.name), state, progress)
            else:
                store = threads.submit(_use, postgres_url, state, progress)
        return Stack(kafka.result(), store.result(), LocalTrust.under(var))


def down(var: Path, *, wipe: bool = False) -> tuple[str, ...]:
    """Stop the servers that ``up`` started under ``var``, and only those; returns the names of those stopped.

    With ``wipe`` their data is deleted too.
    """
    var = var.resolve()
    if not var.exists():
        return ()
    state = StateFile.under(var)
    every = [broker for size in SIZES for broker in brokers_of(var, size, cache_folder())]
    servers: list[Server] = [*every, settle(var / Postgres.name)]
    with state.one_launcher(), ThreadPoolExecutor(len(servers)) as threads:
        # All at once: a broker that is asked last would wait for a majority of controllers that is gone.
        ended = list(threads.map(lambda server: _end(server, state), servers))
        if wipe:
            for server in servers:
                server.wipe()
    return tuple(server.name for server, was_up in zip(servers, ended, strict=True) if was_up)


def status(var: Path) -> tuple[ServiceStatus, ...]:
    """What is written down about each server, and whether it runs."""
    services = StateFile.under(var.resolve()).services()
    return tuple(_status(name, service) for name, service in sorted(services.items()))


def known(server: Server, state: StateFile) -> Service | None:
    """The server as written down if it is up, or its process that a dead launcher left unwritten."""
    service = state.services().get(server.name)
    if service is not None and service.up:
        return service
    running = server.orphan()
    return None if running is None else Service(server.address, running)


def start(server: Server, state: StateFile, progress: Progress) -> str:
    """Start one server unless it runs, write it down, and return its address when it answers."""
    service = known(server, state)
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


def _cluster(var: Path, brokers: int | None) -> Sequence[Broker]:
    cache = cache_folder()
    return brokers_of(var, size_of(var, cache, brokers), cache)


def _start_cluster(cluster: Sequence[Broker], state: StateFile, progress: Progress) -> str:
    """Start those brokers that do not run; the addresses of all."""
    missing = [broker for broker in cluster if known(broker, state) is None]
    if missing:
        check_memory(len(missing))
        prepare(cluster, missing, progress)
    with ThreadPoolExecutor(len(cluster)) as threads:
        return ",".join(threads.map(lambda broker: start(broker, state, progress), cluster))


def _end(server: Server, state: StateFile) -> bool:
    service = known(server, state)
    was_up = service is not None and service.running is not None and server.end(service.running)
    state.write(server.name, None)
    return was_up


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
