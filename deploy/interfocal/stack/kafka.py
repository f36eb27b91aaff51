"""One broker of Apache Kafka, in KRaft mode: a process on loopback that is a controller too.

It changes with Kafka's version, or with how a broker is started.
"""

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from interfocal.servers.process import Command, Running, find, listens, spawn, stop, wait_until
from interfocal.stack.broker_place import BrokerPlace
from interfocal.stack.broker_settings import CLIENT
from interfocal.stack.jars import Progress, kafka_jars, read_digests
from interfocal.stack.java import find_java
from schemas.errors import BrokerAway

MAIN_CLASS = "kafka.Kafka"
LOG4J = Path(__file__).with_name("kafka-log4j2.properties")
STARTED = "Kafka Server started"  # the broker's own word, once its cluster counts with it

# Bounded, and quick to start on two cores: one collector thread, the first compiler only, shared class images.
JVM = (
    *("-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"),
    f"-Dlog4j2.configurationFile={LOG4J}",
)


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker, which its cluster has prepared; ``cache`` holds the program."""

    place: BrokerPlace
    cache: Path

    @property
    def name(self) -> str:
        """The name in the state file."""
        return self.place.name

    @property
    def title(self) -> str:
        """The name that a person reads."""
        return self.place.title

    @property
    def address(self) -> str:
        """Where clients find it since it was set up last, ``host:port``."""
        return self.place.node().address(CLIENT)

    def launch(self, progress: Progress) -> Running:
        """Start the broker; returns before it answers. Raises NotOurs for another jar, BrokerAway without any."""
        place = self.place
        place.log.unlink(missing_ok=True)  # one run's log: a diagnosis must not read an earlier run's
        return spawn(Command((*java(self.cache, progress), MAIN_CLASS, str(place.properties)), place.log))

    def wait(self, running: Running) -> None:
        """Return once clients can connect and the cluster counts with it; an earlier client backs off for seconds."""
        port = self.place.node().ports[CLIENT]
        wait_until(lambda: listens(port) and is_started(self.place.log), running, self.place.log, away=BrokerAway)

    def orphan(self) -> Running | None:
        """This folder's broker, if one runs that no launcher wrote down."""
        return find((MAIN_CLASS, str(self.place.properties)))

    def end(self, running: Running) -> bool:
        """Stop the broker cleanly; False if it was gone."""
        return stop(running, polite=signal.SIGTERM)

    def wipe(self) -> None:
        """Delete the broker's data."""
        shutil.rmtree(self.place.folder, ignore_errors=True)


def java(cache: Path, progress: Progress) -> tuple[str, ...]:
    """The beginning of every command that runs a program of Kafka's; raises NotOurs or BrokerAway."""
    classpath = kafka_jars(cache, read_digests(), progress=progress)
    return (str(find_java()), *JVM, "-cp", ":".join(map(str, classpath)))


def is_started(log: Path) -> bool:
    """Whether a broker has said so in its log."""
    return log.exists() and STARTED in log.read_text(encoding="utf-8", errors="replace")
