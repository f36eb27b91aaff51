"""One broker of a cluster by its number: stopped, killed, started again, for whoever tries what the others then do.

It changes with what can happen to a broker.
"""

import signal
from pathlib import Path

from interfocal.servers.process import Running, stop
from interfocal.servers.state import StateFile
from interfocal.stack.cluster import brokers_of, prepare, size_of
from interfocal.stack.jars import cache_folder
from interfocal.stack.kafka import Broker
from interfocal.stack.supervisor import known, silent, start
from schemas.errors import BrokerAway, Misconfigured


def stop_broker(var: Path, number: int) -> None:
    """Stop a broker cleanly, as before an upgrade; raises BrokerAway when it does not run."""
    broker, running = _running(var.resolve(), number)
    broker.end(running)


def kill_broker(var: Path, number: int) -> None:
    """End a broker without warning (kill -9); raises BrokerAway when it does not run."""
    _, running = _running(var.resolve(), number)
    stop(running, polite=signal.SIGKILL)


def start_broker(var: Path, number: int) -> None:
    """Start a broker at the address that it had, and return when its cluster counts with it.

    Raises Misconfigured when its port was taken meanwhile, BrokerAway when it does not start.
    """
    var = var.resolve()
    state = StateFile.under(var)
    with state.one_launcher():
        broker = broker_of(var, number)
        if known(broker, state) is None:
            cluster = brokers_of(var, size_of(var, broker.cache), broker.cache)
            prepare(cluster, [broker], silent)
        start(broker, state, silent)


def broker_of(var: Path, number: int) -> Broker:
    """The broker of this number; raises Misconfigured when the cluster under ``var`` has none."""
    cache = cache_folder()
    cluster = brokers_of(var, size_of(var, cache), cache)
    if not 1 <= number <= len(cluster):
        raise Misconfigured(f"The Kafka under {var} has no broker {number}: its numbers are 1 to {len(cluster)}.")
    return cluster[number - 1]


def _running(var: Path, number: int) -> tuple[Broker, Running]:
    broker = broker_of(var, number)
    service = known(broker, StateFile.under(var))
    if service is None or service.running is None:
        raise BrokerAway(f"{broker.title} is not up under {var}: run `interfocal up` first.")
    return broker, service.running
