"""The settings of a broker: the text of its ``server.properties``.

It changes with Kafka's version, with what brokers are told, or with how a listener is secured. There is no listener
without TLS: clients sign in with a password, brokers and controllers know each other by certificate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interfocal.transport.local import ADMIN, LocalTrust
from schemas.topics import in_sync_replicas

LOOPBACK = "127.0.0.1"

# Clients, other brokers and controllers each have a listener of their own, so that each can be secured in its own way.
CLIENT, INTERNAL, CONTROLLER = "CLIENT", "INTERNAL", "CONTROLLER"
PROTOCOLS: Mapping[str, str] = {CLIENT: "SASL_SSL", INTERNAL: "SSL", CONTROLLER: "SSL"}
MECHANISM = "SCRAM-SHA-512"
JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required;"

SECURITY: Mapping[str, str] = {
    "sasl.enabled.mechanisms": MECHANISM,
    f"listener.name.{CLIENT.lower()}.{MECHANISM.lower()}.sasl.jaas.config": JAAS,
    f"listener.name.{INTERNAL.lower()}.ssl.client.auth": "required",
    f"listener.name.{CONTROLLER.lower()}.ssl.client.auth": "required",
    "ssl.enabled.protocols": "TLSv1.3",
    "ssl.keystore.type": "PEM",
    "ssl.truststore.type": "PEM",
    "ssl.principal.mapping.rules": r"RULE:^CN=(broker-[0-9]+)$/$1/,DEFAULT",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    # A password that was taken back lets nobody stay for longer.
    "connections.max.reauth.ms": "3600000",
}

# Internal topics are small, and nothing makes topics by itself.
SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "controller.listener.names": CONTROLLER,
    "inter.broker.listener.name": INTERNAL,
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "1",
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
REPLICAS = (
    "default.replication.factor",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "share.coordinator.state.topic.replication.factor",
)
IN_SYNC = ("min.insync.replicas", "transaction.state.log.min.isr", "share.coordinator.state.topic.min.isr")


@dataclass(frozen=True, slots=True)
class Node:
    """One broker of a cluster: its number from 1 on, and its ports by listener."""

    number: int
    ports: Mapping[str, int]

    def address(self, listener: str) -> str:
        """``host:port``."""
        return f"{LOOPBACK}:{self.ports[listener]}"


def properties(node: Node, nodes: Sequence[Node], logs: Path, trust: LocalTrust) -> str:
    """The text of ``server.properties`` of one of a cluster's nodes; ``logs`` is its data folder. It has no secret."""
    secured = {**SECURITY, **credentials(node, nodes, trust)}
    settings = {**places(node, nodes, logs), **secured, **SETTINGS, **copies(len(nodes))}
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def places(node: Node, nodes: Sequence[Node], logs: Path) -> Mapping[str, str]:
    """Who the node is, where it listens and keeps its data, and who votes with it."""
    listeners = ",".join(f"{name}://{node.address(name)}" for name in PROTOCOLS)
    return {
        "node.id": str(node.number),
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in PROTOCOLS.items()),
        "controller.quorum.voters": ",".join(f"{one.number}@{one.address(CONTROLLER)}" for one in nodes),
        "log.dirs": str(logs),
    }


def credentials(node: Node, nodes: Sequence[Node], trust: LocalTrust) -> Mapping[str, str]:
    """By what the node is known, whom it believes, and who may do everything."""
    everything = [*(f"broker-{one.number}" for one in nodes), ADMIN]
    return {
        "ssl.keystore.location": str(trust.broker(node.number)),
        "ssl.truststore.location": str(trust.authority),
        "super.users": ";".join(f"User:{name}" for name in everything),
    }


def copies(brokers: int) -> Mapping[str, str]:
    """How many replicas topics have, Kafka's own too, and how many of them have to have a record."""
    in_sync = str(in_sync_replicas(brokers))
    return {**dict.fromkeys(REPLICAS, str(brokers)), **dict.fromkeys(IN_SYNC, in_sync)}


def ports_in(text: str) -> Mapping[str, int]:
    """The ports by listener that a ``server.properties`` says; none where it says nothing of listeners."""
    line = next((line for line in text.splitlines() if line.startswith("listeners=")), "listeners=")
    places = (place.partition("://") for place in line.partition("=")[2].split(",") if place)
    return {name: int(address.rpartition(":")[2]) for name, _, address in places}
