"""A whole installation for tests: its own folder, topics and databases on the session's stack, and real processes.

Whatever is waited for has a hard limit; a limit that is reached fails the test with what was waited for.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from interfocal.drain import wait_drained
from interfocal.installation.endpoints import believed, write_endpoints
from interfocal.installation.installation import Installation
from interfocal.installation.preparing import make_database, prepare
from interfocal.installation.processes import Process, start_one, stop_processes, wait_ready
from interfocal.installation.region_folder import open_region
from interfocal.installation.settings import SETTINGS_FILE
from interfocal.ledger.verify import Proof, verify
from interfocal.servers.process import alive
from interfocal.stack import Stack, drop_database
from interfocal.stack.machine import free_ports
from interfocal.transport.signing_in import trusting
from reaching import servers
from source_tree import ROOT

TWO_MEMBERS = Path(__file__).parent / "regions" / "two-members"
LIMIT_S = 60.0
PAUSE_S = 0.05
PRODUCER, DESKS, REGION = "producer", "desks", "region"
ONE_OF_EACH = (PRODUCER, DESKS, REGION)
T = TypeVar("T")


@dataclass(slots=True)
class Exchange:
    """An installation of which one producer process serves every member, beside those for desks and for the region.

    ``urls`` says where each process answers, before and after a restart. A name is that of a kind of process, or has
    more after a hyphen where several of a kind run: ``region-a``.
    """

    installation: Installation
    urls: dict[str, str]
    processes: dict[str, Process] = field(default_factory=dict)

    def start(self, name: str, **environment: str) -> None:
        """Start a process and wait until it is ready."""
        self.start_at_once({name: environment})

    def start_at_once(self, environments: Mapping[str, Mapping[str, str]]) -> None:
        """Start processes without waiting in between, each with variables of its own; return when all are ready."""
        for name, environment in environments.items():
            self.launch(name, **environment)
        wait_ready([self.processes[name] for name in environments])

    def launch(self, name: str, **environment: str) -> None:
        """Start a process and wait for nothing: one that is told to die may do so before it is ready."""
        kind = name.split("-", maxsplit=1)[0]
        arguments = (kind, "--members", ",".join(self.installation.desk_urls)) if kind == PRODUCER else (kind,)
        self.processes[name] = start_one(self.installation.var, name, self.urls[name], arguments, environment)

    def stop(self, name: str) -> int:
        """Ask a process to end; its exit code, negative for a signal."""
        process = self.processes.pop(name)
        os.kill(process.running.pid, signal.SIGTERM)
        return ended(process)

    def restart(self, name: str, **environment: str) -> None:
        """End a process in an orderly way, and start it again."""
        assert self.stop(name) == 0
        self.start(name, **environment)

    def running(self) -> set[str]:
        """The processes that run."""
        return {name for name, process in self.processes.items() if alive(process.running)}

    def drain(self, limit_s: float = LIMIT_S) -> None:
        """Return when nothing is under way any more."""
        left = wait_drained(self.installation, limit_s, lambda _left: None)
        assert left.nothing, left

    def proved(self) -> Proof:
        """Count everything afresh; every promise has to hold."""
        proof = verify(self.installation)
        assert (list(proof.balance.lost), list(proof.balance.doubled)) == ([], [])
        assert not proof.balance.problems, list(proof.balance.problems)
        assert proof.balance.holds
        return proof

    def region(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of the regional database."""
        return rows(self.installation.region_url, query, *parameters)

    def desk(self, member: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of a desk's database."""
        return rows(self.installation.desk_url(member), query, *parameters)


@contextmanager
def started(stack: Stack, var: Path, prefix: str, region: Path = TWO_MEMBERS) -> Iterator[Exchange]:
    """An installation of a region, else of two members, with a process of each kind running."""
    with prepared(stack, var, prefix, ONE_OF_EACH, region) as exchange:
        for name in ONE_OF_EACH:
            exchange.start(name)
        yield exchange


@contextmanager
def prepared(
    stack: Stack, var: Path, prefix: str, names: Sequence[str], region: Path = TWO_MEMBERS
) -> Iterator[Exchange]:
    """An installation and processes that are started later; at the end nothing of it is left."""
    installation = installed(stack, var, prefix, region)
    urls = {name: f"https://127.0.0.1:{port}" for name, port in zip(names, free_ports(len(names)), strict=True)}
    write_endpoints(var, {"producers": dict.fromkeys(installation.desk_urls, urls[PRODUCER])})
    exchange = Exchange(installation, urls)
    try:
        yield exchange
    finally:
        stop_processes(list(exchange.processes.values()))
        for url in (installation.region_url, *installation.desk_urls.values()):
            drop_database(stack.postgres_url, url.rsplit("/", 1)[1])


def set_up(installation: Installation, settings: str) -> None:
    """Add settings, as TOML, for processes that are started from now on."""
    with (installation.var / SETTINGS_FILE).open("a", encoding="utf-8") as file:
        file.write(settings)


def metric(exchange: Exchange, process: str, name: str, **labels: str) -> float:
    """A figure that a process serves now; 0 where it was never set."""
    text = httpx.get(
        f"{exchange.urls[process]}/metrics", timeout=10.0, verify=trusting(believed(exchange.installation.var))
    ).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return next((sample.value for sample in samples if (sample.name, sample.labels) == (name, labels)), 0.0)


def facts(exchange: Exchange, process: str, *events: str, since: str = "") -> list[dict[str, Any]]:
    """What a process has written into its log of these kinds of fact, from a moment on (ISO 8601, UTC)."""
    text = (exchange.installation.var / "logs" / f"{process}.log").read_text(encoding="utf-8")
    found = [fact for line in text.splitlines() if (fact := json.loads(line))["event"] in events]
    return [fact for fact in found if fact["timestamp"] > since]


def installed(stack: Stack, var: Path, prefix: str, region: Path) -> Installation:
    """Keys, topics and databases of a region on the session's stack; ``prefix`` sets it apart."""
    var.mkdir(parents=True, exist_ok=True)
    names = "t_" + prefix.rstrip(".")
    (var / SETTINGS_FILE).write_text(servers(stack, prefix, names), encoding="utf-8")
    return prepare(var, open_region(region), lambda _message: None)


@contextmanager
def beside(installation: Installation, names: str) -> Iterator[Installation]:
    """The same installation on a regional database that was made anew, which is dropped at the end.

    A process sees it with ``INTERFOCAL_POSTGRES__NAMES`` set to ``names``.
    """
    postgres = installation.settings.postgres.model_copy(update={"names": names})
    settings = installation.settings.model_copy(update={"postgres": postgres})
    anew = replace(installation, settings=settings)
    try:
        make_database(anew, anew.region_url, "region")
        yield anew
    finally:
        drop_database(anew.postgres_url, anew.region_url.rsplit("/", 1)[1])


def ended(process: Process) -> int:
    """Wait for the end of a process that this one started: its exit code, negative for the signal that killed it."""
    descriptor = os.pidfd_open(process.running.pid)
    try:
        assert select.select([descriptor], [], [], LIMIT_S)[0], f"{process.name} runs on after {LIMIT_S:.0f} s"
        told = os.waitid(os.P_PIDFD, descriptor, os.WEXITED)
    finally:
        os.close(descriptor)
    assert told is not None
    return told.si_status if told.si_code == os.CLD_EXITED else -told.si_status


def until(look: Callable[[], T | None], what: str, limit_s: float = LIMIT_S) -> T:
    """What ``look`` finds, as soon as it is neither None nor empty."""
    deadline = time.monotonic() + limit_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {limit_s:.0f} s for {what}"
        threading.Event().wait(PAUSE_S)
    return found


def interfocal(*arguments: str, limit_s: float = LIMIT_S) -> subprocess.CompletedProcess[str]:
    """Run a command as a person does, to its end; it never shows a traceback."""
    command = [sys.executable, "-m", "interfocal", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=limit_s)  # noqa: S603  # our own program
    assert "Traceback" not in ended.stdout + ended.stderr
    return ended


def rows(url: str, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), parameters).fetchall()
