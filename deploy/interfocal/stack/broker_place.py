"""Where one broker of the local cluster keeps what is its own. It changes with what a broker keeps."""

from dataclasses import dataclass
from pathlib import Path

from interfocal.servers.state import KAFKA
from interfocal.stack.broker_settings import PROTOCOLS, Node, ports_in
from interfocal.transport.local import LocalTrust
from schemas.errors import BrokerAway


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """The folder of the broker with this number: ``kafka``, or ``kafka-2`` for the second of several."""

    folder: Path
    number: int

    @property
    def name(self) -> str:
        """The name in the state file."""
        return self.folder.name

    @property
    def title(self) -> str:
        """The name that a person reads."""
        return "Apache Kafka" if self.name == KAFKA else f"Apache Kafka, broker {self.number}"

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
    def trust(self) -> LocalTrust:
        """What it is known by, and whom it believes."""
        return LocalTrust.under(self.folder.parent)

    def last_node(self) -> Node | None:
        """The broker as it was set up last; None before its first start."""
        ports = ports_in(self.properties.read_text(encoding="utf-8")) if self.properties.exists() else {}
        return Node(self.number, ports) if PROTOCOLS.keys() <= ports.keys() else None

    def node(self) -> Node:
        """The broker as it was set up last; raises BrokerAway before its first start."""
        node = self.last_node()
        if node is None:
            raise BrokerAway(f"{self.title} was not set up under {self.folder}: run `interfocal down`, then `up`.")
        return node
