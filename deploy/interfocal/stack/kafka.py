"""One Apache Kafka broker on loopback, in KRaft mode. It changes with Kafka's version or the broker's settings."""

import base64
import secrets
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from interfocal.stack.jars import Progress, kafka_jars, read_digests
from interfocal.stack.java import find_java
from interfocal.stack.machine import free_ports
from interfocal.stack.process import (
    Command,
    Running,
    find,
    listens,
    making,
    run_to_end,
    spawn,
    stop,
    wait_until,
    why_it_died,
)
from schemas.errors import BrokerAway

LOOPBACK = "127.0.0.1"
MAIN_CLASS = "kafka.Kafka"
LOG4J = Path(__file__).with_name("kafka-log4j2.properties")

# Bounded, and quick to start on two cores: one collector thread, the first compiler only, shared class images.
JVM = (
    *("-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"),
    f"-Dlog4j2.configurationFile={LOG4J}",
)

# What defaults to three replicas is set to one, internal topics are small, and nothing makes topics by itself.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "log.retention.hours": "-1",
    "log.cleaner.dedupe.buffer.size": "16777216",
    # A killed broker is let in again only when its old session has ended: 9 s by default.
    "broker.session.timeout.ms": "5000",
    "broker.heartbeat.interval.ms": "1000",
    "num.network.threads": "2",
    "num.io.threads": "4",
}


@dataclass(frozen=True, slots=True)
class Kafka:
    """Where one broker lives: its folder, and the cache that holds the program."""

    folder: Path
    cache: Path

    name: ClassVar[str] = "kafka"
    title: ClassVar[str] = "Apache Kafka"
    away: ClassVar[type[BrokerAway]] = BrokerAway

    @property
    def properties(self) -> Path:
        """The broker's settings file; its path in the arguments marks the process as this stack's."""
        return self.folder / "server.properties"

    @property
    def logs(self) -> Path:
        """The broker's data; there as soon as it is whole."""
        return self.folder / "logs"

    @property
    def log(self) -> Path:
        """What the broker says."""
        return self.folder / "kafka.log"

    @property
    def address(self) -> str:
        """The bootstrap address of the last start, ``host:port``."""
        return f"{LOOPBACK}:{_last_ports(self)[0]}"

    def launch(self, progress: Progress) -> Running:
        """Start the broker, formatting its data folder the first time; returns before it answers.

        Raises:
            Misconfigured: no port is free.
            NotOurs: a jar is not the tested one.
            BrokerAway: the program could not be fetched, or its data folder could not be made.
        """
        classpath = kafka_jars(self.cache, read_digests(), progress=progress)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        port, controller_port = free_ports(2, preferred=_last_ports(self))
        self.properties.write_text(properties(self.logs, port, controller_port), encoding="utf-8")
        java = (str(find_java()), *JVM, "-cp", ":".join(map(str, classpath)))
        self.log.unlink(missing_ok=True)  # one run's log: a diagnosis must not read an earlier run's
        _format_once(self, java)
        return spawn(Command((*java, MAIN_CLASS, str(self.properties)), self.log))

    def wait(self, running: Running) -> None:
        """Return once the broker accepts connections; a client made earlier backs off for seconds."""
        port = _last_ports(self)[0]
        wait_until(lambda: listens(port), running, self.log, away=BrokerAway)

    def orphan(self) -> Running | None:
        """This folder's broker, if one runs that no launcher wrote down."""
        return find((MAIN_CLASS, str(self.properties)))

    def end(self, running: Running) -> bool:
        """Stop the broker cleanly; False if it was gone."""
        return stop(running, polite=signal.SIGTERM)

    def wipe(self) -> None:
        """Delete the broker's data."""
        shutil.rmtree(self.folder, ignore_errors=True)


def properties(logs: Path, port: int, controller_port: int) -> str:
    """The text of ``server.properties``."""
    listeners = f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}"
    places = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "log.dirs": str(logs),
    }
    return "".join(f"{name}={value}\n" for name, value in (places | SETTINGS).items())


def _last_ports(kafka: Kafka) -> list[int]:
    """The ports of the last run (clients, controller), so that clients which wait for the broker find it again."""
    if not kafka.properties.exists():
        return []
    lines = kafka.properties.read_text(encoding="utf-8").splitlines()
    listeners = next((line for line in lines if line.startswith("listeners=")), "")
    return [int(address.rpartition(":")[2]) for address in listeners.split(",") if address]


def _format_once(kafka: Kafka, java: Sequence[str]) -> None:
    """Make the data folder elsewhere and rename it: a launcher that dies meanwhile leaves nothing half made."""
    if kafka.logs.exists():
        return
    with making(kafka.folder) as draft:
        settings = draft / "server.properties"
        settings.write_text(properties(draft / "logs", *_last_ports(kafka)), encoding="utf-8")
        # base64url of 16 bytes; a leading dash would be read as an option
        cluster = "A" + base64.urlsafe_b64encode(secrets.token_bytes(16)).decode()[1:22]
        code, said = run_to_end([*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)])
        if code != 0:
            kafka.log.write_text(said, encoding="utf-8")
            raise BrokerAway(f"Kafka's data folder could not be made: {why_it_died(kafka.log)}.")
        (draft / "logs").rename(kafka.logs)
