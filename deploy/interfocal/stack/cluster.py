"""The brokers of the local cluster, one or three, and what they have to agree on before any of them starts.

It changes with the sizes there are, or with what the brokers of a cluster share.
"""

import base64
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from interfocal.installation.secrets import write_private
from interfocal.servers.process import making, run_to_end, why_it_died
from interfocal.servers.state import KAFKA
from interfocal.stack.broker_place import BrokerPlace
from interfocal.stack.broker_settings import MECHANISM, PROTOCOLS, Node, properties
from interfocal.stack.jars import Progress
from interfocal.stack.kafka import Broker, java
from interfocal.stack.machine import last_or_free_ports
from interfocal.transport.local import ADMIN, LocalTrust
from schemas.errors import BrokerAway, Misconfigured

SIZES = (1, 3)


def brokers_of(var: Path, size: int, cache: Path) -> tuple[Broker, ...]:
    """The brokers of a cluster of this size: ``kafka`` alone, or ``kafka-1``, ``kafka-2``, ``kafka-3``."""
    names = [KAFKA] if size == 1 else [f"{KAFKA}-{number}" for number in range(1, size + 1)]
    return tuple(Broker(BrokerPlace(var / name, number), cache) for number, name in enumerate(names, start=1))


def size_of(var: Path, cache: Path, wanted: int | None = None) -> int:
    """How many brokers the cluster under ``var`` has, or else is to have.

    Raises Misconfigured when there is none of the ``wanted`` size, or one of another size is there.
    """
    if wanted is not None and wanted not in SIZES:
        raise Misconfigured(f"A local cluster has 1 or 3 brokers, and not {wanted}: choose one of the two.")
    made = [size for size in SIZES if any(broker.place.logs.exists() for broker in brokers_of(var, size, cache))]
    if made and wanted not in (None, *made):
        raise Misconfigured(
            f"The number of brokers of the Kafka under {var} is {made[0]}, and {wanted} was asked for: "
            f"run `interfocal up --brokers {made[0]}`, or delete its data by `interfocal down --wipe` first."
        )
    return next(iter(made), wanted or SIZES[0])


def prepare(brokers: Sequence[Broker], missing: Sequence[Broker], progress: Progress) -> None:
    """Make ready to launch those that are ``missing`` of a cluster: the program, ports, settings, data folders.

    Raises:
        Misconfigured: no port is free, or another program has a port that the others of the cluster count on.
        NotOurs: a jar is not the tested one.
        BrokerAway: the program could not be fetched, or a data folder could not be made.
    """
    command = java(brokers[0].cache, progress)
    nodes = _settled(brokers, missing)
    places = [broker.place for broker in missing]
    places[0].trust.settle([node.number for node in nodes])
    for place in places:
        place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.properties.write_text(
            properties(nodes[place.number - 1], nodes, place.logs, place.trust), encoding="utf-8"
        )
    cluster = _cluster_id(brokers)
    bare = [place for place in places if not place.logs.exists()]
    with ThreadPoolExecutor(len(brokers)) as threads:
        list(threads.map(lambda place: _format(place, nodes, cluster, command), bare))


def _settled(brokers: Sequence[Broker], missing: Sequence[Broker]) -> list[Node]:
    """Every node with its ports: those of the last run, so that clients which wait find their broker again.

    Another port is as good where one was taken meanwhile, unless others of the cluster run: they know the last.
    """
    if len(missing) == len(brokers):
        last = [node.ports[name] if (node := b.place.last_node()) else None for b in brokers for name in PROTOCOLS]
        ports = iter(last_or_free_ports(last))
        return [Node(broker.place.number, {name: next(ports) for name in PROTOCOLS}) for broker in brokers]
    for broker in missing:
        own = list(broker.place.node().ports.values())
        if last_or_free_ports(own) != own:
            raise Misconfigured(
                f"A port of {broker.title} was taken by another program, and others of its cluster count on it: "
                "run `interfocal down`, then `interfocal up`.",
                code="port_taken",
            )
    return [broker.place.node() for broker in brokers]


def _cluster_id(brokers: Sequence[Broker]) -> str:
    """What a broker of the cluster says already, or a new one: 16 bytes in base64url."""
    for broker in brokers:
        told = broker.place.logs / "meta.properties"
        if told.exists():
            lines = told.read_text(encoding="utf-8").splitlines()
            return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))
    # A leading dash would be read as an option.
    return "A" + base64.urlsafe_b64encode(secrets.token_bytes(16)).decode()[1:22]


def _format(place: BrokerPlace, nodes: Sequence[Node], cluster: str, command: Sequence[str]) -> None:
    """Make the data folder elsewhere and rename it: a launcher that dies meanwhile leaves nothing half made."""
    with making(place.folder) as draft:
        settings = draft / "server.properties"
        node = nodes[place.number - 1]
        settings.write_text(properties(node, nodes, draft / "logs", place.trust), encoding="utf-8")
        arguments = draft / "arguments"
        write_private(arguments, _format_arguments(cluster, settings, place.trust).encode())
        code, said = run_to_end([*command, f"@{arguments}"])
        if code != 0:
            place.log.write_text(said, encoding="utf-8")
            raise BrokerAway(f"Kafka's data folder could not be made: {why_it_died(place.log)}.")
        (draft / "logs").rename(place.logs)


def _format_arguments(cluster: str, settings: Path, trust: LocalTrust) -> str:
    """In a file, for everybody may read the arguments of a process: with the administrator as the first user."""
    first = f"{MECHANISM}=[name={ADMIN},password={trust.admin_password()}]"
    return f'kafka.tools.StorageTool format -t {cluster} -c "{settings}" --add-scram {first}\n'
